# TERM, USR1 and INT: a checkpoint, exit code 75, and a resumed run that ends like an unbroken one.

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

# At any moment, before mpirun, MPI or the model are there as well: always 75 and our own line, never a sudden end.
launch_early() {
    local moment
    mkdir -p build/release
    ln -s "$catena" build/release/catena
    for moment in 0 0.1 0.3 0.8; do
        CATENA_BUILD=$PWD/build start "$root/launch/local" -n 2 train --config run.yaml "${endless[@]}" --resume auto
        wait_for_handler "$process" "$1"
        sleep "$moment"
        kill "-$1" "$process"
        ended
        expect_code 75
        expect_text "stopped b"
        only_our_lines
    done
}
single_early() {
    local moment
    for moment in 0.1 0.3 0.8; do
        start "$catena" train --config run.yaml "${endless[@]}" --resume auto
        until [ "$(cat "/proc/$process/comm")" = "$(basename "$catena")" ]; do sleep 0.01; done
        wait_for_handler "$process" "$1"
        sleep "$moment"
        kill "-$1" "$process"
        ended
        expect_code 75
    done
}

# Waits until a process catches a signal: wait_for_handler PROCESS NAME
wait_for_handler() {
    local tries caught bit=$(($(kill -l "$2") - 1))
    for ((tries = 0; tries < 400; tries++)); do
        caught=$(sed -n 's/^SigCgt:[[:space:]]*//p' "/proc/$1/status" 2>/dev/null)
        [ -z "$caught" ] || [ $((16#$caught >> bit & 1)) -eq 0 ] || return 0
        sleep 0.01
    done
    fail "process $1 does not catch $2"
}

# mpirun's own messages are not there.
only_our_lines() {
    ! grep -qE 'mpirun (noticed|detected)|^-{20}|Primary job|MPI_ABORT|Process name:|Per user-direction' "$log" ||
        fail "mpirun's own lines: $(tr '\n' '|' <"$log")"
}

quiet_ends() {
    mkdir -p build/release
    ln -s "$catena" build/release/catena
    CATENA_BUILD=$PWD/build run "$root/launch/local" -n 2 train --config run.yaml --set adapter.rank=9999
    expect_code 2
    only_our_lines
    expect_single_error_line "rank 9999"
    CATENA_CRASH_AT=step-end:3@1 CATENA_BUILD=$PWD/build run "$root/launch/local" -n 2 train --config run.yaml
    expect_code 137
    only_our_lines
    expect_text "local: rank 1 on" "was ended by signal 9"
    # What is not about the ranks' ends is shown.
    CATENA_BUILD=$PWD/build OMPI_MCA_rmaps=nonsense run "$root/launch/local" -n 2 train --config run.yaml
    grep -q nonsense "$log" || fail "mpirun's message is lost: $(tr '\n' '|' <"$log")"
}

# Ranks of one machine have no port that others could reach.
no_ports() {
    command -v ss >/dev/null || skip "ss is not installed"
    mkdir -p build/release
    ln -s "$catena" build/release/catena
    CATENA_BUILD=$PWD/build start "$root/launch/local" -n 2 train --config run.yaml "${endless[@]}"
    wait_for_lines run/metrics.jsonl 2
    local ports="" line rank
    while read -r line; do
        rank=$(sed -n 's/.*"catena",pid=\([0-9]*\).*/\1/p' <<<"$line")
        # Other checks' jobs run beside this one, in folders of their own.
        [ "$(readlink "/proc/$rank/cwd")" != "$PWD" ] || ports+="$line; "
    done < <(ss -ltnp | grep -F '"catena"' | grep -vE '127\.0\.0\.1:|\[::1\]:')
    kill -USR1 "$process"
    ended
    expect_code 75
    only_our_lines
    [ -z "$ports" ] || fail "ranks listen: $ports"
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
check "INT to launch/local at any moment" launch_early INT
check "USR1 to launch/local at any moment" launch_early USR1
check "TERM to a single process at any moment" single_early TERM
check "launch/local: only our lines, and a killed rank is named" quiet_ends
check "launch/local: no ports of the ranks" no_ports
check "INT twice ends at once" twice
check "TERM twice saves" term_twice
check "TERM while the data are read" before_the_first_step
check "INT twice to launch/local ends at once" launch_twice
