# Methods that begin with a decomposition of the weights or of their gradients: the same bits at any number of ranks, in every
# placement, through a kill and a resume, which reads the first factors and never makes them again.

spectral_pissa='adapter={method: pissa, rank: 4, iterations: 2}'
spectral_olora='adapter={method: olora, rank: 4}'
spectral_sorsa='adapter={method: sorsa, rank: 4, gamma: 0.001}'
spectral_gradient='adapter={method: lora-ga, rank: 4, gradient-steps: 2}'

# spectral_options KIND [OPTION...]: the --set arguments, in $options.
spectral_options() {
    local name=spectral_$1
    shift
    options=(--set "${!name}" "$@")
}

# The unbroken run of one process; made once for each NAME: spectral_whole NAME KIND [OPTION...]
spectral_whole() {
    local name=$1
    shift
    spectral_options "$@"
    spectral_whole=$work/spectral-$name
    [ ! -d "$spectral_whole" ] || return 0
    train "$spectral_whole" "${options[@]}"
    expect_code 0
    expect_steps "$spectral_whole" 8
}

same_spectral() {
    same_adapter run "$spectral_whole"
    [ "$(losses run)" = "$(losses "$spectral_whole")" ] || fail "the losses differ from the unbroken run's"
}

# spectral_bits RANKS PLACEMENT KIND
spectral_bits() {
    spectral_whole "$3" "$3"
    train_ranks "$1" run "${options[@]}" --set "distributed.placement=$2"
    expect_code 0
    same_spectral
}

# spectral_kill POINT KILLED-RANKS RESUMED-RANKS NAME KIND [OPTION...]
spectral_kill() {
    local point=$1 killed=$2 resumed=$3
    shift 3
    spectral_whole "$@"
    CATENA_CRASH_AT=$point train_ranks "$killed" run "${options[@]}"
    expect_code 137
    train_ranks "$resumed" run "${options[@]}" --resume auto
    expect_code 0
    same_spectral
}

# What is written is a plain LoRA of twice the rank that computes what the run computed.
spectral_lora() {
    spectral_whole "$1" "$1"
    grep -q '"peft_type": "LORA"' "$spectral_whole/adapter/adapter_config.json" || fail "no plain LoRA"
    grep -q '"r": 8,' "$spectral_whole/adapter/adapter_config.json" || fail "the rank is not 2 · 4"
    evaluates_as_trained "$spectral_whole"
}

# The first loss is the unchanged model's: plain LoRA, whose B is zero, has the same.
spectral_first_loss() {
    train plain --set 'adapter={method: lora, rank: 4}' --set training.steps=1 --set 'training.schedule={name: constant}'
    expect_code 0
    spectral_options "$1"
    train run "${options[@]}" --set training.steps=1 --set 'training.schedule={name: constant}'
    expect_code 0
    local folder
    for folder in plain run; do sed -nE '1s/.*"loss": ([^,}]+).*/\1/p' "$folder/metrics.jsonl"; done | tr '\n' ' ' >first
    awk '{ d = $1 - $2; exit !(NF == 2 && $1 > 0 && d < 1e-6 && d > -1e-6) }' first || fail "first losses $(cat first)"
}

sorsa_penalty() {
    spectral_whole sorsa sorsa
    [ "$(grep -c '"penalty": [0-9]' "$spectral_whole/metrics.jsonl")" -eq 8 ] || fail "not a penalty for each step"
    train run --set 'adapter={method: sorsa, rank: 4, gamma: 0}'
    expect_code 0
    ! grep -q penalty run/metrics.jsonl || fail "a penalty with gamma 0"
}

spectral_refusals() {
    refuses 2 "adapter.init means nothing to the method pissa" -- \
        "$catena" train --config run.yaml --set 'adapter={method: pissa, init: data}'
    refuses 2 "adapter.iterations: some does not fit" "exact" -- \
        "$catena" train --config run.yaml --set 'adapter={method: sorsa, iterations: some}'
    refuses 2 "adapter.rank: 40 does not fit" "2 · rank vectors" -- "$catena" train --config run.yaml --set 'adapter={method: lora-ga, rank: 40}'
}

for kind in pissa olora sorsa gradient; do
    check "$kind: same bits with 2 ranks" spectral_bits 2 replicated "$kind"
    check "$kind: same bits with 3 ranks that share each block" spectral_bits 3 sharded "$kind"
    check "$kind: killed on 2 ranks at step 5, resumed on 1" spectral_kill step-end:5 2 1 "$kind" "$kind"
    check "$kind: leaves a plain LoRA of twice the rank" spectral_lora "$kind"
    check "$kind: begins with the unchanged model" spectral_first_loss "$kind"
done
check "gradient: same bits with 2 ranks and one copy a machine" spectral_bits 2 node gradient
check "gradient: a chain killed at its second knot, resumed on 2" \
    spectral_kill knot-committed:2 1 2 gradient-chain gradient --set 'chain={links: 3}'
check "pissa: a chain killed at its second knot, resumed on 2" \
    spectral_kill knot-staged:2 1 2 pissa-chain pissa --set 'chain={links: 3, merge: weights}'
check "SORSA's penalty is in the metrics" sorsa_penalty
check "options that methods do not have or cannot use are refused" spectral_refusals
