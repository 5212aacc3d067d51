# launch/supervise: restarts from the newest checkpoint, bounded; signals; hosts that are gone.

supervise=$root/launch/supervise
training() { echo "$catena" train --config run.yaml "$@"; }

# restarts EXPECTED: how many times the last run started its command again.
expect_restarts() {
    local starts
    starts=$(grep -c '^supervise: +' "$log")
    [ $((starts - 1)) -eq "$1" ] || fail "$((starts - 1)) restarts, expected $1: $(grep '^supervise' "$log" | tr '\n' '|')"
}

# Dies after each checkpoint it writes, so it gets on by one checkpoint each time: five starts with one retry.
killed_again_and_again() {
    whole_run
    CATENA_CRASH_AT=checkpoint-after-rename:1 run "$supervise" --retries 1 --backoff 0 -- $(training)
    expect_code 0
    expect_restarts 4
    expect_text "exit code 137; newest checkpoint: step 2; restart 1 of 1 in 0 s" \
        "exit code 137; newest checkpoint: step 8; restart 1 of 1 in 0 s" "done after 4 restarts"
    same_adapter run "$whole"
    expect_steps run 8
}

# The same with one of two ranks of an mpirun, and --resume in the command already.
killed_rank() {
    whole_run
    CATENA_CRASH_AT=checkpoint-after-rename:2@0 run "$supervise" --retries 1 --backoff 0 -- \
        "${mpirun[@]}" -n 2 $(training --resume auto)
    expect_code 0
    expect_restarts 2
    ! grep '^supervise: +.*--resume auto.*--resume' "$log" || fail "--resume is there twice"
    same_adapter run "$whole"
}

# Each start dies while it writes the first checkpoint after step 4, so there is no newer one.
gives_up() {
    CATENA_CRASH_AT=checkpoint-after-rename:2 train run
    expect_code 137
    CATENA_CRASH_AT=checkpoint-before-rename:1 run "$supervise" --retries 2 --backoff 0 -- $(training --resume auto)
    expect_code 137
    expect_restarts 2
    expect_text "exit code 137; newest checkpoint: step 4; giving up after 2 restarts without a newer one"
    [ ! -e run/adapter ] || fail "there is an adapter"
}

# The pauses double up to the bound and begin anew after progress.
backs_off() {
    local pauses
    CATENA_CRASH_AT=step-end:1 run "$supervise" --retries 3 --backoff 1 --max-backoff 2 -- $(training)
    expect_code 137
    pauses=$(sed -nE 's/.* in ([0-9]+) s$/\1/p' "$log" | tr '\n' ' ')
    [ "$pauses" = "1 2 2 " ] || fail "pauses $pauses"
}

not_again() {
    run "$supervise" --backoff 0 -- $(training --set training.stepz=3)
    expect_code 2
    expect_restarts 0
    run "$supervise" --backoff 0 --run run -- ./no-such-command
    expect_code 127
    expect_restarts 0
    run "$supervise" --backoff 0 -- true train
    expect_code 2
    expect_text "add --run DIR"
    run "$supervise" --backoff 0 -- $(training)
    expect_code 0
    expect_restarts 0
}

# A signal: to launch/supervise (its arguments: SIGNAL COMMAND...), with what an endless run leaves.
stopped_by() {
    local signal=$1
    shift
    start "$supervise" --backoff 0 -- "$@" train --config run.yaml "${endless[@]}"
    wait_for_lines run/metrics.jsonl 3
    kill "-$signal" "$process"
    ended
    expect_code 75
    expect_restarts 0
    expect_text "$signal: passed on to the job as USR1" "stopped by $signal; the job ended with exit code 75"
    [ -f "$(echo run/checkpoints/step-*/manifest.json)" ] || fail "no checkpoint: $(ls -R run)"
}
stopped_launch() {
    mkdir -p build/release
    ln -s "$catena" build/release/catena
    export CATENA_BUILD=$PWD/build
    stopped_by TERM "$root/launch/local" -n 2
}

stopped_while_waiting() {
    start env CATENA_CRASH_AT=step-end:1 "$supervise" --backoff 100 -- $(training)
    wait_for_text "$log" "restart 1 of 5 in 100 s"
    kill -TERM "$process"
    ended
    expect_code 75
    expect_text "TERM: stopped between two starts"
}

# 75 that nobody told the supervisor of: the job goes on.
stopped_by_others() {
    start "$supervise" --backoff 0 -- "$catena" train --config run.yaml "${endless[@]}"
    wait_for_lines run/metrics.jsonl 3
    pkill -USR1 -P "$process" -x catena
    wait_for_text "$log" "exit code 75; newest checkpoint"
    wait_for_text "$log" "RESUMED"
    kill -TERM "$process"
    ended
    expect_code 75
    expect_restarts 1
}

# Hosts, of which "gone" stops to answer; the launcher notes what it is given and runs that many ranks here.
make_hosts() {
    printf '%s\n' '# our machines' 'one slots=1' 'gone slots=2   # in the other room' '' 'two' >hosts
    cat >probe <<'SH'
#!/bin/sh
[ "$1" != gone ] || [ -e back ]
SH
    cat >launcher <<SH
#!/bin/sh
echo "\$2 ranks on \$3: \$(tr '\n' ';' <"\$1")" >>launched
shift 3
exec ${mpirun[@]} -n "\$(tail -n 1 launched | cut -d ' ' -f 1)" "\$@"
SH
    chmod +x probe launcher
    export CATENA_HOST_PROBE=$PWD/probe
    hosted=("$supervise" --backoff 0 --hostfile hosts)
}
fewer_hosts() {
    whole_run
    make_hosts
    CATENA_CRASH_AT=checkpoint-after-rename:3@0 run "${hosted[@]}" -- ./launcher {hostfile} {ranks} {hosts} $(training)
    expect_code 0
    expect_text "no answer from gone; left out, 2 of 3 hosts remain (2 ranks)"
    [ "$(cat launched)" = "4 ranks on 3: one slots=1;gone slots=2;two slots=1;
2 ranks on 2: one slots=1;two slots=1;" ] || fail "launched: $(cat launched)"
    same_adapter run "$whole"
}
too_few_hosts() {
    make_hosts
    CATENA_CRASH_AT=step-end:1@0 run "${hosted[@]}" --retries 2 --min-hosts 3 -- ./launcher {hostfile} {ranks} {hosts} $(training)
    expect_code 1
    expect_restarts 0
    expect_text "2 hosts, --min-hosts is 3; newest checkpoint: step 0; giving up after 2 restarts"
}
host_comes_back() {
    make_hosts
    touch back
    CATENA_CRASH_AT=step-end:1@0 run "${hosted[@]}" --retries 1 --min-hosts 3 -- ./launcher {hostfile} {ranks} {hosts} $(training)
    expect_code 137
    [ "$(grep -c '4 ranks on 3' launched)" -eq 2 ] || fail "launched: $(cat launched)"
}
hosts_without_place() {
    make_hosts
    run "${hosted[@]}" -- $(training)
    expect_code 2
    expect_text "{hostfile} is not in the command"
    run "$supervise" -- mpirun -n {ranks} $(training)
    expect_code 2
    expect_text "{ranks} is in the command, but there is no --hostfile"
}

# A line of a host file never becomes an option or a command.
wrong_hosts() {
    local line
    for line in '-oProxyCommand=touch${IFS}ran' '$(touch ran)' 'a;touch ran' $'a\x1b[2J' '--hostfile'; do
        printf 'localhost\n%s slots=2\n' "$line" >hosts
        run "$supervise" --backoff 0 --retries 0 --hostfile hosts --run run -- false {hostfile}
        expect_code 2
        expect_text "line 2 of hosts" "does not begin with a host's name"
        expect_restarts_none
        run "$root/launch/mpirun" --hostfile hosts train --config run.yaml
        expect_code 2
        expect_text "line 2 of hosts"
    done
    [ ! -e ran ] || fail "a command of the file ran"
    ! grep -q "$(printf '\033')" "$log" || fail "an escape was printed"
}
expect_restarts_none() { ! grep -q '^supervise: +' "$log" || fail "the command was started"; }

check "supervise: killed after every checkpoint, same bytes in the end" killed_again_and_again
check "supervise: one of two ranks killed, same bytes in the end" killed_rank
check "supervise: gives up when no checkpoint is newer" gives_up
check "supervise: pauses double up to a bound" backs_off
check "supervise: no restart for wrong configuration, a missing command or success" not_again
check "supervise: TERM with one process" stopped_by TERM "$catena"
check "supervise: INT with mpirun" stopped_by INT "${mpirun[@]}" -n 2 "$catena"
check "supervise: TERM with launch/local" stopped_launch
check "supervise: TERM between two starts" stopped_while_waiting
check "supervise: a job stopped by others goes on" stopped_by_others
check "supervise: goes on with fewer hosts, same bytes in the end" fewer_hosts
check "supervise: waits for hosts and gives up with too few" too_few_hosts
check "supervise: all hosts answer" host_comes_back
check "supervise: host files and places in the command belong together" hosts_without_place
check "supervise: host files with options and commands" wrong_hosts
