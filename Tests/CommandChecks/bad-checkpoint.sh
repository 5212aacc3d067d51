# Checkpoints that are damaged, or belong to something else.

# A run of 6 steps with checkpoints of steps 4 and 6, to be continued to 8.
six_steps() {
    whole_run
    CATENA_CRASH_AT=checkpoint-after-rename:3 train run
    expect_code 137
    newest=run/checkpoints/step-00000006
    older=run/checkpoints/step-00000004
}

# The newest is damaged: the one before it is taken, that is said, and the run ends as it should.
falls_back() {
    six_steps
    "$@"
    train run --resume auto
    expect_code 0
    expect_text "skipped the checkpoint of step 6" "$newest" "RESUMED step 4"
    same_adapter run "$whole"
    expect_steps run 8
}

flip() { overwrite "$newest/$1" "$2" '\x7f'; }
halve() { truncate -s "$(($(wc -c <"$newest/$1") / 2))" "$newest/$1"; }
empty() { truncate -s 0 "$newest/$1"; }
shorten() { truncate -s -1 "$newest/$1"; }
delete() { rm "$newest/$1"; }
swap() {
    cp "$older/optimizer.safetensors" "$newest/optimizer.safetensors"
}

# The list below changes a byte of each of these.
all_files_are_flipped() {
    six_steps
    [ "$(ls "$newest" | sort | tr '\n' ' ')" = "adapter_config.json adapter_model.safetensors config.yaml manifest.json optimizer.safetensors state.json " ] ||
        fail "the checkpoint has $(ls "$newest" | tr '\n' ' ')"
}

# Everything is damaged: refused, and not begun anew over it.
all_damaged() {
    six_steps
    for newest in run/checkpoints/step-*; do flip adapter_model.safetensors 3000; done
    refuses 1 run/checkpoints step-00000006 adapter_model.safetensors -- \
        "$catena" train --config run.yaml --resume auto
}

# A manifest that is right about a changed state.json: all sums are valid.
sign_state() {
    local manifest=$newest/manifest.json
    awk -v sum="$(sha256sum <"$newest/state.json" | cut -d ' ' -f 1)" -v count="$(wc -c <"$newest/state.json")" '
        { line[NR] = $0 }
        /"name" : "state.json"/ { place = NR }
        END {
            sub(/[0-9]+/, count, line[place - 1])
            sub(/"[0-9a-f]+"$/, "\"" sum "\"", line[place + 1])
            for (i = 1; i <= NR; i++) print line[i]
        }' "$manifest" | sed -E 's/("checksum" : )"[^"]*"/\1""/' >signed
    sed -E "s/(\"checksum\" : )\"\"/\\1\"$(sha256sum <signed | cut -d ' ' -f 1)\"/" signed >"$manifest"
    rm signed
}

other_step() {
    six_steps
    local step
    for step in -1 5 9223372036854775807; do
        sed -i -E "s/^( *\"step\"): ?-?[0-9]+/\\1: $step/" "$newest/state.json"
        sign_state
        refuses 1 "$newest/state.json" "step $step," "manifest step 6" -- "$catena" train --config run.yaml --resume auto
    done
}

damage_is_named() {
    six_steps
    flip optimizer.safetensors 9000
    for verb in inspect "verify --model model --checkpoint"; do
        # shellcheck disable=SC2086
        refuses 1 "$newest/optimizer.safetensors" damaged SHA-256 -- "$catena" $verb "$newest"
    done
    run "$catena" inspect run
    expect_code 0
    grep -q "damaged_checkpoints.*$newest/optimizer.safetensors" "$log.out" || fail "not said: $(cat "$log.out")"
}

newer_format() {
    six_steps
    sed -i -E 's/"formatVersion" ?: ?[0-9]+/"formatVersion" : 99/' "$newest/manifest.json"
    refuses 1 "$newest" 99 newer -- "$catena" train --config run.yaml --resume auto
}

other_configuration() {
    six_steps
    refuses 2 training.learning-rate 0.001 training.seed run/checkpoints -- "$catena" train --config run.yaml --resume auto \
        --set training.learning-rate=2e-3 --set training.seed=6
    refuses 2 adapter.rank -- "$catena" train --config run.yaml --resume auto --set adapter.rank=2
}

other_model() {
    rm model
    cp -rL "$work/inputs/model" model
    chmod -R u+w model
    six_steps
    overwrite model/model.safetensors "$(tensor_start model/model.safetensors model.norm.weight)" '\x00\x00\x80\x40'
    refuses 1 "$newest" fingerprint -- "$catena" train --config run.yaml --resume auto
}

other_data() {
    rm data
    cp -rL "$work/inputs/data" data
    six_steps
    sed -i 1d data/train.jsonl
    run "$catena" train --config run.yaml --resume auto
    expect_code 1
    expect_one_error "$newest" data
    [ ! -e run/adapter ] || fail "an adapter was written"
}

# A checkpoint is an adapter as it is, and a copy of it elsewhere can be continued.
copied() {
    six_steps
    cp -r "$newest" elsewhere
    train other --resume elsewhere
    expect_code 0
    same_adapter other "$whole"
    run "$catena" generate --model model --adapter "$older" --prompt "Add 1 and 2." --max-tokens 3
    expect_code 0
}

check "resume: a changed byte of the adapter" falls_back flip adapter_model.safetensors 3000
check "resume: a changed byte of the optimizer" falls_back flip optimizer.safetensors 9000
check "resume: a changed byte of the manifest" falls_back flip manifest.json 40
check "resume: a changed byte of the adapter's configuration" falls_back flip adapter_config.json 40
check "resume: a changed byte of the state" falls_back flip state.json 40
check "resume: a changed byte of the configuration" falls_back flip config.yaml 40
check "a checkpoint has no other files than those" all_files_are_flipped
check "resume: a shortened file" falls_back shorten optimizer.safetensors
check "resume: a manifest without its last byte" falls_back shorten manifest.json
check "resume: a manifest that ends in its middle" falls_back halve manifest.json
check "resume: an empty manifest" falls_back empty manifest.json
check "resume: a missing file" falls_back delete state.json
check "resume: a missing manifest" falls_back delete manifest.json
check "resume: a file of another checkpoint" falls_back swap
check "resume: all damaged" all_damaged
check "inspect and verify: a changed byte" damage_is_named
check "resume: checkpoint of a newer format" newer_format
check "checkpoint: another step in state.json than in the manifest is refused, all sums valid" other_step
check "resume: another configuration, keys named" other_configuration
check "resume: another model" other_model
check "resume: other data" other_data
check "resume: a copied checkpoint" copied
