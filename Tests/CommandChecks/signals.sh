# TERM, USR1 and INT: a checkpoint, exit code 75, and a resumed run that ends like an unbroken one.

# A run that only a signal ends. A constant rate, so that its length does not matter.
endless=(--set training.steps=1000000 --set 'training.schedule={name: constant}' --set checkpoint.every=none
    --set training.validation-every=1000000)

# Continues `run` for some steps and compares it with an unbroken run of the same length.
ends_the_same() {
    local last steps
    last=$(tail -n 1 run/metrics.jsonl | sed -E 's/.*"step": ([0-9]+),.*/\1/')
    steps=("${endless[@]}" --set "training.steps=$((last + 2))")
    train_ranks "$1" run "${steps[@]}" --resume auto
    expect_code 0
    expect_text "RESUMED step $last from"
    train unbroken "${steps[@]}"
    expect_code 0
    same_adapter run unbroken
    expect_steps run $((last + 2))
}

single() {
    start "$catena" train --config run.yaml "${endless[@]}"
    wait_for_lines run/metrics.jsonl 3
    kill "-$1" "$process"
    ended
    expect_code 75
    expect_text "stopped by $1 after step"
    [ ! -e run/adapter ] || fail "a stopped run has a final adapter"
    ends_the_same 1
}

# kill(2) to mpirun: USR1 is passed on and its exit code is the ranks' own. At TERM, mpirun 4.1 itself ends with 1.
to_mpirun() {
    start "${mpirun[@]}" "${@:3}" -n 2 "$catena" train --config run.yaml "${endless[@]}"
    wait_for_lines run/metrics.jsonl 3
    kill "-$1" "$process"
    ended
    expect_code "$2"
    [ -f "$(echo run/checkpoints/step-*/manifest.json)" ] || fail "no checkpoint: $(ls -R run)"
    ends_the_same 2
}

to_one_rank() {
    start "${mpirun[@]}" -n 2 "$catena" train --config run.yaml "${endless[@]}"
    wait_for_lines run/metrics.jsonl 3
    kill -USR1 "$(pgrep -P "$process" -f 'train --config' | tail -n 1)"
    ended
    expect_code 75
    ends_the_same 1
}

# The wrapper for one machine gives 75 at each of them, also when the terminal sends INT to the whole group.
through_launch() {
    [ -x "$root/launch/local" ] || skip "there is no launch/local"
    mkdir -p build/release
    ln -s "$catena" build/release/catena
    CATENA_BUILD=$PWD/build start "$root/launch/local" -n 2 train --config run.yaml "${endless[@]}"
    wait_for_lines run/metrics.jsonl 3
    kill "-$1" "$2$process"
    ended
    expect_code 75
    ends_the_same 4
}

# One step of many seconds, so that both signals fall into it.
make_long_step() {
    local copies
    for ((copies = 0; copies < 200; copies++)); do cat data/train.jsonl; done >own.jsonl
    long_step=("${endless[@]}" --set data.train=own.jsonl --set training.global-batch=12000)
}

twice() {
    make_long_step
    start "$catena" train --config run.yaml "${long_step[@]}"
    wait_for_text "$log" "trainable parameters"
    sleep 0.5
    kill -INT "$process"
    sleep 0.05
    kill -INT "$process"
    ended
    expect_code 130
}
launch_twice() {
    local begun
    make_long_step
    [ -x "$root/launch/local" ] || skip "there is no launch/local"
    mkdir -p build/release
    ln -s "$catena" build/release/catena
    CATENA_BUILD=$PWD/build start "$root/launch/local" -n 2 train --config run.yaml "${long_step[@]}"
    wait_for_text "$log" "trainable parameters"
    sleep 0.5
    begun=$SECONDS
    kill -INT "$process"
    sleep 0.2
    kill -INT "$process"
    ended
    expect_code 137
    [ $((SECONDS - begun)) -le 10 ] || fail "the job took $((SECONDS - begun)) s to end"
}

term_twice() {
    start "$catena" train --config run.yaml "${endless[@]}"
    wait_for_lines run/metrics.jsonl 3
    kill -TERM "$process"
    kill -TERM "$process"
    ended
    expect_code 75
    ends_the_same 1
}

# The model is mapped before the data are read, which takes far longer than noticing the map.
before_the_first_step() {
    local copies
    for ((copies = 0; copies < 400; copies++)); do cat data/train.jsonl; done >own.jsonl
    start "$catena" train --config run.yaml --set data.train=own.jsonl
    wait_for_text "/proc/$process/maps" model.safetensors
    kill -TERM "$process"
    ended
    expect_code 75
    expect_text "stopped by TERM before" "nothing was done"
    [ ! -s run/metrics.jsonl ] || fail "a step was done: $(cat run/metrics.jsonl)"
    train run
    expect_code 0
}

check "TERM to a single process" single TERM
check "USR1 to a single process" single USR1
check "INT to a single process" single INT
check "USR1 to mpirun" to_mpirun USR1 75
check "TERM to mpirun" to_mpirun TERM 1 --mca odls_base_sigkill_timeout 4
check "USR1 to one of two ranks" to_one_rank
check "TERM to launch/local" through_launch TERM ''
check "USR1 to launch/local" through_launch USR1 ''
check "INT to launch/local" through_launch INT ''
check "INT to the group of launch/local" through_launch INT -
check "INT twice ends at once" twice
check "TERM twice saves" term_twice
check "TERM while the data are read" before_the_first_step
check "INT twice to launch/local ends at once" launch_twice
