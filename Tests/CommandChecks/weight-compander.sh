# Weights seen through a bent function: the same bytes everywhere, every method, plain weights in files, and what is refused.

compander='training.weight-compander={expand: 2}'

# The unbroken run of one process; made once for each name: whole_companded NAME [OPTION...]
whole_companded() {
    whole=$work/companded-$1
    shift
    [ -d "$whole" ] || { train "$whole" --set "$compander" --set training.learning-rate=0.01 "$@"; expect_code 0; expect_steps "$whole" 8; }
}

companded_metrics() { grep -o '"compander_[^}]*' "$1/metrics.jsonl"; }

# same_companded NAME RANKS [OPTION...]; options of the placement come after --
same_companded() {
    local name=$1 count=$2 options=()
    shift 2
    while [ $# -gt 0 ] && [ "$1" != -- ]; do options+=("$1"); shift; done
    [ $# -eq 0 ] || shift
    whole_companded "$name" "${options[@]}"
    train_ranks "$count" run --set "$compander" --set training.learning-rate=0.01 "${options[@]}" "$@"
    expect_code 0
    same_adapter run "$whole"
    [ "$(losses run)" = "$(losses "$whole")" ] || fail "the losses differ from those of one process"
    [ "$(companded_metrics run)" = "$(companded_metrics "$whole")" ] || fail "the metrics differ from those of one process"
    [ "$(companded_metrics run | wc -l)" -eq 8 ] || fail "not every step has its metrics: $(tail -n 1 run/metrics.jsonl)"
}

# It is another way of training, from the same first loss, and leaves what a plain run leaves: names, shapes, nothing more.
plain_weights() {
    whole_companded plain
    train plain --set training.learning-rate=0.01
    expect_code 0
    [ "$(losses plain | head -n 1)" = "$(losses "$whole" | head -n 1)" ] ||
        awk -F '"loss": |,' '{ print $3 }' <(head -n 1 plain/metrics.jsonl; head -n 1 "$whole/metrics.jsonl") |
        awk '{ x[NR] = $1 } END { d = x[1] / x[2] - 1; exit !(d < 1e-5 && d > -1e-5) }' || fail "the first losses differ"
    ! cmp -s plain/adapter/adapter_model.safetensors "$whole/adapter/adapter_model.safetensors" || fail "nothing was companded"
    local file
    for file in plain "$whole"; do
        tail -c +9 "$file/adapter/adapter_model.safetensors" | head -c "$(od -A n -t u8 -N 8 "$file/adapter/adapter_model.safetensors" | tr -d ' ')"
        echo
    done | uniq | wc -l | grep -qx 1 || fail "the adapters have other tensors"
    cmp -s plain/adapter/adapter_config.json "$whole/adapter/adapter_config.json" || fail "the adapters have other configurations"
    evaluates_as_trained "$whole"
    local part=$whole/checkpoints/step-00000008 format
    run "$catena" verify --checkpoint "$part" --model model
    expect_code 0
    for format in peft lora gguf merged; do
        run "$catena" export --checkpoint "$part" --model model --format "$format" --output "$format"
        expect_code 0
    done
    same_bytes peft/adapter_model.safetensors "$whole/adapter/adapter_model.safetensors"
    tail -c +9 "$part/reparameterisation.safetensors" | head -c 4000 | grep -q 'lora_A.weight.raw' || fail "no raw numbers in the checkpoint"
}

resumed_companded() {
    local name=$1
    shift
    whole_companded "$name" "$@"
    CATENA_CRASH_AT=step-end:5 train_ranks 2 run --set "$compander" --set training.learning-rate=0.01 "$@"
    expect_code 137
    train_ranks 3 run --set "$compander" --set training.learning-rate=0.01 "$@" --resume auto
    expect_code 0
    same_adapter run "$whole"
    expect_steps run 8
}

# Every method, all of its tensors: the first loss is the plain one's, and two ranks do what one does.
method_companded() {
    local keys=("method: $1") options key=training.weight-compander
    run "$catena" methods "$1"
    ! grep -q '^  rank:' "$log.out" || keys+=("rank: 4")
    options=(--set "adapter={$(printf '%s, ' "${keys[@]}" | sed 's/, $//')}" --set training.steps=3 --set training.global-batch=4
        --set 'training.schedule={name: constant}' --set training.validation-every=3 --set "data.cache=$work/prepared")
    if [ "$1" = bitfit ]; then
        sed 's/"model_type": "llama"/"model_type": "qwen2"/; s/LlamaFor/Qwen2For/' model/config.json >config.json
        run "$catena" new-model --shape config.json --tokenizer model/tokenizer.json --output biased
        expect_code 0
        options+=(--set model=biased)
    fi
    train plain "${options[@]}" --set training.steps=1 --set training.validation-every=1
    expect_code 0
    train one "${options[@]}" --set "$key={parameters: all}"
    expect_code 0
    train_ranks 2 two "${options[@]}" --set "$key={parameters: all}" --set distributed.placement=node
    expect_code 0
    [ "$(losses one)" = "$(losses two)" ] || fail "the losses of 2 ranks differ"
    grep -ho '"loss": [^,]*' <(head -n 1 plain/metrics.jsonl) <(head -n 1 one/metrics.jsonl) | awk '{ x[NR] = $2 }
        END { d = x[1] / x[2] - 1; exit !(NR == 2 && d < 1e-5 && d > -1e-5) }' || fail "other first losses: $(losses plain) $(losses one)"
}

# A classifier: its head alone, or with the adapter.
head_companded() {
    local index part
    for index in $(seq 1 24); do
        printf '{"text": "the sun and the moon %s", "label": "sky"}\n{"text": "add %s to %s now", "label": "sum"}\n' "$index" "$index" "$index"
    done >labelled.jsonl
    local options=(--set task=classification --set data.train=labelled.jsonl --set data.validation=labelled.jsonl
        --set training.learning-rate=0.01)
    for part in head all; do
        train "$part" "${options[@]}" --set "training.weight-compander={parameters: $part}"
        expect_code 0
        grep -q compander_cap_head "$part/metrics.jsonl" || fail "the head is not companded: $(tail -n 1 "$part/metrics.jsonl")"
    done
    ! grep -q compander_cap_lora_A head/metrics.jsonl || fail "more than the head is companded"
    grep -q compander_cap_lora_A all/metrics.jsonl || fail "the adapter is not companded"
    CATENA_CRASH_AT=step-end:5 train_ranks 2 run "${options[@]}" --set 'training.weight-compander={parameters: all}'
    expect_code 137
    train_ranks 2 run "${options[@]}" --set 'training.weight-compander={parameters: all}' --resume auto
    expect_code 0
    same_adapter run all
}

compander_refusals() {
    local key=training.weight-compander
    refuses 2 "$key.function" "arctan, tanh, softsign" "did you mean arctan?" -- "$catena" train --config run.yaml --set "$key={function: arctn}"
    refuses 2 "$key.range" "at least 1.5" -- "$catena" train --config run.yaml --set "$key={range: 1}"
    refuses 2 "$key.expand" "at most 8" -- "$catena" train --config run.yaml --set "$key={expand: 9}"
    refuses 2 "$key.floor" "at least 0.0001" -- "$catena" train --config run.yaml --set "$key={floor: 0}"
    refuses 2 "$key.learned" "true or false" -- "$catena" train --config run.yaml --set "$key={learned: maybe}"
    refuses 2 "$key.parameters" "adapter, head, all" -- "$catena" train --config run.yaml --set "$key={parameters: base}"
    refuses 2 "$key.spread" "function, range, expand" -- "$catena" train --config run.yaml --set "$key={spread: 2}"
    refuses 2 "$key" "a section" -- "$catena" train --config run.yaml --set "$key=arctan"
    refuses 2 "$key.parameters" "head" "adapter or all" -- "$catena" train --config run.yaml --set "$key={parameters: head}"
    refuses 2 "$key.parameters" "there is no adapter" "set it to all, or to head" -- \
        "$catena" train --config run.yaml --set 'adapter={method: full}' --set "$key={}"
}

other_compander() {
    local key=training.weight-compander setting
    train run --set "$compander" --set training.steps=4
    expect_code 0
    for setting in "$key={expand: 3}" "$key={expand: 2, function: tanh}" "$key={expand: 2, learned: false}" "$key="; do
        run "$catena" train --config run.yaml --set output=run --set "$setting" --resume auto
        expect_code 2
        expect_text "$key"
    done
    train plain --set training.steps=4
    expect_code 0
    run "$catena" train --config run.yaml --set output=plain --set "$compander" --resume auto
    expect_code 2
    expect_text "$key.function"
}

for count in 2 3; do
    check "weight compander: same bits with $count ranks" same_companded plain "$count"
done
check "weight compander: same bits with 3 ranks, spread" same_companded plain 3 -- --set distributed.placement=sharded
check "weight compander: same bits with 2 ranks, fixed a and b, SGD" \
    same_companded sgd 2 --set 'training.weight-compander={learned: false, function: softsign}' --set 'training.optimizer={name: sgd, momentum: 0.9}'
check "weight compander: same bits with 2 ranks, a chain" same_companded chain 2 --set 'chain={links: 2}'
check "weight compander: files hold plain weights" plain_weights
check "weight compander: killed and resumed on other ranks" resumed_companded plain
check "weight compander: a chain killed and resumed on other ranks" resumed_companded chain --set 'chain={links: 2}'
check "weight compander: a method that prunes, killed and resumed on other ranks" resumed_companded adalora \
    --set 'adapter={method: adalora, rank: 4, tinit: 1, tfinal: 2, delta-t: 1}'
for method in $("$catena" methods --json | sed -n 's/^    "name": "\(.*\)",$/\1/p'); do
    check "weight compander: $method" method_companded "$method"
done
check "weight compander: a classifier's head" head_companded
check "weight compander: mistakes in a configuration" compander_refusals
check "weight compander: a checkpoint of another setting is refused" other_compander
