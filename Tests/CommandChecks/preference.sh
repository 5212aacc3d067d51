# Learning from pairs of answers: the same bytes everywhere, a loss that falls, every method, and what is refused.

# 24 sums with a right and a wrong answer of different lengths.
make_pairs() {
    local a b
    for a in 1 2 3 4 5 6; do
        for b in 2 4 7 9; do
            printf '{"prompt": "What is %d + %d?", "chosen": "%d", "rejected": "I think that it is %d."}\n' "$a" "$b" $((a + b)) $((a + b + 1))
        done
    done >pairs.jsonl
    head -n 6 pairs.jsonl >pairs-validation.jsonl
    pairs=(--set task=preference --set data.train=pairs.jsonl --set data.validation=pairs-validation.jsonl --set training.global-batch=10
        --set data.packing=false --set training.learning-rate=0.01 --set "data.cache=$work/prepared")
}

# The unbroken run of one process; made once for each name: whole_pairs NAME [OPTION...]
whole_pairs() {
    whole=$work/pairs-$1
    shift
    if [ ! -d "$whole" ]; then
        train "$whole" "${pairs[@]}" "$@"
        expect_code 0
        expect_steps "$whole" 8
    fi
}

rewards() { sed -nE 's/.*("reward_accuracy".*)\}/\1/p' "$1/metrics.jsonl"; }

# same_pairs RANKS [OPTION...]
same_pairs() {
    local count=$1
    shift
    make_pairs
    whole_pairs plain
    train_ranks "$count" run "${pairs[@]}" "$@"
    expect_code 0
    same_adapter run "$whole"
    [ "$(losses run)" = "$(losses "$whole")" ] || fail "the losses differ from those of one process"
    [ "$(rewards run)" = "$(rewards "$whole")" ] || fail "the rewards differ from those of one process"
    [ "$(rewards run | wc -l)" -eq 8 ] || fail "not every step has its rewards: $(rewards run)"
}

learns() {
    make_pairs
    whole_pairs plain
    grep -q '"step": 1, "loss": 0.6931471805599453,' "$whole/metrics.jsonl" || fail "the first loss is not log 2: $(losses "$whole")"
    awk -F '"reward_margin": |, "chosen_reward"' '{ print $2 }' "$whole/metrics.jsonl" | awk 'END { exit !($1 > 0.1) }' ||
        fail "the margin does not rise: $(rewards "$whole")"
    awk -F '"loss": |, "tokens"' '{ print $2 }' "$whole/metrics.jsonl" | awk 'END { exit !($1 < 0.65) }' ||
        fail "the loss does not fall: $(losses "$whole")"
    tail -n 1 "$whole/metrics.jsonl" | grep -q '"validation_loss": .*"validation_reward_accuracy": ' ||
        fail "no validation of the rewards: $(tail -n 1 "$whole/metrics.jsonl")"
}

resumed_pairs() {
    make_pairs
    whole_pairs plain
    CATENA_CRASH_AT=step-end:5 train_ranks 2 run "${pairs[@]}"
    expect_code 137
    train_ranks 3 run "${pairs[@]}" --resume auto --set distributed.placement=sharded
    expect_code 0
    same_adapter run "$whole"
    expect_steps run 8
}

# Every method, those that begin with gradients or matrices too.
pairs_with_method() {
    make_pairs
    local keys=("method: $1")
    run "$catena" methods "$1"
    ! grep -q '^  rank:' "$log.out" || keys+=("rank: 4")
    local options=("${pairs[@]}" --set "adapter={$(printf '%s, ' "${keys[@]}" | sed 's/, $//')}" --set training.steps=3
        --set 'training.schedule={name: constant}' --set training.validation-every=3)
    if [ "$1" = bitfit ]; then
        sed 's/"model_type": "llama"/"model_type": "qwen2"/; s/LlamaFor/Qwen2For/' model/config.json >config.json
        run "$catena" new-model --shape config.json --tokenizer model/tokenizer.json --output biased
        expect_code 0
        options+=(--set model=biased)
    fi
    train one "${options[@]}"
    expect_code 0
    train_ranks 2 two "${options[@]}" --set distributed.placement=node
    expect_code 0
    [ "$(losses one)" = "$(losses two)" ] || fail "the losses of 2 ranks differ"
    [ "$(rewards one)" = "$(rewards two)" ] || fail "the rewards of 2 ranks differ"
}

chained_pairs() {
    make_pairs
    whole_pairs chained --set 'chain={links: 2}'
    train_ranks 2 run "${pairs[@]}" --set 'chain={links: 2}' --set distributed.placement=sharded
    expect_code 0
    same_adapter run "$whole"
}

merged_pairs() {
    make_pairs
    refuses 2 chain.merge weights reference -- "$catena" train --config run.yaml "${pairs[@]}" --set 'chain={links: 2, merge: weights}'
}

check "preference: the loss begins at log 2 and falls, the margin rises, validation says both" learns
check "preference: same bytes with 2 ranks" same_pairs 2
check "preference: same bytes with 3 ranks, spread, layer-major" same_pairs 3 --set distributed.placement=sharded
check "preference: same bytes with 2 ranks, spread, micro-major, without prefetch" \
    same_pairs 2 --set distributed.placement=sharded --set distributed.accumulation=micro-major --set distributed.prefetch=false
check "preference: same bytes with 2 ranks, shared by the host, recomputed" \
    same_pairs 2 --set distributed.placement=node --set training.recompute=blocks
check "preference: killed and resumed on other ranks and another placement" resumed_pairs
check "preference: with a chain, the links are no part of the reference" chained_pairs
check "preference: links in the matrices are refused" merged_pairs
for method in $("$catena" methods --json | sed -n 's/^    "name": "\(.*\)",$/\1/p'); do
    check "preference: $method" pairs_with_method "$method"
done
