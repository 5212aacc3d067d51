# One rank that is unlike the others, or fails alone: the job ends within ten seconds with one message.

# Runs two processes with different commands under mpirun: unlike COMMAND-OF-RANK-0 -- COMMAND-OF-RANK-1
unlike() {
    local first=() begun=$SECONDS
    while [ "$1" != -- ]; do first+=("$1"); shift; done
    shift
    run timeout -k 5 "$limit_seconds" "${mpirun[@]}" -n 1 "${first[@]}" : -n 1 "$@"
    [ $((SECONDS - begun)) -le 10 ] || fail "the job took $((SECONDS - begun)) s to end"
}

other_values() {
    unlike "$catena" train --config run.yaml -- \
        "$catena" train --config run.yaml --set training.seed=6 --set adapter.alpha=9
    expect_code 2
    expect_single_error_line "rank 1" "training.seed: 6 against 5" "adapter.alpha: 9" "against 8"
    [ ! -e run ] || fail "the output was made"
}

other_models() {
    mkdir -p a b
    cp -rL model a/
    cp -rL model b/
    ln -s ../run.yaml ../data a/
    ln -s ../run.yaml ../data b/
    chmod -R u+w b/model
    overwrite b/model/model.safetensors "$(tensor_start b/model/model.safetensors model.norm.weight)" '\x00\x00\x80\x40'
    unlike env -C a "$catena" train --config run.yaml -- env -C b "$catena" train --config run.yaml
    expect_code 1
    expect_single_error_line "base model" "rank 1"
    [ ! -e a/run ] || fail "the output was made"
}

no_configuration() {
    unlike "$catena" train --config run.yaml -- "$catena" train --config nothing.yaml
    expect_code 1
    expect_single_error_line "rank 1" nothing.yaml
}

wrong_usage() {
    unlike "$catena" train --config run.yaml -- "$catena" train --config run.yaml --reusme auto
    expect_code 2
    expect_single_error_line --reusme
}

no_prepared_data() {
    unlike env CATENA_CACHE=a "$catena" train --config run.yaml -- env CATENA_CACHE=b "$catena" train --config run.yaml
    expect_code 1
    expect_single_error_line "rank 1" b/ CATENA_CACHE
    [ ! -e run ] || fail "the output was made"
}

# Rank 0 alone fails, after the first step: its metrics file takes no byte.
rank_zero_alone() {
    whole_run
    mkdir run
    ln -s elsewhere run/metrics.jsonl
    local begun=$SECONDS
    ranks 3 "$catena" train --config run.yaml --resume auto
    expect_code 1
    expect_single_error_line run/metrics.jsonl "is a link"
    [ $((SECONDS - begun)) -le 10 ] || fail "the job took $((SECONDS - begun)) s to end"
}

killed_rank() {
    local begun=$SECONDS
    CATENA_CRASH_AT=step-end:2@1 train_ranks 3 run
    expect_code 137
    [ $((SECONDS - begun)) -le 10 ] || fail "the job took $((SECONDS - begun)) s to end"
    [ ! -e run/adapter ] || fail "the job went on without rank 1"
}

help_once() {
    ranks 2 "$catena" train --help
    expect_code 0
    [ "$(grep -c '^USAGE:' "$log.out")" -eq 1 ] || fail "help was printed $(grep -c '^USAGE:' "$log.out") times"
}

check "ranks with different configurations, keys named" other_values
check "ranks with different models" other_models
check "one rank without its configuration" no_configuration
check "one rank with wrong usage" wrong_usage
check "one rank without the prepared data" no_prepared_data
check "rank 0 cannot write the metrics" rank_zero_alone
check "one rank is killed" killed_rank
check "help is printed once under mpirun" help_once
