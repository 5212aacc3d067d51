# One bit of one rank's trained values is wrong: the tensor and the rank are named and nothing of it is saved.

# flipped RANKS ODD-RANK STEP SAVED-STEPS TENSOR TEXT OPTION...: bit of element 20000 after STEP, then resumed without it.
flipped() {
    local count=$1 odd=$2 step=$3 saved=$4 tensor=$5 text=$6 file
    shift 6
    whole_run
    CATENA_FLIP_BIT=$step:20000@$odd train_ranks "$count" run "$@"
    expect_code 1
    expect_single_error_line "step $step: " "$tensor" "rank $odd" "$text"
    [ ! -e run/adapter ] || fail "an adapter was written"
    [ "$(ls run/checkpoints 2>/dev/null | tr '\n' ' ')" = "$saved" ] || fail "saved: $(ls run/checkpoints)"
    train_ranks "$count" run --resume auto
    expect_code 0
    same_adapter run "$whole"
    expect_steps run 8
}

tensor=base_model.model.model.layers.2.mlp.gate_proj.lora_B.weight
others="differs from the other ranks"
check "a bit of rank 1 of 3" flipped 3 1 3 "step-00000002 " "$tensor" "$others" --set distributed.check-every=1
check "a bit of rank 0 of 3" flipped 3 0 3 "step-00000002 " "$tensor" "$others" --set distributed.check-every=1
check "a bit of rank 1 of 2" flipped 2 1 3 "step-00000002 " "$tensor" "differs from rank 0" --set distributed.check-every=3
check "a bit before a checkpoint" flipped 3 2 4 "step-00000002 " "$tensor" "$others" --set distributed.check-every=none
check "a bit before the result" flipped 3 2 8 "" "$tensor" "$others" --set distributed.check-every=none --set checkpoint.every=none
