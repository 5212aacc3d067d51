# Files that are no files, and files that change or go while a run uses them.

# A FIFO in the place of a file is refused at once, alone and on two ranks, and no rank is left.
fifos() {
    mkfifo fifo
    refuses 2 fifo FIFO -- timeout 20 "$catena" train --config fifo
    for option in model=fifo data.train=fifo data.validation=fifo adapter.init=fifo output=fifo; do
        run timeout 20 "$catena" train --config run.yaml --set output=run --set "$option"
        [ "$code" -eq 1 ] || [ "$code" -eq 2 ] || fail "$option: exit code $code; $(tail -n 3 "$log")"
        expect_one_error fifo
    done
    refuses 1 fifo FIFO -- timeout 20 "$catena" inspect fifo
    refuses 1 fifo FIFO -- timeout 20 "$catena" tokenize --model model --input fifo
    refuses 1 fifo FIFO -- timeout 20 "$catena" evaluate --model model --data fifo
    own_model
    rm own/tokenizer_config.json && mkfifo own/tokenizer_config.json
    refuses 1 own/tokenizer_config.json FIFO -- timeout 20 "$catena" tokenize --model own
    mkdir run && mkfifo run/metrics.jsonl
    run timeout 20 "$catena" train --config run.yaml --set output=run
    expect_code 1
    expect_text run/metrics.jsonl FIFO
    ranks 2 "$catena" train --config run.yaml --set output=other --set data.train=fifo
    expect_code 1
    expect_single_error_line fifo FIFO
}

# Starts a run on a model of its own that stops after step 3.
stop_after_step_3() {
    own_model
    CATENA_STOP_AT=step-end:3@0 start "$catena" train --config run.yaml --set output=run --set model=own \
        --set data.cache=cache --set distributed.stall-timeout=none "$@"
    wait_until_stopped "$process"
}
goes_on() {
    kill -CONT "$process"
    ended
    expect_code 1
    grep -v '^catena: error: ' "$log" | grep -qi "fatal\|signal" && fail "$(cat "$log")"
    expect_single_error_line "$@"
    [ ! -e run/adapter ] || fail "the run left an adapter"
}

overwritten() {
    stop_after_step_3
    "$@"
    goes_on "$changed" "start again"
}
overwrite_model() { changed=own/model.safetensors; overwrite $changed 40000 '\x01\x02\x03\x04'; }
overwrite_cache() { changed=$(ls cache/*.catena-data | head -n 1); overwrite "$changed" 900 '\xff\xff\xff\x7f'; }
shorten_model() { changed=own/model.safetensors; truncate -s 4096 $changed; }

replaced() {
    stop_after_step_3
    cp own/model.safetensors other && mv other own/model.safetensors
    kill -CONT "$process"
    ended
    expect_code 0
}

# before_result COMMAND...: a model that is overwritten when the command has computed its result and not shown it.
before_result() {
    own_model
    CATENA_STOP_AT=result start "$catena" "$@"
    wait_until_stopped "$process"
    overwrite own/model.safetensors 40000 '\x01\x02\x03\x04'
    kill -CONT "$process"
    ended
    expect_code 1
    expect_single_error_line own/model.safetensors "start again"
    [ ! -e result ] || fail "a result was written"
}
other_results() {
    before_result evaluate --model own --data data/validation.jsonl --limit 2 --output result
    rm -r own
    before_result generate --model own --prompt "Add 1 and 2." --max-tokens 2 --json
}

output_removed() {
    stop_after_step_3
    rm -rf run
    goes_on run/metrics.jsonl removed
    [ ! -e run ] || fail "run was made again: $(ls run)"
}

check "accidents: a FIFO in the place of a file is refused at once" fifos
check "accidents: a model that is overwritten in mid-run ends it" overwritten overwrite_model
check "accidents: a model that is shortened in mid-run ends it" overwritten shorten_model
check "accidents: a cache that is overwritten in mid-run ends it" overwritten overwrite_cache
check "accidents: a model that is overwritten before a result is shown" other_results
check "accidents: a model that is replaced by another file of its name does not matter" replaced
check "accidents: an output folder that is removed in mid-run is noticed and not made again" output_removed
