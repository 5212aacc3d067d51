# A rank that no longer answers is named with the collective and the step, and the job ends; one that is only late is not.

# Nothing of the job is left a moment after it ended; $started has the processes of its ranks.
expect_nobody_left() {
    local tries one left
    for ((tries = 0; tries < 40; tries++)); do
        left=
        for one in "${started[@]}"; do [ -d "/proc/$one" ] && ! grep -q '^State:[[:space:]]*Z' "/proc/$one/status" && left+=" $one"; done
        [ -z "$left" ] && return
        sleep 0.05
    done
    fail "still there:$left"
}

# Starts a job of this many ranks that is watched with a timeout: start_ranks COUNT SECONDS OPTION...
start_ranks() {
    local count=$1 seconds=$2 rank
    shift 2
    start "${mpirun[@]}" -n "$count" "$catena" train --config run.yaml --set "distributed.stall-timeout=$seconds" "$@"
    started=()
    for ((rank = 0; rank < count; rank++)); do started+=("$(rank_process "$rank")"); done
}

# stopped_at POINT RANK TEXT...: of three ranks one stops at a point and stays stopped.
stopped_at() {
    local point=$1 stopped=$2 begun
    shift 2
    whole_run
    CATENA_STOP_AT=$point@$stopped start_ranks 3 2
    wait_until_stopped "${started[$stopped]}"
    begun=$SECONDS
    ended
    expect_code 76
    [ $((SECONDS - begun)) -le 8 ] || fail "the job took $((SECONDS - begun)) s to end"
    expect_single_error_line "rank $stopped (host $(uname -n)" "does not answer for 2" "$@" "continue with --resume auto"
    expect_nobody_left
    [ ! -e run/adapter ] || same_adapter run "$whole"
    train_ranks 2 run --resume auto
    expect_code 0
    same_adapter run "$whole"
}

# Stopped from outside, at no particular place.
stopped_anywhere() {
    start_ranks 3 2 --set training.steps=1000000 --set training.schedule.name=constant
    wait_for_lines run/metrics.jsonl 5
    kill -STOP "${started[1]}"
    ended
    expect_code 76
    expect_single_error_line "rank 1 (host" "ranks 0, 2 wait for it in the " " of step "
    expect_nobody_left
}

# A stop that is shorter than the timeout changes nothing.
short_stop() {
    whole_run
    CATENA_STOP_AT=reduction:3@1 start_ranks 3 6
    wait_until_stopped "${started[1]}"
    sleep 2
    kill -CONT "${started[1]}"
    ended
    expect_code 0
    ! grep -q "answer" "$log" || fail "said: $(cat "$log")"
    same_adapter run "$whole"
}

# All ranks are suspended for longer than the timeout, as a batch system or a closed laptop does.
suspended() {
    whole_run
    CATENA_STOP_AT=reduction:3 start_ranks 3 1
    for one in "${started[@]}"; do wait_until_stopped "$one"; done
    sleep 3
    kill -CONT "${started[@]}"
    ended
    expect_code 0
    same_adapter run "$whole"
}

switched_off() {
    whole_run
    CATENA_STOP_AT=reduction:3@1 start_ranks 2 none
    wait_until_stopped "${started[1]}"
    sleep 2
    kill -CONT "${started[1]}"
    ended
    expect_code 0
    same_adapter run "$whole"
}

# All ranks share the preparation, but a single example is one rank's: it says that it is busy, the others wait, and it goes on.
busy() {
    local copies
    for ((copies = 0; copies < 60; copies++)); do cat data/train.jsonl; done | tr -d '"\\\n' >some.txt
    {
        printf '{"text":"'
        for ((copies = 0; copies < 500; copies++)); do cat some.txt; done
        printf '"}\n'
    } >own.jsonl
    start_ranks 3 1 --set data.train=own.jsonl
    ended
    expect_code 0
    expect_text 'ranks 1, 2 wait in the agreement "prepare the data" before the first step' "rank 0 answers and is busy"
    expect_steps run 8
}

check "rank 2 of 3 stops at a reduction" stopped_at reduction:3 2 "ranks 0, 1 wait for it in the reduction of step 3"
check "rank 0 of 3 stops at a reduction" stopped_at reduction:4 0 "ranks 1, 2 wait for it in the reduction of step 4"
check "rank 1 of 3 stops at the last barrier" stopped_at barrier:1 1 "ranks 0, 2 wait for it in the barrier of step 8"
check "rank 1 of 3 stops while it computes" stopped_at step-end:5 1 "ranks 0, 2 wait for it in the "
check "rank 0 of 3 stops while it writes a checkpoint" stopped_at checkpoint-file:2 0 "ranks 1, 2 wait for it in the "
check "rank 1 of 3 is stopped from outside" stopped_anywhere
check "a stop shorter than the timeout" short_stop
check "all ranks are suspended and go on" suspended
check "no watchdog" switched_off
check "a rank that is busy for long" busy
