# A process killed with SIGKILL at any point; the resumed run ends like one that nothing happened to.

# kill_and_resume POINT KILLED-RANKS RESUMED-RANKS
kill_and_resume() {
    local point=$1 killed=$2 resumed=$3
    whole_run
    CATENA_CRASH_AT=$point train_ranks "$killed" run
    expect_code 137
    [ ! -e run/adapter ] || fail "the run was not killed: it has an adapter"
    [ -s run/metrics.jsonl ] || fail "the run was killed before its first step"
    train_ranks "$resumed" run --resume auto
    expect_code 0
    same_adapter run "$whole"
    expect_steps run 8
    [ "$(losses run)" = "$(losses "$whole")" ] || fail "the losses differ from the unbroken run's"
    [ -z "$(find run/checkpoints -name '*.tmp')" ] || fail "left over: $(ls run/checkpoints)"
}

# A checkpoint that is there twice: the first is damaged, so the resumed run writes the same step again and dies between
# the two renames.
kill_while_replacing() {
    whole_run
    CATENA_CRASH_AT=checkpoint-after-rename:3 train run
    expect_code 137
    overwrite run/checkpoints/step-00000006/optimizer.safetensors 2000 'XXXX'
    CATENA_CRASH_AT=checkpoint-replace train run --resume auto
    expect_code 137
    expect_text "skipped the checkpoint of step 6"
    ls -d run/checkpoints/*.replaced.tmp >/dev/null || fail "not killed while replacing: $(ls run/checkpoints)"
    train run --resume auto
    expect_code 0
    same_adapter run "$whole"
    expect_steps run 8
}

# After the last step there is nothing to train; only what was not written is made up for.
kill_at_result() {
    whole_run
    CATENA_CRASH_AT=$1 train run
    expect_code 137
    expect_steps run 8
    train run --resume auto
    expect_code 0
    expect_text "RESUMED step 8"
    same_adapter run "$whole"
    expect_steps run 8
}

check "kill at the first step, before any checkpoint" kill_and_resume step-end:1 1 1
check "kill at step 5" kill_and_resume step-end:5 1 1
check "kill at the last step" kill_and_resume step-end:8 1 1
check "kill rank 0 of 2 at step 5, resume on 1" kill_and_resume step-end:5@0 2 1
check "kill rank 1 of 2 at step 3, resume on 2" kill_and_resume step-end:3@1 2 2
check "kill rank 3 of 4 at step 7, resume on 2" kill_and_resume step-end:7@3 4 2
check "kill at step 6 on 1, resume on 4" kill_and_resume step-end:6 1 4
for point in begin:1 begin:3 file:2 file:9 manifest:2 before-rename:1 before-rename:3 after-rename:2 retention:1; do
    check "kill at checkpoint-$point" kill_and_resume "checkpoint-$point" 1 1
done
check "kill rank 0 of 2 at checkpoint-file:8, resume on 4" kill_and_resume checkpoint-file:8@0 2 4
check "kill after the last checkpoint, before the adapter" kill_at_result result-begin
check "kill after the adapter" kill_at_result result-end
check "kill between the two renames of a replaced checkpoint" kill_while_replacing
