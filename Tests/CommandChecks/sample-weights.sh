# Samples that count by their losses: the same bytes everywhere, for every task, what is logged, and what is refused.

weighted='training.sample-weighting={strategy: linupper, temperature: 0.4, warmup-steps: 1, decay-steps: 2}'

# The unbroken run of one process; made once for each name: weighted_run NAME [OPTION...]
weighted_run() {
    whole=$work/weighted-$1
    shift
    if [ ! -d "$whole" ]; then
        train "$whole" --set "$weighted" --set training.steps=5 "$@"
        expect_code 0
        expect_steps "$whole" 5
    fi
}

# What the metrics say of samples, without times.
sample_metrics() { sed -nE 's/.*("step": [0-9]+), ("loss": [^,]+),.*("weighted_loss".*)\}/\1 \2 \3/p' "$1/metrics.jsonl"; }

# same_weighted NAME RANKS [OPTION-OF-BOTH...] [-- OPTION-OF-THE-RANKS...]
same_weighted() {
    local name=$1 count=$2 both=()
    shift 2
    while [ $# -gt 0 ] && [ "$1" != -- ]; do both+=("$1"); shift; done
    [ $# -eq 0 ] || shift
    weighted_run "$name" "${both[@]}"
    train_ranks "$count" run --set "$weighted" --set training.steps=5 "${both[@]}" "$@"
    expect_code 0
    same_bytes "run/${result:-adapter/adapter_model.safetensors}" "$whole/${result:-adapter/adapter_model.safetensors}"
    [ "$(sample_metrics run)" = "$(sample_metrics "$whole")" ] || fail "the metrics differ: $(diff <(sample_metrics run) <(sample_metrics "$whole") | head -n 4)"
    [ "$(sample_metrics run | wc -l)" -eq 5 ] || fail "not every step says what its samples were: $(tail -n 1 run/metrics.jsonl)"
}

whole_model() { result=model/model.safetensors same_weighted full 2 --set 'adapter={method: full}'; }

pairs_and_classes() {
    local a b
    for a in 1 2 3 4 5; do
        for b in 2 4 7; do
            printf '{"prompt": "What is %d + %d?", "chosen": "%d", "rejected": "I think that it is %d."}\n' "$a" "$b" $((a + b)) $((a + b + 1))
        done
    done >pairs.jsonl
    same_weighted pairs 3 --set task=preference --set data.train=pairs.jsonl --set data.validation=pairs.jsonl \
        --set data.packing=false --set "data.cache=$work/prepared" -- --set distributed.placement=sharded
    rm -r run
    for a in 1 2 3 4 5 6 7 8; do
        printf '{"text": "It is number %d.", "label": "%s"}\n' "$a" "$([ $((a % 2)) -eq 0 ] && echo even || echo odd)"
    done >classes.jsonl
    same_weighted classes 2 --set task=classification --set data.train=classes.jsonl --set data.validation=classes.jsonl \
        --set data.packing=false --set "data.cache=$work/prepared" -- --set distributed.accumulation=layer-major
}

resumed_weighted() {
    weighted_run plain
    CATENA_CRASH_AT=step-end:3 train_ranks 2 run --set "$weighted" --set training.steps=5
    expect_code 137
    train_ranks 3 run --resume auto --set "$weighted" --set training.steps=5 --set distributed.placement=sharded
    expect_code 0
    same_adapter run "$whole"
    expect_steps run 5
}

# No section, `none`, and a single sample a step are the plain loss to the bit.
as_without() {
    local one=(--set training.steps=3 --set training.global-batch=1 --set training.micro-batch=1 --set data.packing=false)
    train plain "${one[@]}"
    expect_code 0
    train none "${one[@]}" --set 'training.sample-weighting={strategy: none}'
    expect_code 0
    same_adapter plain none
    ! grep -q weighted_loss none/metrics.jsonl || fail "none logs weights"
    train single "${one[@]}" --set 'training.sample-weighting={strategy: extremes, temperature: 0.1}'
    expect_code 0
    same_adapter plain single
    expect_text "training.sample-weighting compares the losses of one sample"
}

# Warm-up: as many samples count as there are. Then fewer. And a strategy moves the adapter.
weights_that_count() {
    weighted_run plain
    awk -F '"effective_sample_size": |, "loss_minimum"|"plateau_share": |\\}' '{ print $2 }' "$whole/metrics.jsonl" >sizes
    awk 'NR == 1 { first = $1 } END { exit !(first > 10 && $1 < 0.8 * first) }' sizes || fail "the effective sizes are $(tr '\n' ' ' <sizes)"
    train plain --set training.steps=5
    ! cmp -s plain/adapter/adapter_model.safetensors "$whole/adapter/adapter_model.safetensors" || fail "the weights change nothing"
    train reported --set "$weighted" --set training.steps=5 --set log.report=true --set log.tensorboard=true
    expect_code 0
    for text in 'Losses of samples' 'Effective sample size' 'Samples on the plateau'; do
        grep -qF "$text" reported/report.html || fail "the report has no $text"
    done
    grep -qa 'train/effective_sample_size' reported/events.out.tfevents.* || fail "TensorBoard has no effective_sample_size"
}

refused_weights() {
    local key=training.sample-weighting
    local train=("$catena" train --config run.yaml --set)
    refuses 2 "$key.strategy" "expected one of linupper, quadratic, extremes, upper or none" "did you mean linupper" -- "${train[@]}" "$key={strategy: linuper}"
    refuses 2 "$key.temperature" "a number above 0" -- "${train[@]}" "$key={strategy: upper, temperature: 0}"
    refuses 2 "$key.strategy" "is missing" -- "${train[@]}" "$key={temperature: 0.4}"
    refuses 2 "$key.temperature is never reached" "less than 8" -- "${train[@]}" "$key={strategy: upper, warmup-steps: 8}"
    refuses 2 "$key.clip-quantile" "below 0.5" -- "${train[@]}" "$key={strategy: upper, clip-quantile: 0.5}"
    train run --set "$weighted" --set training.steps=4
    expect_code 0
    refuses 2 "$key.temperature: 0.5 against 0.4" -- "$catena" train --config run.yaml --resume auto --set "$weighted" --set "$key.temperature=0.5"
}

check "sample weights: same bytes with 2 ranks" same_weighted plain 2
check "sample weights: same bytes with 3 ranks, spread, layer-major" same_weighted plain 3 -- --set distributed.placement=sharded
check "sample weights: same bytes with 3 ranks, spread, micro-major, without prefetch" \
    same_weighted plain 3 -- --set distributed.placement=sharded --set distributed.accumulation=micro-major --set distributed.prefetch=false
check "sample weights: same bytes with 4 ranks, shared by the host, recomputed" \
    same_weighted plain 4 -- --set distributed.placement=node --set training.recompute=blocks
check "sample weights: same bytes with 3 ranks for 2 micro-batches" \
    same_weighted few 3 --set training.global-batch=2 --set training.micro-batch=1 --set training.sample-weighting.token-aware=false
check "sample weights: same bytes with 2 ranks, of each micro-batch alone" \
    same_weighted microstep 2 --set training.sample-weighting.scope=microstep --set training.sample-weighting.clip-quantile=0.1
check "sample weights: same bytes with 2 ranks, a chain" same_weighted chain 2 --set 'chain={links: 2}'
check "sample weights: same bytes with 2 ranks, the whole model" whole_model
check "sample weights: pairs and classes, the same bytes with 3 and 2 ranks" pairs_and_classes
check "sample weights: killed and resumed on other ranks and another placement" resumed_weighted
check "sample weights: none, and one sample a step, are the plain loss" as_without
check "sample weights: they begin after the warm-up, and the report and TensorBoard show them" weights_that_count
check "sample weights: bad input" refused_weights
