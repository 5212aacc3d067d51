# Chains of links: the same bits at any number of ranks, through kills at every point of a knot, and one LoRA at the end.

chain_cola='chain={links: 3, rank-schedule: [4, 2]}'
chain_relora='chain={preset: relora, every-steps: 3, rewarm: 1, optimizer: {prune: 0.5, by: random}}'
chain_weights='chain={at: [3, 5], optimizer: keep, schedule: per-link, merge: weights}'
chain_plateau='chain={on-plateau: {patience: 2, minimum-improvement: 100, maximum-links: 3}}'

# chain_options KIND: the --set arguments of one of the chains above, in $options.
chain_options() {
    local name=chain_$1
    options=(--set "${!name}" --set checkpoint.keep=9)
    [ "$1" != plateau ] || options+=(--set training.validation-every=1)
}

# The unbroken run of a kind on one process; made once.
whole_chain() {
    chain_options "$1"
    whole_chain=$work/chain-$1
    [ ! -d "$whole_chain" ] || return 0
    train "$whole_chain" "${options[@]}"
    expect_code 0
}

# The knots of a run with their probe losses.
knots() { grep -o '"step": [0-9]*\|"knot".*' "$1/metrics.jsonl" | grep -B 1 '"knot"' | tr '\n' ' '; }

same_chain() {
    same_adapter run "$whole_chain"
    expect_steps run 8
    [ "$(losses run)" = "$(losses "$whole_chain")" ] || fail "the losses differ from the unbroken run's"
    [ "$(knots run)" = "$(knots "$whole_chain")" ] || fail "other knots: $(knots run), expected $(knots "$whole_chain")"
}

chain_equal_bits() {
    whole_chain "$2"
    train_ranks "$1" run "${options[@]}"
    expect_code 0
    same_chain
}

# chain_kill KIND POINT KILLED-RANKS RESUMED-RANKS
chain_kill() {
    whole_chain "$1"
    CATENA_CRASH_AT=$2 train_ranks "$3" run "${options[@]}"
    expect_code 137
    [ ! -e run/adapter ] || fail "the run was not killed: it has an adapter"
    train_ranks "$4" run "${options[@]}" --resume auto
    expect_code 0
    same_chain
}

# chain_placed PLACEMENT KIND RANKS: the frozen weights elsewhere, the same bits.
chain_placed() {
    whole_chain "$2"
    train_ranks "$3" run "${options[@]}" --set "distributed.placement=$1"
    expect_code 0
    ! grep -q "stay beside them" "$log" || fail "the links were not merged: $(grep "stay beside" "$log")"
    same_chain
}

# One copy for all ranks of a machine is not changed; the links stay beside it, which the run says.
shared_copy() {
    whole_chain weights
    train_ranks 2 run "${options[@]}" --set distributed.placement=node
    expect_code 0
    expect_text "28 layers' matrices cannot be changed in memory; their links stay beside them"
    expect_steps run 8
}

# Each rank merged the link into its own shard; all take it back, and the resumed run merges anew.
sharded_rollback() {
    whole_chain weights
    CATENA_FAULT_AT=knot-probe:2@1 train_ranks 2 run "${options[@]}" --set distributed.placement=sharded
    expect_code 1
    expect_single_error_line "knot 2 after step 5 was taken back on all ranks, because rank 1 objected"
    train_ranks 3 run "${options[@]}" --set distributed.placement=sharded --resume auto
    expect_code 0
    same_chain
}

# chain_disagree FAULT RANKS RANK TEXT: one rank objects to the second knot; all take it back, and the run can go on.
chain_disagree() {
    whole_chain cola
    CATENA_FAULT_AT=$1:2@$3 train_ranks "$2" run "${options[@]}"
    expect_code 1
    expect_single_error_line "knot 2 after step 5 was taken back on all ranks, because rank $3 objected" "$4"
    [ ! -e run/adapter ] || fail "the run went on to its end"
    expect_steps run 4
    [ ! -e run/checkpoints/step-00000005 ] || fail "the refused knot is in a checkpoint"
    [ "$(grep -c sha256 run/checkpoints/step-00000004/state.json)" -eq 1 ] || fail "not one link at step 4"
    train_ranks "$2" run "${options[@]}" --resume auto
    expect_code 0
    same_chain
}

# The bytes of a safetensors file that are neither header nor zero.
other_than_zero() {
    local length
    length=$(od -A n -t u8 -N 8 "$1" | tr -d ' ')
    tail -c +$((9 + length)) "$1" | tr -d '\0' | wc -c
}

new_optimizer() {
    whole_chain cola
    local knot=$whole_chain/checkpoints/step-00000002 later=$whole_chain/checkpoints/step-00000004
    [ "$(other_than_zero "$knot/optimizer.safetensors")" -eq 0 ] || fail "the moments are not zero after the knot"
    grep -q '"optimizer_step": 0,' "$knot/state.json" || fail "the step counter is not 0 after the knot"
    [ "$(other_than_zero "$later/optimizer.safetensors")" -gt 0 ] || fail "the moments are still zero two steps later"
    grep -q '"optimizer_step": 2,' "$later/state.json" || fail "the step counter is not 2 two steps later"
}

pruned_optimizer() {
    whole_chain relora
    grep -q '"optimizer_step": 3,' "$whole_chain/checkpoints/step-00000003/state.json" || fail "the step counter changed"
    train run "${options[@]}" --set training.steps=4
    expect_code 0
    local percent
    percent=$(sed -nE 's/^knot 1 after step 3: .* ([0-9.]+) % of the optimizer.*/\1/p' "$log")
    awk -v p="$percent" 'BEGIN { exit !(p > 45 && p < 55) }' || fail "$percent % of the state is zero, expected 50"
}

# Before and after each knot the probe loss agrees to 1e-5.
probe_losses() {
    whole_chain "$1"
    [ "$(knots "$whole_chain" | grep -o '"knot"' | wc -l)" -eq 2 ] || fail "not two knots: $(knots "$whole_chain")"
    sed -nE 's/.*"probe_loss_before": ([^,]+), "probe_loss_after": ([^}]+)\}/\1 \2/p' "$whole_chain/metrics.jsonl" |
        awk '{ d = $1 - $2; if (d < 0) d = -d; if (d > 1e-5 * $1 || $1 <= 0) exit 1 }' ||
        fail "$(knots "$whole_chain")"
}

base_untouched() {
    own_model
    chmod u+w own/model.safetensors
    local before after
    before=$(sha256sum own/*)
    chain_options "$1"
    train run "${options[@]}" --set model=own
    expect_code 0
    after=$(sha256sum own/*)
    [ "$before" = "$after" ] || fail "the model's files changed"
}

# The two forms compute the same up to rounding: the last losses agree.
forms_agree() {
    local form
    for form in ledger weights; do
        train "$form" --set "chain={at: [3, 5], merge: $form}"
        expect_code 0
        tail -n 1 "$form/metrics.jsonl" | sed -E 's/.*"validation_loss": ([^,}]+).*/\1/' >>validation
    done
    awk '{ x[NR] = $1 } END { d = x[1] - x[2]; exit !(NR == 2 && d < 1e-6 && d > -1e-6) }' validation ||
        fail "validation losses $(tr '\n' ' ' <validation)"
    ! cmp -s ledger/adapter/adapter_model.safetensors weights/adapter/adapter_model.safetensors ||
        fail "the forms do not differ at all"
}

# What is written between two knots and at the end is one plain LoRA that computes what the run computed.
one_lora() {
    whole_chain cola
    local part=$whole_chain/checkpoints/step-00000004
    grep -q '"r": 8,' "$whole_chain/adapter/adapter_config.json" || fail "the adapter's rank is not 4 + 2 + 2"
    grep -q '"r": 6,' "$part/adapter_config.json" || fail "the checkpoint's rank is not 4 + 2"
    run "$catena" verify --checkpoint "$part" --model model
    expect_code 0
    evaluates_as_trained "$whole_chain"
    for format in lora gguf merged; do
        run "$catena" export --checkpoint "$part" --model model --format "$format" --output "$format"
        expect_code 0
    done
}

# Σ rank may be above a layer's smaller side (64 here), as PEFT allows.
rank_above_layer() {
    train run --set adapter.rank=40 --set 'chain={at: [4]}'
    expect_code 0
    grep -q '"r": 80,' run/adapter/adapter_config.json || fail "the rank is not 80"
    run "$catena" verify --adapter run/adapter --model model
    expect_code 0
}

check_refusals() {
    refuses 2 "chain.links is 9" "at most 8" -- "$catena" train --config run.yaml --set 'chain={links: 9}'
    refuses 2 "chain.every-steps is 8" -- "$catena" train --config run.yaml --set 'chain={every-steps: 8}'
    refuses 2 "chain.rewarm is 4 in a run of 8 steps" "at most 3" -- \
        "$catena" train --config run.yaml --set 'chain={every-steps: 3, rewarm: 4}'
    refuses 2 "rank 999 does not fit" -- "$catena" train --config run.yaml --set 'chain={rank-schedule: [4, 999]}'
    refuses 2 "chain.optimiser" "chain.optimizer" -- \
        "$catena" train --config run.yaml --set 'chain={links: 2, optimiser: keep}'
}

other_chain() {
    chain_options cola
    train run "${options[@]}" --set training.steps=4
    expect_code 0
    run "$catena" train --config run.yaml --set output=run --set 'chain={links: 2}' --resume auto
    expect_code 2
    expect_text chain.links chain.rank-schedule
}

for kind in cola relora weights; do
    for count in 2 3 4; do
        check "chain $kind: same bits with $count ranks" chain_equal_bits "$count" "$kind"
    done
done
check "chain plateau: same bits with 2 ranks" chain_equal_bits 2 plateau
check "chain cola: same bits with 3 ranks that share each block" chain_placed sharded cola 3
check "chain cola: same bits with 2 ranks and one copy a machine" chain_placed node cola 2
check "chain weights: same bits with 2 ranks that share each block" chain_placed sharded weights 2
check "chain weights: same bits with 3 ranks that share each block" chain_placed sharded weights 3
for kind in cola relora; do
    for point in decided received staged reported committed optimizer; do
        check "chain $kind: kill at knot-$point:2" chain_kill "$kind" "knot-$point:2" 1 1
        check "chain $kind: kill rank 0 of 2 at knot-$point:2, resume on 1" chain_kill "$kind" "knot-$point:2@0" 2 1
        [ "$point" = decided ] ||
            check "chain $kind: kill rank 1 of 2 at knot-$point:1, resume on 2" \
                chain_kill "$kind" "knot-$point:1@1" 2 2
    done
    for point in step-end:5 checkpoint-begin:3 checkpoint-before-rename:3 checkpoint-after-rename:3; do
        check "chain $kind: kill at $point, resume on 2" chain_kill "$kind" "$point" 1 2
    done
done
check "chain weights: kill rank 1 of 2 at knot-staged:2, resume on 3" chain_kill weights knot-staged:2@1 2 3
check "chain plateau: kill at knot-committed:2, resume on 2" chain_kill plateau knot-committed:2 1 2
check "a link damaged on its way to rank 1 of 2" chain_disagree knot-link 2 1 "the link came with the SHA-256"
check "a ledger that differs on rank 2 of 3" chain_disagree knot-ledger 3 2 "its chain has the checksum"
check "a probe loss that moves on rank 0 of 2" chain_disagree knot-probe 2 0 "the loss on the probe batch went from"
check "a copy that ranks share is not changed by links" shared_copy
check "a sharded knot is taken back" sharded_rollback
check "after a knot the moments and the step counter are zero" new_optimizer
check "pruning zeroes the fraction asked for and keeps the step counter" pruned_optimizer
for kind in cola relora weights; do
    check "chain $kind: the probe loss agrees across knots" probe_losses "$kind"
    check "chain $kind: the base model's files stay as they were" base_untouched "$kind"
done
check "links beside the matrices and in them train alike" forms_agree
check "a chain leaves one plain LoRA, at the end and between knots" one_lora
check "a chain's LoRA of a rank above the layers' size" rank_above_layer
check "chains that do not fit the run are refused" check_refusals
check "a checkpoint of another chain is refused" other_chain
