# catena compare: an unbroken comparison, one that is killed and goes on, one that a signal stops, and what is refused.

make_comparison() {
    local question
    for question in 3,4,7,8 5,6,11,10 2,9,11,12; do
        # shellcheck disable=SC2086
        printf '{"prompt": "Add %s and %s. What is the result?", "choices": ["#### %s", "#### %s"], "answer": 0}\n' ${question//,/ }
    done >choices.jsonl
    cat >compare.yaml <<'YAML'
base:
  model: model
  data: {train: data/train.jsonl, validation: data/validation.jsonl, template: chatml, max-length: 128}
  training: {global-batch: 8, micro-batch: 2, schedule: {name: cosine, warmup-steps: 2}, validation-every: 3}
  distributed: {threads: 1}
  checkpoint: {every: 2, keep: 1}
  log: {tensorboard: false, report: false}
methods:
  - {name: lora, adapter: {method: lora}, learning-rates: [1.0e-3, 4.0e-3]}
  - {name: rslora, adapter: {method: lora, rs-lora: true}, learning-rate: 1.0e-3}
seeds: [0, 1]
selection: first-seed
budget: {steps: 6, parameters: 20000}
evaluate:
  loss: data/validation.jsonl
  exact-match: {name: sums, file: data/validation.jsonl, limit: 3, max-tokens: 8}
  choice: choices.jsonl
output: compared
YAML
    sed -i 's/evaluate:/&\n  untrained: true/; s|  loss: data/validation.jsonl|  loss: {name: held-out, file: data/validation.jsonl}|' compare.yaml
}

# The results without what depends on time, memory and ranks.
numbers() {
    sed -E '/"(seconds|tokens_per_second|peak_resident_bytes)": \{/,/\}/d; /"notes": \[/,/\]/d; /"ranks": \[/,/\]/d' "$1/results.json"
}

# Made once by one rank, in the folder of all checks.
unbroken_comparison() {
    if [ ! -d "$work/compared" ]; then
        run "$catena" compare --config compare.yaml --set "output=$work/compared"
        expect_code 0
        expect_text "cell 1 of 5: lora, learning rate 0.001, seed 0" "cell 5 of 5: rslora" "ETA of all"
        grep -q "^untrained" "$log.out" || fail "no table: $(cat "$log.out")"
    fi
}

equals_unbroken() {
    [ "$(numbers compared)" = "$(numbers "$work/compared")" ] ||
        fail "results differ: $(diff <(numbers compared) <(numbers "$work/compared") | tr '\n' '|')"
    local name
    for name in "$work/compared"/cells/*/adapter; do
        same_bytes "compared/cells/$(basename "$(dirname "$name")")/adapter/adapter_model.safetensors" "$name/adapter_model.safetensors"
    done
}

on_two_ranks() {
    make_comparison
    unbroken_comparison
    ranks 2 "$catena" compare --config compare.yaml --json
    expect_code 0
    grep -q '"is_complete": true' "$log.out" || fail "no JSON: $(head -c 300 "$log.out")"
    equals_unbroken
    local file
    for file in results.txt results.csv report.html comparison.yaml untrained/test.json; do
        [ -s "compared/$file" ] || fail "$file is missing"
    done
    # Nothing is left to do.
    ranks 2 "$catena" compare --config compare.yaml
    expect_code 0
    ! grep -q '^cell ' "$log" || fail "a finished comparison trained again: $(cat "$log")"
}

# killed CELL LINES RANK: dies in the middle of a cell's training.
killed() {
    make_comparison
    unbroken_comparison
    start "${mpirun[@]}" -n 2 "$catena" compare --config compare.yaml
    wait_for_lines "compared/cells/$1/metrics.jsonl" "$2"
    kill -KILL "$(rank_process "$3")"
    ended
    [ "$code" -ne 0 ] || fail "the comparison was not killed"
    ranks 2 "$catena" compare --config compare.yaml
    expect_code 0
    equals_unbroken
}

# crashed POINT: dies where a result is written.
crashed() {
    make_comparison
    unbroken_comparison
    CATENA_CRASH_AT=$1@0 ranks 2 "$catena" compare --config compare.yaml
    [ "$code" -ne 0 ] || fail "the comparison was not killed"
    run "$catena" compare --config compare.yaml
    expect_code 0
    equals_unbroken
}

stopped() {
    make_comparison
    unbroken_comparison
    start "${mpirun[@]}" -n 2 "$catena" compare --config compare.yaml
    wait_for_lines compared/cells/lora-0.004-0/metrics.jsonl 1
    kill -USR1 "$process"
    ended
    expect_code 75
    expect_text "stopped by"
    ranks 2 "$catena" compare --config compare.yaml
    expect_code 0
    equals_unbroken
}

refused() {
    make_comparison
    unbroken_comparison
    cp -r "$work/compared" compared
    refuses 2 "seeds: [0, 2] against [0, 1]" -- "$catena" compare --config compare.yaml --set 'seeds=[0, 2]'
    refuses 2 "budget.steps: 7 against 6" -- "$catena" compare --config compare.yaml --set budget.steps=7
    sed 's/rs-lora: true/&, rank: 4/' compare.yaml >ranked.yaml
    refuses 2 "ranked.yaml" "methods[1].adapter.rank is given, but budget.parameters chooses it" -- \
        "$catena" compare --config ranked.yaml
    refuses 2 "base.training.steps and budget.steps" -- "$catena" compare --config compare.yaml --set base.training.steps=3
    refuses 1 "none.jsonl" -- "$catena" compare --config compare.yaml --set evaluate.choice=none.jsonl
    refuses 2 "nothing.yaml" -- "$catena" compare --config nothing.yaml
}

choice_is_equal() {
    make_comparison
    run "$catena" evaluate --model model --data choices.jsonl --task choice --json --output one.json
    expect_code 0
    grep -q '"examples": 3' "$log.out" || grep -q '"examples":3' "$log.out" || fail "no result: $(cat "$log.out")"
    ranks 2 "$catena" evaluate --model model --data choices.jsonl --task choice --json --output two.json
    expect_code 0
    [ "$(grep -vE '"(seconds|ranks)"' one.json)" = "$(grep -vE '"(seconds|ranks)"' two.json)" ] ||
        fail "two ranks differ: $(diff one.json two.json | tr '\n' '|')"
    run "$catena" evaluate --model model --data choices.jsonl --length-normalised
    expect_code 2
    expect_text "--length-normalised belongs to --task choice"
}

check "evaluate: choice is the same on 1 and 2 ranks" choice_is_equal
check "compare: two ranks give what one gives" on_two_ranks
check "compare: killed in the middle of a run, goes on" killed lora-0.004-0 3 1
check "compare: killed in the last run, goes on" killed rslora-0.001-1 2 0
check "compare: killed before a result is written" crashed cell-result:2
check "compare: killed before a test is written" crashed cell-test:2
check "compare: USR1 saves and ends with 75" stopped
check "compare: other configurations are refused" refused
