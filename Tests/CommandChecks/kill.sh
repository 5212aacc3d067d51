# A process killed with SIGKILL at any point; the resumed run ends like one that nothing happened to.
# Environment: CATENA_KILL_STRIDE=N kills at every Nth collective of a run (default 9; 1: at each of them).
# Tests/kill-table.sh makes a table of the output.

# The job ended because this rank was killed: expect_killed RANK RANKS
expect_killed() {
    expect_code 137
    [ "$2" -eq 1 ] || grep -q "process rank $1 with PID .* exited on signal 9" "$log" ||
        fail "rank $1 was not killed: $(tail -n 5 "$log" | tr '\n' '|')"
}

# The resumed run ends like the unbroken one: resume_like_whole RANKS
resume_like_whole() {
    train_ranks "$1" run --resume auto
    expect_code 0
    same_adapter run "$whole"
    expect_steps run 8
    [ "$(losses run)" = "$(losses "$whole")" ] || fail "the losses differ from the unbroken run's"
    [ ! -d run/checkpoints ] || [ -z "$(find run/checkpoints -name '*.tmp')" ] || fail "left over: $(ls run/checkpoints)"
}

# kill_and_resume POINT KILLED-RANKS RESUMED-RANKS
kill_and_resume() {
    local point=$1 killed=$2 resumed=$3 rank=0
    [[ "$point" != *@* ]] || rank=${point#*@}
    whole_run
    CATENA_CRASH_AT=$point train_ranks "$killed" run
    expect_killed "$rank" "$killed"
    [ ! -e run/adapter ] || fail "the run was not killed: it has an adapter"
    [ -s run/metrics.jsonl ] || fail "the run was killed before its first step"
    resume_like_whole "$resumed"
}

# kill_two POINT RANK: with two ranks; at the earliest points the run has done nothing yet.
kill_two() {
    whole_run
    CATENA_CRASH_AT=$1@$2 train_ranks 2 run
    expect_killed "$2" 2
    resume_like_whole 2
}

# The same with the frozen weights split over the ranks, which gather each block by a thread of its own.
kill_sharded() {
    whole_run
    CATENA_CRASH_AT=$1@$2 train_ranks 2 run --set distributed.placement=sharded
    expect_killed "$2" 2
    resume_like_whole 2
}

# Rank 1 dies while rank 0 stands still at a point in the middle of its writing; mpirun then kills rank 0 there.
kill_one_while_zero_writes() {
    local zero
    whole_run
    CATENA_STOP_AT=$1@0 start "${mpirun[@]}" -n 2 "$catena" train --config run.yaml
    zero=$(rank_process 0)
    wait_until_stopped "$zero"
    kill -KILL "$(rank_process 1)"
    ended
    expect_killed 1 2
    resume_like_whole 2
}

# Resuming has collectives of its own: the checkpoint is sent to all.
kill_while_resuming() {
    whole_run
    CATENA_CRASH_AT=step-end:5 train run
    expect_killed 0 1
    CATENA_CRASH_AT=$1@$2 train_ranks 2 run --resume auto
    expect_killed "$2" 2
    resume_like_whole 2
}

# A checkpoint that is there twice: the first is damaged, so the resumed run writes the same step again and dies between
# the two renames.
kill_while_replacing() {
    whole_run
    CATENA_CRASH_AT=checkpoint-after-rename:3 train run
    expect_code 137
    overwrite run/checkpoints/step-00000006/optimizer.safetensors 2000 'XXXX'
    CATENA_CRASH_AT=checkpoint-replace train_ranks "$1" run --resume auto
    expect_killed 0 "$1"
    expect_text "skipped the checkpoint of step 6"
    ls -d run/checkpoints/*.replaced.tmp >/dev/null || fail "not killed while replacing: $(ls run/checkpoints)"
    train_ranks "$1" run --resume auto
    expect_code 0
    same_adapter run "$whole"
    expect_steps run 8
}

# After the last step there is nothing to train; only what was not written is made up for.
kill_at_result() {
    whole_run
    CATENA_CRASH_AT=$1@0 train_ranks "$2" run
    expect_killed 0 "$2"
    expect_steps run 8
    train_ranks "$2" run --resume auto
    expect_code 0
    expect_text "RESUMED step 8"
    same_adapter run "$whole"
    expect_steps run 8
}

# How many collectives a run of two ranks has: each number below is reached, and the run ends only with the next.
count_collectives() {
    whole_run
    local below=1 above=1000 middle
    while [ $((above - below)) -gt 1 ]; do
        middle=$(((above + below) / 2))
        rm -rf run
        CATENA_CRASH_AT=collective:$middle@1 train_ranks 2 run
        if [ "$code" -eq 137 ]; then below=$middle; else expect_code 0; above=$middle; fi
    done
    [ "$below" -gt 40 ] || fail "only $below collectives"
    echo "$below" >"$work/collectives"
}

# One run that is killed again and again at moments that nothing in the program chose, each time a little later, so that it
# gets on however slow the machine is.
kill_at_random() {
    local kills=0 tries victim longer=(--set training.steps=40)
    train unbroken "${longer[@]}"
    expect_code 0
    RANDOM=20
    for ((tries = 0; tries < 60; tries++)); do
        start "${mpirun[@]}" -n 2 "$catena" train --config run.yaml --resume auto "${longer[@]}"
        victim=$(rank_process $((RANDOM % 2)))
        sleep "$(awk -v hundredths=$((RANDOM % 50 + 8 * tries)) 'BEGIN { print hundredths / 100 }')"
        kill -KILL "$victim" 2>/dev/null
        ended
        [ "$code" -eq 137 ] || break
        kills=$((kills + 1))
    done
    expect_code 0
    [ "$kills" -ge 3 ] || fail "only $kills kills before the run ended"
    same_adapter run unbroken
    expect_steps run 40
}

check "kill at the first step, before any checkpoint" kill_and_resume step-end:1 1 1
check "kill at step 5" kill_and_resume step-end:5 1 1
check "kill at the last step" kill_and_resume step-end:8 1 1
check "kill rank 0 of 2 at step-end:5, resume on 1" kill_and_resume step-end:5@0 2 1
check "kill rank 1 of 2 at step-end:3, resume on 2" kill_and_resume step-end:3@1 2 2
check "kill rank 3 of 4 at step-end:7, resume on 2" kill_and_resume step-end:7@3 4 2
check "kill rank 0 of 1 at step-end:6, resume on 4" kill_and_resume step-end:6 1 4
check "kill rank 0 of 2 at checkpoint-file:8, resume on 4" kill_and_resume checkpoint-file:8@0 2 4

# Every durable write. Only rank 0 writes; the other one dies while rank 0 is at the point.
for point in begin:1 begin:3 file:1 file:2 file:9 manifest:2 before-rename:1 before-rename:3 after-rename:2 retention:1; do
    check "kill at checkpoint-$point" kill_and_resume "checkpoint-$point" 1 1
    check "kill rank 0 of 2 at checkpoint-$point, resume on 2" kill_two "checkpoint-$point" 0
    check "kill rank 1 of 2 while rank 0 is at checkpoint-$point, resume on 2" kill_one_while_zero_writes "checkpoint-$point"
done
for point in run-folder metrics-line:1 metrics-line:5 result-begin result-end; do
    check "kill rank 0 of 2 at $point, resume on 2" kill_two "$point" 0
    check "kill rank 1 of 2 while rank 0 is at $point, resume on 2" kill_one_while_zero_writes "$point"
done
check "kill after the last checkpoint, before the adapter" kill_at_result result-begin 1
check "kill after the adapter" kill_at_result result-end 1
check "kill between the two renames of a replaced checkpoint" kill_while_replacing 1
check "kill rank 0 of 2 at checkpoint-replace, resume on 2" kill_while_replacing 2

# Every collective, by kind and by number.
for rank in 0 1; do
    for point in reduction:1 reduction:4 reduction:8 exchange:2 exchange:9 all-reduce:1 all-gather:1 all-gather:8 barrier:1; do
        check "kill rank $rank of 2 at $point, resume on 2" kill_two "$point" "$rank"
    done
    for point in broadcast:1 broadcast:4; do
        check "kill rank $rank of 2 at $point while resuming, resume on 2" kill_while_resuming "$point" "$rank"
    done
done
for rank in 0 1; do
    for number in 1 7; do
        check "kill rank $rank of 2 at weight-gather:$number, resume on 2" kill_sharded "weight-gather:$number" "$rank"
    done
done
check "the collectives of a run are counted" count_collectives
for ((number = 1; number <= $(cat "$work/collectives" 2>/dev/null || echo 0); number += ${CATENA_KILL_STRIDE:-9})); do
    check "kill rank 0 of 2 at collective:$number, resume on 2" kill_two "collective:$number" 0
    check "kill rank 1 of 2 at collective:$number, resume on 2" kill_two "collective:$number" 1
done
check "kills at random moments until the run is done" kill_at_random
