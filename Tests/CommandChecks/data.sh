# Data of every form: what preview shows of them, token ids without a tokenizer, lengths beyond the model's positions.

# The tokens of a data file as pre-tokenised data: tokens_of FILE COUNT
tokens_of() {
    run "$catena" preview --model model --data "$1" --template chatml -n "$2" --json
    expect_code 0
    sed -E 's/,"notes":.*/}/' "$log.out"
}

preview_shows() {
    cat >own.jsonl <<'JSON'
{"messages": [{"role": "user", "content": "Hi \u001b[2J"}, {"role": "assistant", "content": "Yo", "weight": 0}, {"role": "user", "content": "Hm"}, {"role": "assistant", "content": "Hello"}], "id": 7}
JSON
    run "$catena" preview --model model --data own.jsonl --template chatml
    expect_code 0
    grep -qF '⟦Hello<|im_end|>⟧' "$log.out" || fail "the answer is not marked: $(cat "$log.out")"
    grep -qF '⟦Yo' "$log.out" && fail "a turn of weight 0 is marked"
    grep -qF 'Hi \u{1B}[2J' "$log.out" || fail "a control character is not written out"
    grep -qF 'note: ignored: id' "$log.out" || fail "the ignored key is not named"
    expect_text "own.jsonl: ignored: id"
    run "$catena" preview --model model --data own.jsonl --template chatml --json
    expect_code 0
    grep -qE '^\{"input_ids":\[[0-9,]+\],"labels":\[(-100,)+[0-9,-]+\],"notes":\["ignored: id"\],"text":"<\|im_start\|>user\\n' "$log.out" ||
        fail "unexpected JSON: $(cat "$log.out")"
}

preview_of_a_run() {
    run "$catena" preview --config run.yaml -n 3 --json
    expect_code 0
    [ "$(wc -l <"$log.out")" -eq 3 ] || fail "3 examples gave $(wc -l <"$log.out") lines"
    # A reader that goes away early is no failure.
    "$catena" preview --config run.yaml -n 60 --json | head -n 1 >first
    [ "${PIPESTATUS[0]}" -eq 0 ] || fail "a closed pipe gave exit code ${PIPESTATUS[0]}"
    [ "$(head -n 1 "$log.out")" = "$(cat first)" ] || fail "the first line differs"
}

preview_refuses() {
    run "$catena" preview --model model --data data/train.jsonl -n 0
    expect_code 2
    expect_single_error_line "-n is 0"
    run "$catena" preview --model model
    expect_code 2
    refuses 1 nothing.jsonl -- "$catena" preview --model model --data nothing.jsonl
    refuses 1 nowhere -- "$catena" preview --model nowhere --data data/train.jsonl
    gzip -c data/train.jsonl >own.jsonl
    refuses 1 own.jsonl gzip "JSON Lines" -- "$catena" preview --model model --data own.jsonl
}

lists_bad_lines() {
    for line in $(seq 14); do echo '{"txet": "a"}'; done >own.jsonl
    train run --set data.train=own.jsonl
    expect_code 1
    expect_single_error_line "14 examples cannot be used" own.jsonl:1: own.jsonl:10: "and 4 more."
    grep -qF own.jsonl:11: "$log" && fail "more than ten lines are listed"
    for id in 5 6000 6 7000 8; do echo "{\"input_ids\": [5, $id, 7]}"; done >own.jsonl
    train_ranks 2 run --set data.train=own.jsonl
    expect_code 1
    expect_single_error_line "2 examples cannot be used" own.jsonl:2: own.jsonl:4:
    [ ! -e run ] || fail "something was written"
}

# Token ids train and evaluate without a tokenizer, to the same numbers as with one; texts name what is missing.
without_tokenizer() {
    tokens_of data/train.jsonl 60 >tokens.jsonl
    own_model
    rm -f own/tokenizer*.json own/special_tokens_map.json own/chat_template.jinja
    for folder in model own; do
        run "$catena" train --config run.yaml --set model=$folder --set data.train=tokens.jsonl --set data.validation=tokens.jsonl \
            --set output=run-$folder --set training.steps=2
        expect_code 0
    done
    same_adapter run-model run-own
    run "$catena" evaluate --model own --adapter run-own/adapter --data tokens.jsonl --json
    expect_code 0
    grep -q '"cut":0' "$log.out" || fail "no count of what was cut: $(cat "$log.out")"
    refuses 1 data/train.jsonl:1 input_ids own "no tokenizer" -- "$catena" evaluate --model own --data data/train.jsonl
    refuses 1 data/train.jsonl:1 input_ids "no tokenizer" -- "$catena" train --config run.yaml --set model=own --set output=text
    run "$catena" preview --model own --data tokens.jsonl --json -n 1
    expect_code 0
    grep -q '"text":null' "$log.out" || fail "there is a text without a tokenizer"
}

mapped_columns() {
    printf '%s\n' '{"q": "Add 1 and 2.", "a": "3"}' '{"q": "Add 2 and 2.", "a": "4"}' >mapped.jsonl
    printf '%s\n' '{"prompt": "Add 1 and 2.", "completion": "3"}' '{"prompt": "Add 2 and 2.", "completion": "4"}' >plain.jsonl
    local options=(--set training.steps=1 --set training.schedule.warmup-steps=0 --set data.validation= --set training.validation-every=)
    train run-plain "${options[@]}" --set data.train=plain.jsonl
    expect_code 0
    train run-mapped "${options[@]}" --set data.train=mapped.jsonl --set 'data.columns={prompt: q, completion: a}'
    expect_code 0
    same_adapter run-plain run-mapped
    for data in plain mapped; do
        local columns=()
        [ $data = plain ] || columns=(--columns prompt=q --columns completion=a)
        run "$catena" evaluate --model model --data $data.jsonl --json "${columns[@]}"
        expect_code 0
        sed 's/"data":[^,]*,//; s/"seconds":[^,}]*//' "$log.out" >$data.json
    done
    same_bytes plain.json mapped.json
    head -n 1 mapped.jsonl >one.jsonl
    refuses 1 one.jsonl:1: prompt -- "$catena" evaluate --model model --data one.jsonl --columns completion=a
    run "$catena" evaluate --model model --data mapped.jsonl --columns promt=q
    expect_code 2
    expect_text promt=q "key of"
    run "$catena" evaluate --model model --data mapped.jsonl --columns prompt=q --columns completion=q
    expect_code 2
    expect_text contradict
    train run --set data.train=mapped.jsonl --set 'data.columns={prompt: ask, completion: a}'
    expect_code 1
    expect_single_error_line mapped.jsonl:1: data.columns ask
    refuses 2 data.columns.promt data.columns.prompt -- "$catena" train --config run.yaml --set 'data.columns={promt: q}' --set output=run
}

positions_are_kept() {
    refuses 2 data.max-length 4096 "1024 positions" -- "$catena" train --config run.yaml --set data.max-length=4096
    refuses 2 --max-length 4096 "1024 positions" -- \
        "$catena" evaluate --model model --data data/validation.jsonl --max-length 4096
    printf '{"input_ids": [%s5]}\n' "$(printf '5, %.0s' $(seq 1100))" >long.jsonl
    run "$catena" evaluate --model model --data long.jsonl
    expect_code 0
    grep -q "1 cut to the maximal length" "$log.out" || fail "nothing is said of what was cut: $(cat "$log.out")"
    run "$catena" preview --model model --data long.jsonl
    expect_code 0
    grep -q "1101 tokens, more than the model's 1024 positions" "$log.out" || fail "nothing is said of the length"
    printf 'five %.0s' $(seq 1100) >prompt
    refuses 1 prompt "1024 positions" -- "$catena" generate --model model --prompt-file prompt
}

check "preview: what is learned, ignored keys, control characters" preview_shows
check "preview: of a run's configuration, and a closed pipe" preview_of_a_run
check "preview: refuses bad input with one error" preview_refuses
check "data: all bad lines are listed, on any number of ranks" lists_bad_lines
check "data: token ids need no tokenizer" without_tokenizer
check "data: columns by other names" mapped_columns
check "data: lengths beyond the model's positions" positions_are_kept
