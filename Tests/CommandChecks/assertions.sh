# Assertions and inputs that all subjects of Tests/run-command-checks.sh share.

# Runs one check, a function, in a folder of its own with the small inputs linked into it.
#   check NAME FUNCTION [ARGUMENT...]
check() {
    local name=$1 outcome status
    shift
    [ -z "${only:-}" ] || [[ "$name" =~ $only ]] || return 0
    local folder=$work/checks/$((passed + failed + skipped))
    mkdir -p "$folder"
    ln -s "$work/inputs/model" "$work/inputs/data" "$work/inputs/run.yaml" "$folder/"
    outcome=$(cd "$folder" && set -u && "$@" 2>&1)
    status=$?
    case $status in
    0) passed=$((passed + 1)); echo "ok $name" ;;
    77) skipped=$((skipped + 1)); echo "skipped $name: $outcome" ;;
    *) failed=$((failed + 1)); echo "FAILED $name: $outcome" ;;
    esac
    chmod -R u+rwX "$folder" 2>/dev/null
    rm -rf "$folder"
}

# Ends the running check.
fail() { echo "$*"; exit 1; }
skip() { echo "$*"; exit 77; }

# Runs a command; its exit code goes to $code, its output to the files $log.out and $log.
log=
run() {
    log=$(mktemp -p "$work/logs")
    "$@" >"$log.out" 2>"$log" </dev/null
    code=$?
}

# As `run`, under mpirun with this many ranks: ranks N COMMAND...
ranks() {
    local count=$1
    shift
    run timeout -k 5 "$limit_seconds" "${mpirun[@]}" -n "$count" "$@"
}

# Starts a command in the background as a process group of its own; its id goes to $process. Job control keeps INT from
# being ignored in it.
start() {
    log=$(mktemp -p "$work/logs")
    set -m
    "$@" >"$log.out" 2>"$log" </dev/null &
    process=$!
    set +m
}
ended() {
    wait "$process"
    code=$?
}

# The process of a rank that `start` started under mpirun; waits until it is there: rank_process RANK
rank_process() {
    local tries candidate
    for ((tries = 0; tries < 200; tries++)); do
        for candidate in $(pgrep -P "$process"); do
            tr '\0' '\n' <"/proc/$candidate/environ" 2>/dev/null | grep -qx "OMPI_COMM_WORLD_RANK=$1" && echo "$candidate" && return
        done
        sleep 0.05
    done
    fail "rank $1 is not there"
}

# Waits until SIGSTOP has stopped a process.
wait_until_stopped() {
    local tries
    for ((tries = 0; tries < 600; tries++)); do
        grep -q '^State:[[:space:]]*T' "/proc/$1/status" 2>/dev/null && return
        sleep 0.05
    done
    fail "process $1 was not stopped; $(tail -n 3 "$log" | tr '\n' '|')"
}

# Exit code and messages: expect_code CODE; expect_text TEXT... (each somewhere on standard error).
expect_code() {
    [ "$code" -eq "$1" ] || fail "exit code $code, expected $1; $(tail -n 5 "$log" | tr '\n' '|')"
}
expect_text() {
    local text
    for text in "$@"; do
        grep -qF -- "$text" "$log" || fail "\"$text\" is not in: $(tail -n 5 "$log" | tr '\n' '|')"
    done
}

# Names, kinds and sizes of all files here, to compare before and after.
# job.lock, which a killed job leaves, goes with the next job.
listing() { find . ! -name job.lock -printf '%p %y %s\n' | sort; }

# A command must be refused: one line `catena: error: ...` that has all texts, this exit code, nothing written.
#   refuses CODE TEXT... -- COMMAND...
refuses() {
    local expected=$1 texts=() before
    shift
    while [ "$1" != -- ]; do texts+=("$1"); shift; done
    shift
    before=$(listing)
    run "$@"
    expect_code "$expected"
    expect_one_error "${texts[@]}"
    [ "$before" = "$(listing)" ] || fail "files changed: $(diff <(echo "$before") <(listing) | tr '\n' '|')"
}

# Standard error is one line that begins with `catena: error: ` and has all texts.
expect_one_error() {
    [ "$(wc -l <"$log")" -eq 1 ] || fail "expected one line of message, got: $(tr '\n' '|' <"$log")"
    grep -q '^catena: error: ' "$log" || fail "no error line in: $(cat "$log")"
    expect_text "$@"
}

# Among other lines (mpirun adds its own) there is exactly one error line, with all texts.
expect_single_error_line() {
    [ "$(grep -c 'catena: error: ' "$log")" -eq 1 ] || fail "expected one error line, got: $(tr '\n' '|' <"$log")"
    expect_text "$@"
}

# Two files have equal bytes.
same_bytes() {
    [ -f "$1" ] || fail "$1 is missing"
    [ -f "$2" ] || fail "$2 is missing"
    cmp -s "$1" "$2" || fail "$1 and $2 differ"
}

same_adapter() { same_bytes "$1/adapter/adapter_model.safetensors" "$2/adapter/adapter_model.safetensors"; }

# A run's steps, losses and validation losses, without times.
losses() {
    sed -E 's/.*("step": [0-9]+), ("loss": [^,]+),.*/\1 \2&/; s/\{.*("validation_loss": [^,}]+).*/ \1/; s/\{.*//' "$1/metrics.jsonl"
}

# Every step from 1 to COUNT is in a run's metrics exactly once and in order.
expect_steps() {
    local steps
    steps=$(sed -E 's/.*"step": ([0-9]+),.*/\1/' "$1/metrics.jsonl" | tr '\n' ' ')
    [ "$steps" = "$(seq -s ' ' "$2") " ] || fail "$1/metrics.jsonl has the steps $steps"
}

# Waits until a file has this many lines: wait_for_lines FILE COUNT
wait_for_lines() {
    local tries
    for ((tries = 0; tries < 600; tries++)); do
        [ -f "$1" ] && [ "$(wc -l <"$1")" -ge "$2" ] && return
        sleep 0.05
    done
    fail "$1 did not get $2 lines"
}

# The same, for a text in a file.
wait_for_text() {
    local tries
    for ((tries = 0; tries < 600; tries++)); do
        grep -qF -- "$2" "$1" 2>/dev/null && return
        sleep 0.05
    done
    fail "$1 never had \"$2\""
}

# A copy of a safetensors file with a header that a sed program changes: rewrite_header FILE PROGRAM
rewrite_header() {
    local length
    length=$(od -A n -t u8 -N 8 "$1" | tr -d ' ')
    tail -c +9 "$1" | head -c "$length" | sed -E "$2" >"$1.header"
    tail -c +$((9 + length)) "$1" >"$1.data"
    { little_endian "$(wc -c <"$1.header")"; cat "$1.header" "$1.data"; } >"$1.new"
    mv "$1.new" "$1"
    rm "$1.header" "$1.data"
}

# Eight bytes of a number.
little_endian() {
    local value=$1 index
    for index in 1 2 3 4 5 6 7 8; do
        # shellcheck disable=SC2059
        printf "\\x$(printf %02x $((value & 255)))"
        value=$((value >> 8))
    done
}

# The byte of a file at which a tensor's values begin: tensor_start FILE NAME
tensor_start() {
    local length
    length=$(od -A n -t u8 -N 8 "$1" | tr -d ' ')
    tail -c +9 "$1" | head -c "$length" | sed -E "s/.*\"$2\": ?\{[^}]*\"data_offsets\": ?\[([0-9]+).*/\1/" |
        awk -v base="$((8 + length))" '{ print base + $1 }'
}

# Writes bytes (printf escapes) into a file at a place: overwrite FILE PLACE BYTES
overwrite() {
    # shellcheck disable=SC2059
    printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# A copy of the model that a check may damage.
own_model() { cp -rL model own; chmod -R u+w own; }

# evaluates_as_trained RUN: its adapter, loaded by itself, has the validation loss that the run ended with.
evaluates_as_trained() {
    run "$catena" evaluate --model model --adapter "$1/adapter" --data data/validation.jsonl \
        --template chatml --json
    expect_code 0
    local expected found
    expected=$(tail -n 1 "$1/metrics.jsonl" | sed -E 's/.*"validation_loss": ([^,}]+).*/\1/')
    found=$(sed -nE 's/.*"loss" ?: ?([^,}]+).*/\1/p' "$log.out")
    awk -v a="$expected" -v b="$found" 'BEGIN { d = a - b; exit !(a > 0 && d < 1e-5 && d > -1e-5) }' ||
        fail "the adapter's validation loss is $found, the run's was $expected"
}
