# Numbers that are not finite: stopped with step, rank and tensor; nothing of it is saved.

# The result is not there, and no value of a checkpoint that is left is NaN or infinite.
nothing_bad_saved() {
    local file length
    [ ! -e run/adapter ] || fail "an adapter was written"
    for file in run/checkpoints/step-*/*.safetensors; do
        [ -e "$file" ] || continue
        length=$(od -A n -t u8 -N 8 "$file" | tr -d ' ')
        ! od -A n -t f4 -j $((8 + length)) "$file" | grep -qiE 'nan|inf' || fail "$file has values that are not finite"
    done
}

exploding() {
    train_ranks "$1" run --set training.learning-rate=1e20 --set checkpoint.every=1 --set training.schedule.warmup-steps=0
    expect_code 1
    expect_single_error_line "step " "rank " "not a finite number" "learning rate"
    nothing_bad_saved
}

# The update itself overflows: the state after step 1 is infinite and must not be saved.
infinite_update() {
    local update=(--set training.learning-rate=1e30 --set training.optimizer.weight-decay=1e20
        --set training.schedule.warmup-steps=0)
    train run "${update[@]}" --set checkpoint.every=1
    expect_code 1
    expect_single_error_line "step 1" "rank 0" "lora_" "not a finite number"
    nothing_bad_saved
    [ -z "$(ls run/checkpoints 2>/dev/null)" ] || fail "saved: $(ls run/checkpoints)"
    train run "${update[@]}" --set training.steps=1 --set training.validation-every=1 --set checkpoint.every=none \
        --set output=last
    expect_code 1
    [ ! -e last/adapter ] || fail "an adapter was written"
}

bad_weight() {
    own_model
    overwrite own/model.safetensors "$(tensor_start own/model.safetensors "$1")" '\x00\x00\xc0\x7f'
    train_ranks "$2" run --set model=own --set checkpoint.every=1
    expect_code 1
    expect_single_error_line own/model.safetensors "$1" "NaN or infinity"
    [ ! -e run ] || fail "the run folder was made"
    for verb in "evaluate --data data/validation.jsonl" "generate --prompt a"; do
        # shellcheck disable=SC2086
        refuses 1 own/model.safetensors "$1" "NaN or infinity" -- "$catena" $verb --model own
    done
}

check "learning rate of 1e20" exploding 1
check "learning rate of 1e20, 2 ranks" exploding 2
check "update beyond float32" infinite_update
check "NaN in the last norm" bad_weight model.norm.weight 1
check "NaN in a projection, 2 ranks" bad_weight model.layers.1.self_attn.v_proj.weight 2
