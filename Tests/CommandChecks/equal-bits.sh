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

# The same with 2 threads and with 2 ranks, for sequences of 1 to some 60 tokens alone, under other kernels of OpenBLAS:
#   bits_of_kernels COMMAND... (sets or unsets OPENBLAS_CORETYPE)
bits_of_kernels() {
    local kernels=("$@") threads count words='one two three four five six seven eight nine ten' index
    for index in 1 2 3 5 8 13 21 29 34 40; do
        printf '{"prompt": "%s", "completion": "%s"}\n' "$(for ((count = 0; count < index; count++)); do
            printf '%s ' "$(cut -d ' ' -f $((1 + (7 * index + 3 * count) % 10)) <<<"$words")"
        done)" "$index"
    done >unlike.jsonl
    short() {
        "${kernels[@]}" "$catena" doctor >/dev/null 2>&1 || skip "this processor does not run them"
        run timeout "$limit_seconds" "${kernels[@]}" "${@:2}" "$catena" train --config run.yaml --set "output=$1" --set data.train=unlike.jsonl --set data.packing=false \
            --set training.micro-batch=1 --set training.global-batch=4 --set training.steps=6 \
            --set "distributed.threads=$threads"
        expect_code 0
    }
    threads=1 short one
    threads=2 short two-threads
    same_adapter one two-threads
    threads=1 short two-ranks "${mpirun[@]}" -n 2
    same_adapter one two-ranks
}

for count in 2 3 4; do
    check "same bits with $count ranks: dropout and packing" equal_bits "$count" packed
done
check "same bits with 2 ranks: one example a segment, no dropout" \
    equal_bits 2 plain --set data.packing=false --set adapter.dropout=0
check "same bits with 4 ranks: all parameters, SGD" \
    equal_bits 4 sgd --set training.optimizer.name=sgd --set training.gradient-clip=0.1
check "same bits with 2 threads and 2 ranks: OpenBLAS's own choice of kernels" bits_of_kernels env -u OPENBLAS_CORETYPE
for kernels in Haswell SkylakeX; do
    check "same bits with 2 threads and 2 ranks: OpenBLAS's kernels for $kernels" bits_of_kernels env "OPENBLAS_CORETYPE=$kernels"
done
check "another seed gives other bits" other_seed_differs
