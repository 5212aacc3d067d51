# The result does not depend on the number of processes.

equal_bits() {
    local count=$1 name=$2
    shift 2
    if [ ! -d "$work/bits-$name" ]; then
        train "$work/bits-$name" "$@"
        expect_code 0
        expect_steps "$work/bits-$name" 8
    fi
    train_ranks "$count" run "$@"
    expect_code 0
    expect_text "$count ranks on 1 hosts"
    same_adapter run "$work/bits-$name"
    [ "$(losses run)" = "$(losses "$work/bits-$name")" ] || fail "the losses differ from those of one process"
    losses run | grep -q 'step": 8 .*validation_loss' || fail "no validation loss at step 8: $(losses run)"
}

# Another seed must give other bits, or the comparison above sees nothing.
other_seed_differs() {
    train one --set training.steps=2
    expect_code 0
    train two --set training.steps=2 --set training.seed=6
    expect_code 0
    ! cmp -s one/adapter/adapter_model.safetensors two/adapter/adapter_model.safetensors || fail "equal bytes"
    [ "$(losses one)" != "$(losses two)" ] || fail "equal losses"
}

for count in 2 3 4; do
    check "same bits with $count ranks: dropout and packing" equal_bits "$count" packed
done
check "same bits with 2 ranks: one example a segment, no dropout" \
    equal_bits 2 plain --set data.packing=false --set adapter.dropout=0
check "same bits with 4 ranks: all parameters, SGD" \
    equal_bits 4 sgd --set training.optimizer.name=sgd --set training.gradient-clip=0.1
check "another seed gives other bits" other_seed_differs
