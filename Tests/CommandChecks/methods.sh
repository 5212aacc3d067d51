# Every method of `catena methods` trains, resumes, leaves in each form that it says, and is used again.
# Environment: CATENA_METHODS="lora dora" checks only these.

names=$("$catena" methods --json | sed -n 's/^    "name": "\(.*\)",$/\1/p')

# A model of the tiny one's sizes whose q, k and v have biases, for methods that train nothing else; made once.
biased_model() {
    [ ! -d "$work/biased" ] || return 0
    sed 's/"model_type": "llama"/"model_type": "qwen2"/; s/LlamaFor/Qwen2For/; s/"num_hidden_layers": 4/"num_hidden_layers": 2/' \
        model/config.json >config.json
    run "$catena" new-model --shape config.json --tokenizer model/tokenizer.json --output "$work/biased"
    expect_code 0
}

# The options of a short run of a method, in $options, and its model in $base: method_options METHOD
method_options() {
    local keys=("method: $1")
    run "$catena" methods "$1"
    expect_code 0
    ! grep -q '^  rank:' "$log.out" || keys+=("rank: 4")
    ! grep -q '^  dropout:' "$log.out" || keys+=("dropout: 0.1")
    options=(--set "adapter={$(printf '%s, ' "${keys[@]}" | sed 's/, $//')}" --set training.steps=6
        --set training.learning-rate=0.01 --set training.validation-every=6 --set "data.cache=$work/prepared")
    base=model
    case $1 in
    bitfit)
        biased_model
        base=$work/biased
        options+=(--set "model=$base")
        ;;
    esac
    # A run that trains the whole model leaves it in the place of an adapter.
    result=adapter/adapter_model.safetensors
    [ "$1" != full ] || result=model/model.safetensors
}

# The unbroken run of a method on one process; made once.
whole_method() {
    method_options "$1"
    whole_method=$work/method-$1
    [ ! -d "$whole_method" ] || return 0
    train "$whole_method" "${options[@]}"
    expect_code 0
    expect_steps "$whole_method" 6
    cp "$log" "$whole_method/said"
}

same_result() {
    same_bytes "run/$result" "$whole_method/$result"
    expect_steps run 6
    [ "$(losses run)" = "$(losses "$whole_method")" ] || fail "the losses differ from those of one process"
}

# method_placed METHOD RANKS PLACEMENT
method_placed() {
    whole_method "$1"
    if [ "$1" = full ] && [ "$3" = sharded ]; then
        refuses 2 distributed.placement "$3" -- \
            "$catena" train --config run.yaml "${options[@]}" --set "distributed.placement=$3"
        train_ranks "$2" run "${options[@]}"
    else
        train_ranks "$2" run "${options[@]}" --set "distributed.placement=$3"
    fi
    expect_code 0
    same_result
}

# Killed two steps after a checkpoint that others have followed or not; resumed by another number of ranks.
method_killed() {
    whole_method "$1"
    CATENA_CRASH_AT=step-end:5@1 train_ranks 2 run "${options[@]}"
    expect_code 137
    [ ! -e "run/$result" ] || fail "the run was not killed"
    train_ranks 1 run "${options[@]}" --resume auto
    expect_code 0
    grep -qE 'RESUMED step [24] from' "$log" || fail "not resumed: $(cat "$log")"
    same_result
}

# The number of trained parameters that the run says is the one counted from the shape.
method_counted() {
    whole_method "$1"
    local section=${options[1]#adapter=} said counted
    said=$(sed -n 's/^\([0-9]*\) trainable parameters;.*/\1/p' "$whole_method/said")
    local sets=()
    for key in rank dropout; do
        [[ "$section" != *"$key: "* ]] || sets+=(--set "adapter.$key=$(sed "s/.*$key: \([0-9.]*\).*/\1/" <<<"$section")")
    done
    run "$catena" inspect "$base/config.json" --count --method "$1" "${sets[@]}" --json
    expect_code 0
    counted=$(sed -n 's/^  "trained_parameters": \([0-9]*\),*$/\1/p' "$log.out")
    [ -n "$said" ] && [ "$said" = "$counted" ] || fail "the run trains $said parameters, inspect counts $counted"
}

# The validation loss that a model or adapter gives: loss_of OPTION...
loss_of() {
    run "$catena" evaluate "$@" --data data/validation.jsonl --template chatml --json
    expect_code 0
    sed -nE 's/.*"loss" ?: ?([^,}]+).*/\1/p' "$log.out"
}

expect_close() {
    awk -v a="$1" -v b="$2" 'BEGIN { d = a - b; if (d < 0) d = -d; exit !(a > 0 && d < 2e-5 * a) }' ||
        fail "$3 has the validation loss $2, the run had $1"
}

# All forms that the method says it has, each with the run's validation loss; the others are refused.
method_leaves() {
    whole_method "$1"
    local during form forms
    during=$(tail -n 1 "$whole_method/metrics.jsonl" | sed -E 's/.*"validation_loss": ([^,}]+).*/\1/')
    if [ "$1" = full ]; then
        expect_close "$during" "$(loss_of --model "$whole_method/model")" "the model"
        return
    fi
    local adapter=$whole_method/adapter
    expect_close "$during" "$(loss_of --model "$base" --adapter "$adapter")" "the adapter"
    run "$catena" verify --adapter "$adapter" --model "$base"
    expect_code 0
    run "$catena" generate --model "$base" --adapter "$adapter" --prompt "Add 1 and 2." --max-tokens 4
    expect_code 0
    forms=" $("$catena" methods "$1" --json | tr -d '\n' | sed -E 's/.*"exports": \[([^]]*)\].*/\1/; s/[", ]+/ /g') "
    for form in peft lora gguf merged; do
        if [ "$form" != peft ] && [[ "$forms" != *" $form "* ]]; then
            refuses 1 "cannot be written as $form" -- \
                "$catena" export --adapter "$adapter" --model "$base" --format "$form" --output "$form"
            continue
        fi
        run "$catena" export --adapter "$adapter" --model "$base" --format "$form" --output "$form"
        expect_code 0
        case $form in
        peft | lora) expect_close "$during" "$(loss_of --model "$base" --adapter "$form")" "$form" ;;
        merged) expect_close "$during" "$(loss_of --model merged)" merged ;;
        gguf)
            run "$catena" inspect gguf/adapter.gguf
            expect_code 0
            grep -q 'adapter.lora.alpha' "$log.out" || fail "no alpha in: $(cat "$log.out")"
            ;;
        esac
    done
    # The method's own form is the same bytes as the run's.
    same_bytes peft/adapter_model.safetensors "$adapter/adapter_model.safetensors"
}

# A method's page says how to configure it, and an option that it does not have is refused with those that it has.
method_described() {
    method_options "$1"
    run "$catena" methods "$1"
    expect_code 0
    sed -n '/^adapter:$/,$p' "$log.out" >section.yaml
    { grep -v '^adapter:' run.yaml; cat section.yaml; } >described.yaml
    run "$catena" train --config described.yaml --set output=described --set training.no-such=1
    expect_code 2
    expect_text training.no-such
    local known
    known=$(sed -n 's/^  \([a-z0-9-]*\):.*/\1/p' section.yaml | tail -n 1)
    refuses 2 "adapter.no-such-option" "$known" -- "$catena" train --config run.yaml --set "adapter={method: $1, no-such-option: 1}"
    [ -f "$root/docs/methods/$(page_of "$1").md" ] || fail "there is no docs/methods/$(page_of "$1").md"
    grep -qF "($(page_of "$1").md)" "$root/docs/methods/README.md" || fail "docs/methods/README.md does not name it"
}

# The page of a method: page_of METHOD
page_of() {
    case $1 in
    compacter++) echo compacter ;;
    *) echo "$1" ;;
    esac
}

method_list() {
    run "$catena" methods
    expect_code 0
    local name
    for name in $names; do
        grep -qE "^  $(sed 's/+/\\+/g' <<<"$name") " "$log.out" || fail "$name is not in the list"
    done
    awk 'length > 190 { print; bad = 1 } END { exit bad }' "$log.out" || fail "lines that are too long"
    refuses 2 "lorra" "lora" -- "$catena" methods lorra
}

# published COUNT SHAPE METHOD OPTION...: a number that a paper gives, from the shape of its model.
published() {
    local count=$1 shape=$2 method=$3
    shift 3
    grep -qx "$method" <<<"$names" || skip "there is no method $method"
    run "$catena" inspect "$root/Tests/Fixtures/shapes/$shape.json" --count --method "$method" "$@" --json
    expect_code 0
    grep -q "^  \"trained_parameters\": $count,*$" "$log.out" || fail "$(grep '^  "trained_parameters"' "$log.out")"
}

check "methods: the list has every method" method_list
commonsense=(--set 'adapter.targets=[q_proj, k_proj, v_proj, up_proj, down_proj]')
check "count: 4,194,304 of LoRA" published 4194304 llama-2-7b lora --rank 8 --set 'adapter.targets=[q_proj, v_proj]'
check "count: 28,311,552 of LoRA" published 28311552 llama-3-8b lora --rank 16 "${commonsense[@]}"
check "count: 28,352,512 of MoSLoRA" published 28352512 llama-3-8b moslora --rank 16 "${commonsense[@]}"
check "count: 14,196,736 of LinChain" published 14196736 llama-3-8b linchain --rank 8 --set adapter.mixers=4 "${commonsense[@]}"
check "count: 524,544 of TL6" published 524544 llama-2-7b tied-lora --rank 8 --set adapter.preset=tl6 \
    --set 'adapter.targets=[q_proj, k_proj, v_proj]'
check "count: 87,031,808 of Bone" published 87031808 llama-2-7b bone --rank 64
check "count: 319,844,352 of SORSA" published 319844352 llama-2-7b sorsa --rank 128
for name in ${CATENA_METHODS:-$names}; do
    check "$name: same bits with 2 ranks that share each block" method_placed "$name" 2 sharded
    check "$name: same bits with 4 ranks and one copy of the weights" method_placed "$name" 4 node
    check "$name: killed on 2 ranks, resumed on 1" method_killed "$name"
    check "$name: leaves in every form that it has" method_leaves "$name"
    check "$name: trains what inspect counts" method_counted "$name"
    check "$name: is described, and unknown options are refused" method_described "$name"
    rm -rf "$work/method-$name"
done
