# The other verbs give the same answers in every way of running them.

evaluation_is_equal() {
    run "$catena" evaluate --model model --data data/validation.jsonl --json "$@"
    expect_code 0
    cp "$log.out" one
    grep -qE '"(loss|accuracy)"' one || fail "no result: $(cat one)"
    for count in 2 3; do
        ranks "$count" "$catena" evaluate --model model --data data/validation.jsonl --json "$@"
        expect_code 0
        [ "$(sed -E '/"(seconds|ranks)"/d' one)" = "$(sed -E '/"(seconds|ranks)"/d' "$log.out")" ] ||
            fail "$count ranks differ: $(diff one "$log.out" | tr '\n' '|')"
    done
}

# Several groups of examples of unlike length, to the last digit; exact match with little room behind the longest prompt.
unlike_examples() {
    local index
    for index in $(seq 1 45); do
        printf '{"prompt": "%s?", "completion": "It is %s."}\n' "$(seq -s ' ' 1 $((1 + index * index % 23)))" "$index"
    done >unlike.jsonl
    rm data
    mkdir data
    mv unlike.jsonl data/validation.jsonl
    own_model
    rm model
    mv own model
    sed -i -E 's/("max_position_embeddings": ?)[0-9]+/\1100/' model/config.json
    evaluation_is_equal
    evaluation_is_equal --task exact-match --max-tokens 80 --limit 12
}

validation_equals_evaluation() {
    local during after
    whole_run
    during=$(tail -n 1 "$whole/metrics.jsonl" | sed -E 's/.*"validation_loss": ([^,}]+).*/\1/')
    run "$catena" evaluate --model model --adapter "$whole/adapter" --data data/validation.jsonl --template chatml --json
    expect_code 0
    after=$(sed -nE 's/.*"loss" ?: ?([^,}]+).*/\1/p' "$log.out")
    awk -v a="$during" -v b="$after" 'BEGIN { d = a - b; if (d < 0) d = -d; exit !(a > 0 && d < 1e-5 * a) }' ||
        fail "validation loss $during, evaluate says $after"
}

# generation_repeats [OPTION...]
generation_repeats() {
    local first options=("$@")
    generate() {
        run "$catena" generate --model model --prompt "Add 3 and 5. What is the result?" --max-tokens 20 \
            --temperature 3 --top-p 0.95 "${options[@]}" "$@"
        expect_code 0
    }
    generate --seed 7
    first=$(cat "$log.out")
    [ -n "$first" ] || fail "nothing was generated"
    generate --seed 7
    [ "$first" = "$(cat "$log.out")" ] || fail "seed 7 gave \"$first\", then \"$(cat "$log.out")\""
    generate --seed 7 --threads 2
    [ "$first" = "$(cat "$log.out")" ] || fail "2 threads gave another text"
    generate --seed 8
    [ "$first" != "$(cat "$log.out")" ] || fail "seeds 7 and 8 gave the same text"
}

int8_evaluation() {
    local exact
    whole_run
    loss() {
        run "$catena" evaluate --model model --adapter "$whole/adapter" --data data/validation.jsonl --json "$@"
        expect_code 0
        sed -nE 's/.*"loss" ?: ?([^,}]+).*/\1/p' "$log.out"
    }
    exact=$(loss)
    awk -v a="$exact" -v b="$(loss --base-compute int8)" 'BEGIN { d = (a - b) / a; exit !(d != 0 && d * d < 1e-4) }' ||
        fail "float32 $exact, int8 $(loss --base-compute int8)"
}

# Ids of text, taken as pre-tokenised data, have the same loss as the text.
tokens_are_text() {
    printf 'Add 3 and 5.\nZoë naïve — 12 345\n\n  two  spaces\n' >text
    run "$catena" tokenize --model model --input text
    expect_code 0
    [ "$(wc -l <"$log.out")" -eq 4 ] || fail "4 lines gave $(wc -l <"$log.out")"
    cp "$log.out" ids
    run "$catena" tokenize --model model/tokenizer.json --input text
    expect_code 0
    same_bytes ids "$log.out"
    run "$catena" tokenize --model model --input - <text
    [ "$(sed -n 3p ids)" = "[]" ] || fail "an empty line gave $(sed -n 3p ids)"
}

# Equal inputs give equal bytes; gradients are there only when asked for.
probe_repeats() {
    local cases=$root/Tests/Fixtures/parity/llama-gqa
    [ -f "$cases/expected.safetensors" ] || skip "the parity fixtures are not there"
    run "$catena" probe --model "$cases/model" --adapter "$cases/adapter-init" --input "$cases/expected.safetensors" \
        --output one.safetensors --gradients
    expect_code 0
    run "$catena" probe --model "$cases/model" --adapter "$cases/adapter-init" --input "$cases/expected.safetensors" \
        --output two.safetensors --gradients
    expect_code 0
    same_bytes one.safetensors two.safetensors
    run "$catena" inspect one.safetensors
    expect_code 0
    grep -q 'logits' "$log.out" || fail "no logits: $(cat "$log.out")"
    grep -q 'grad\.' "$log.out" || fail "no gradients: $(cat "$log.out")"
}

# The adapter folder of a run is accepted by all that read adapters.
result_is_usable() {
    whole_run
    run "$catena" verify --adapter "$whole/adapter" --model model
    expect_code 0
    for format in peft lora merged gguf; do
        run "$catena" export --adapter "$whole/adapter" --format "$format" --output "out-$format"
        expect_code 0
        [ -n "$(ls -A "out-$format")" ] || fail "$format wrote nothing"
    done
    run "$catena" generate --model model --adapter "$whole/adapter" --prompt "Add 1 and 2." --max-tokens 8
    expect_code 0
    cp "$log.out" adapted
    run "$catena" generate --model out-merged --prompt "Add 1 and 2." --max-tokens 8
    expect_code 0
    same_bytes adapted "$log.out"
}

# The adapter finds its base from any folder, and is no longer sound on another base of the same shape.
other_base() {
    whole_run
    (cd / && "$catena" verify --adapter "$whole/adapter") >out 2>&1 || fail "not found from /: $(cat out)"
    own_model
    overwrite own/model.safetensors "$(tensor_start own/model.safetensors model.norm.weight)" '\x00\x00\x00\x40'
    run "$catena" verify --adapter "$whole/adapter" --model own
    expect_code 1
    grep -q 'FAILED  base' "$log.out" || fail "accepted: $(cat "$log.out")"
    run "$catena" generate --model own --adapter "$whole/adapter" --prompt a --max-tokens 1
    expect_code 0
    expect_text "note: the adapter" "was trained on a base with fingerprint"
    sed -E 's/"r": [0-9]+/"r": -1/' -i.old "$whole/adapter/adapter_config.json"
    run "$catena" verify --adapter "$whole/adapter" --model model
    mv "$whole/adapter/adapter_config.json.old" "$whole/adapter/adapter_config.json"
    expect_code 1
    expect_one_error '"r" must be a whole number of at least 1'
}

# A job on one machine has nothing to compare clocks and networks with; two ranks talk and measure.
doctor_sees_the_job() {
    run "$catena" doctor --json
    expect_code 0
    grep -q '"shared_memory"' "$log.out" || fail "no shared memory: $(cat "$log.out")"
    grep -q '"clocks": \[\]' "$log.out" || fail "a clock to compare with: $(cat "$log.out")"
    ranks 2 "$catena" doctor --json
    expect_code 0
    [ "$(grep -c '"binary_digest"' "$log.out")" -eq 2 ] || fail "not two ranks: $(cat "$log.out")"
    grep -q '"reads_neighbours": ' "$log.out" || fail "nobody tried to read its neighbour: $(cat "$log.out")"
    grep -q '"ring"' "$log.out" || fail "no ring: $(cat "$log.out")"
    grep -q '"is_correct": true' "$log.out" || fail "no correct sum: $(cat "$log.out")"
}

# A limit that this shell sets shows as a finding with its remedy, and a warning does not fail.
doctor_names_limits() {
    run bash -c 'ulimit -n 60 && exec "$0" doctor' "$catena"
    expect_code 0
    grep -q '^warning: .*may open 60 files' "$log.out" || fail "no finding: $(cat "$log.out")"
}

check "doctor: hosts, memory, links and sums of a job of two ranks" doctor_sees_the_job
check "doctor: a limit is a finding with a remedy" doctor_names_limits
check "evaluate: the loss is the same on 1, 2 and 3 ranks" evaluation_is_equal
check "evaluate: exact match is the same on 1, 2 and 3 ranks" evaluation_is_equal --task exact-match --max-tokens 24
check "evaluate: both are the same for examples of unlike length" unlike_examples
check "evaluate: equals the validation loss of the run" validation_equals_evaluation
check "evaluate: the loss in int8 is the same on 1, 2 and 3 ranks" evaluation_is_equal --base-compute int8
check "evaluate: int8 changes the loss a little" int8_evaluation
check "generate: a seed gives the same text again" generation_repeats
check "generate: a seed gives the same text again in int8" generation_repeats --base-compute int8
check "tokenize: a file, a tokenizer.json, empty lines" tokens_are_text
check "probe: equal bytes twice, gradients when asked for" probe_repeats
check "a trained adapter verifies, exports and generates" result_is_usable
check "verify: the base is found from anywhere, and another one is refused" other_base
