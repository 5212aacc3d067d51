# Saved by one number of ranks, resumed by another: the rest of the run is the same, whatever the two numbers are.

elastic() {
    local saved=$1 resumed=$2
    whole_run
    # The last rank dies between two checkpoints, so that steps are done again.
    CATENA_CRASH_AT=step-end:5@$((saved - 1)) train_ranks "$saved" run
    expect_code 137
    train_ranks "$resumed" run --resume auto
    expect_code 0
    # The checkpoint of step 4 may still have been written in the background when the rank died.
    grep -qE 'RESUMED step [24] from' "$log" || fail "not resumed: $(cat "$log")"
    expect_text "$resumed ranks on 1 hosts"
    same_adapter run "$whole"
    expect_steps run 8
    [ "$(losses run)" = "$(losses "$whole")" ] || fail "the losses differ from the unbroken run's"
}

# Without packing and with an odd batch the last step of an epoch is small, so that a rank may have nothing to do.
elastic_uneven() {
    local options=(--set data.packing=false --set training.global-batch=7 --set training.micro-batch=1 --set training.steps=11)
    if [ ! -d "$work/uneven" ]; then
        train "$work/uneven" "${options[@]}"
        expect_code 0
    fi
    CATENA_CRASH_AT=step-end:9@$(($1 - 1)) train_ranks "$1" run "${options[@]}"
    expect_code 137
    train_ranks "$2" run "${options[@]}" --resume auto
    expect_code 0
    same_adapter run "$work/uneven"
    expect_steps run 11
}

for saved in 1 2 3 4; do
    for resumed in 1 2 3 4; do
        check "saved by $saved ranks, resumed by $resumed" elastic "$saved" "$resumed"
    done
done
check "saved by 2 ranks, resumed by 4: uneven batches" elastic_uneven 2 4
check "saved by 4 ranks, resumed by 3: uneven batches" elastic_uneven 4 3
