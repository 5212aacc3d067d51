# catena plan: the answer for clusters that are not there, and what it costs here.

# value KEY: a number or text of the last JSON output.
value() { sed -nE "s/.*\"$1\": ?\"?([^\",]*)\"?,?$/\1/p" "$log.out" | head -n 1; }

large=(--shape llama-70b --storage bfloat16 --cores-per-node 32 --gflops-per-core 60 --bandwidth 25Gb --sequence 2048)

seventy_billion() {
    run "$catena" plan "${large[@]}" --ranks 64 --nodes 64 --memory-per-node 64GB --json
    expect_code 0
    [ "$(value parameters)" = 68976648192 ] || fail "parameters: $(value parameters)"
    [ "$(value placement)" = sharded ] || fail "placement: $(value placement)"
    [ "$(value gathers)" = 162 ] || fail "gathers: $(value gathers)"
    [ "$(value bottleneck)" = compute ] || fail "bottleneck: $(value bottleneck)"
    run "$catena" plan "${large[@]}" --bandwidth 1Gb --ranks 64 --nodes 64 --memory-per-node 64GB
    expect_code 0
    grep -q '^bottleneck  *network of the gather$' "$log.out" || fail "$(cat "$log.out")"
    grep -q '^advice .*computing hides the gathers' "$log.out" || fail "no advice: $(cat "$log.out")"
    [ "$(wc -l <"$log.out")" -le 30 ] || fail "more than a screen"
}

too_small() {
    run "$catena" plan "${large[@]}" --ranks 4 --nodes 4 --memory-per-node 32GB
    expect_code 1
    expect_one_error "the run does not fit" "more than 25.6 GB" "32.0 GB available"
    grep -q '^bottleneck  *memory$' "$log.out" || fail "$(cat "$log.out")"
    grep -qE '^advice  *use [0-9]+ hosts' "$log.out" || fail "no number of hosts: $(cat "$log.out")"
}

# The configuration's own model and batch; its keys and the options may be overridden; nothing is written.
from_configuration() {
    local before
    before=$(listing)
    run "$catena" plan --config run.yaml --ranks 2 --gflops-per-core 10 --memory-per-node 8GB --json
    expect_code 0
    [ "$(value placement)" = replicated ] || fail "mapped weights: $(value placement)"
    [ "$(value micro_batches)" = 4 ] || fail "micro-batches: $(value micro_batches)"
    [ "$(value tokens)" = 1024 ] || fail "tokens: $(value tokens)"
    run "$catena" plan --config run.yaml --set distributed.placement=sharded --sequence 64 --ranks 2 \
        --gflops-per-core 10 --memory-per-node 8GB --json
    expect_code 0
    [ "$(value placement)" = sharded ] || fail "placement: $(value placement)"
    [ "$(value tokens)" = 512 ] || fail "tokens: $(value tokens)"
    [ "$before" = "$(listing)" ] || fail "files changed"
}

# A model of which only the configuration is there.
without_weights() {
    mkdir bare
    cp model/config.json bare/
    run "$catena" plan --config run.yaml --set model=bare --ranks 1 --gflops-per-core 10 --memory-per-node 8GB --json
    expect_code 0
    [ "$(value stored_bytes)" -eq $((4 * ($(value parameters) - 9 * 128))) ] || fail "stored: $(value stored_bytes)"
    run "$catena" plan --shape bare/config.json --storage q8_0 --ranks 1 --gflops-per-core 10 --memory-per-node 8GB --json
    expect_code 0
    [ "$(value stored_bytes)" -eq $((34 * ($(value parameters) - 9 * 128) / 32)) ] || fail "stored: $(value stored_bytes)"
}

# The planned memory of a rank against what a run on the same configuration holds; the tiny model is mostly the program.
close_to_a_run() {
    local planned measured
    run "$catena" plan --config run.yaml --ranks 1 --gflops-per-core 10 --memory-per-node 8GB --json
    expect_code 0
    planned=$(value rank_bytes)
    whole_run
    measured=$(tail -n 1 "$whole/metrics.jsonl" | sed -E 's/.*"resident_bytes": ([0-9]+).*/\1/')
    awk -v p="$planned" -v m="$measured" 'BEGIN { exit !(p > 0.6 * m && p < 1.6 * m) }' ||
        fail "planned $planned bytes, a run holds $measured"
}

# The error comes first, how the verb is called after it.
refuses_usage() {
    local text=$1
    shift
    run "$catena" plan "$@"
    expect_code 2
    head -n 1 "$log" | grep -q '^catena: error: ' || fail "no error line in: $(cat "$log")"
    expect_text "$text"
}

wrong_options() {
    refuses_usage "Give --config, or --shape" --ranks 2
    refuses_usage "--nodes is 4" --shape tiny --ranks 2 --nodes 4
    refuses_usage "--memory-per-node" --shape tiny --ranks 2 --memory-per-node much
    refuses_usage "--shape is huge" --shape huge --ranks 2
    refuses 1 "rows of 576 numbers" "q4_K" -- "$catena" plan --shape smollm2-135m --storage q4_K --ranks 2
}

check "plan: 70 B parameters on 64 hosts, and the bottleneck of a slow network" seventy_billion
check "plan: what does not fit ends with 1, the missing bytes and a number of hosts" too_small
check "plan: a configuration's model, batch and overrides" from_configuration
check "plan: a model without weights" without_weights
check "plan: memory is near that of a run" close_to_a_run
check "plan: wrong options are refused" wrong_options
