# launch/slurm on a Slurm of two "nodes" that cluster/slurm-trial starts here: the signal before the time limit, the
# checkpoint, the requeue, and the same bytes in the end. Skipped without Slurm's programs.

# A Slurm until the end of this check.
start_slurm() {
    local program tries
    for program in slurmctld slurmd munged sbatch; do
        PATH=$PATH:/usr/sbin command -v "$program" >/dev/null || skip "$program is not installed"
    done
    mkfifo end
    "$root/cluster/slurm-trial" --nodes 2 bash -c \
        'echo "$SLURM_CONF" >conf.new; mv conf.new conf; read -r -t 400 _ <>end' </dev/null >/dev/null 2>trial.log &
    trial=$!
    trap 'echo >end; wait "$trial"' EXIT
    for ((tries = 0; tries < 800; tries++)); do
        [ -f conf ] && break
        kill -0 "$trial" 2>/dev/null || break
        sleep 0.05
    done
    [ -f conf ] || { trap - EXIT; fail "Slurm did not start: $(tail -n 5 trial.log | tr '\n' '|')"; }
    SLURM_CONF=$(cat conf)
    export SLURM_CONF
}

# Submits the training of own.yaml, which only a signal ends: submit OPTION...
submit() {
    sed -e 's/steps: 8/steps: 1000000/; s/schedule: .*/schedule: {name: constant}/; s/every: 4/every: 1000000/' \
        -e 's/every: 2/every: none/' run.yaml >own.yaml
    mkdir -p build/release
    ln -s "$catena" build/release/catena
    run env CATENA_BUILD="$PWD/build" "$root/launch/slurm" --log job.log "$@" train --config own.yaml
    expect_code 0
    expect_text "#SBATCH --requeue" "+ sbatch"
    job=$(sed -n 's/^Submitted batch job //p' "$log.out")
    wait_for_text job.log "start 1 of job $job on node"
    wait_for_lines run/metrics.jsonl 3
}

# Waits until the job's state is one of these: job_becomes SECONDS STATE...
job_becomes() {
    local tries state seconds=$1
    shift
    for ((tries = 0; tries < 2 * seconds; tries++)); do
        state=$(scontrol --oneliner show job "$job" 2>/dev/null | sed -n 's/.* JobState=\([A-Z]*\).*/\1/p')
        [[ " $* " != *" $state "* ]] || return 0
        sleep 0.5
    done
    fail "the job is $state, expected $*: $(tail -n 5 job.log | tr '\n' '|')"
}

# The stopped job goes on by itself, is given an end two steps later, and leaves what an unbroken run leaves.
goes_on_and_ends_the_same() {
    local last
    job_becomes 90 PENDING
    last=$(tail -n 1 run/metrics.jsonl | sed -E 's/.*"step": ([0-9]+),.*/\1/')
    grep -q "stopped by USR1 after step $last; the checkpoint is saved" job.log || fail "$(tail -n 5 job.log | tr '\n' '|')"
    grep -q 'exit code 75, requeued' job.log || fail "not requeued: $(tail -n 5 job.log | tr '\n' '|')"
    sed -i "s/steps: 1000000/steps: $((last + 2))/" own.yaml
    job_becomes 90 COMPLETED
    grep -q "start 2 of job $job on node" job.log || fail "no second start: $(tail -n 5 job.log | tr '\n' '|')"
    grep -q "RESUMED step $last from" job.log || fail "not resumed at $last: $(tail -n 5 job.log | tr '\n' '|')"
    expect_steps run $((last + 2))
    run "$catena" train --config own.yaml --set output=unbroken
    expect_code 0
    same_adapter run unbroken
}

time_limit() {
    start_slurm
    submit --nodes 2 --time 1 --notice 58
    grep -q '2 ranks on 2 hosts' job.log || fail "not on both nodes: $(head -n 5 job.log | tr '\n' '|')"
    goes_on_and_ends_the_same
}

with_mpirun() {
    start_slurm
    submit --nodes 2 --with mpirun
    grep -q '2 ranks on 2 hosts' job.log || fail "not on both nodes: $(head -n 5 job.log | tr '\n' '|')"
    scancel --batch --signal=USR1 "$job"
    goes_on_and_ends_the_same
}

# TERM is what scancel sends: saved, but not back into the queue.
not_requeued() {
    start_slurm
    submit
    scancel --batch --signal=TERM "$job"
    job_becomes 30 FAILED
    grep -q 'the checkpoint is saved' job.log || fail "$(tail -n 5 job.log | tr '\n' '|')"
    ! grep -q requeued job.log || fail "requeued: $(tail -n 5 job.log | tr '\n' '|')"
    scontrol show job "$job" | grep -q 'ExitCode=75:0' || fail "$(scontrol show job "$job" | grep ExitCode)"
    [ -f "$(echo run/checkpoints/step-*/manifest.json)" ] || fail "no checkpoint: $(ls -R run)"
}

printed() {
    run "$root/launch/slurm" --print --nodes 3 --tasks-per-node 2 --cpus-per-task 4 --time 2:00:00 --sbatch=--account=lab \
        train --config 'my run.yaml'
    expect_code 0
    bash -n "$log.out" || fail "not a bash script"
    local line
    for line in '#SBATCH --nodes=3' '#SBATCH --ntasks-per-node=2' '#SBATCH --cpus-per-task=4' '#SBATCH --time=2:00:00' \
        '#SBATCH --account=lab' '#SBATCH --requeue' '#SBATCH --open-mode=append' '#SBATCH --signal=B:USR1@120'; do
        grep -qFx -- "$line" "$log.out" || fail "no line $line in: $(tr '\n' '|' <"$log.out")"
    done
    grep -qF 'train --config my\ run.yaml --resume auto' "$log.out" || fail "$(grep srun "$log.out")"
    expect_text "asks for 4 cores for each of 6 ranks on 3 nodes"
    ! grep -q exclusive "$log.out" || fail "whole nodes with --cpus-per-task"
    run "$root/launch/slurm" --print --nodes 4 --tasks-per-node 2 train --config run.yaml
    expect_code 0
    expect_text "asks for whole nodes: 4 of them for 8 ranks"
    bash -n "$log.out" || fail "not a bash script"
    grep -qFx '#SBATCH --exclusive' "$log.out" || fail "not whole nodes: $(tr '\n' '|' <"$log.out")"
    ! grep -q '#SBATCH --cpus-per-task' "$log.out" || fail "cores are given"
    share=$(SLURM_JOB_CPUS_PER_NODE='64(x3),16' bash -c "$(grep '^cores=' "$log.out"); echo \$cores")
    [ "$share" = 8 ] || fail "a rank's share of the smallest node is $share"
    local option
    for option in --partition --log --time --sbatch; do
        run "$root/launch/slurm" --print "$option" $'--x\nrm -rf ~' train --config run.yaml
        expect_code 2
        expect_text "control character"
        [ ! -s "$log.out" ] || fail "a script was printed: $(cat "$log.out")"
    done
    run "$root/launch/slurm" --print train --config $'a\nb'
    expect_code 2
    run "$root/launch/slurm" --print --nodes 0 train --config run.yaml
    expect_code 2
    expect_text '--nodes is "0"'
    run "$root/launch/slurm" --print train --config run.yaml --resume auto
    expect_code 2
    expect_text 'leave out --resume'
}

check "Slurm: the batch script that is printed" printed
check "Slurm: USR1 before the time limit, requeue, same bytes" time_limit
check "Slurm: USR1 through mpirun, requeue, same bytes" with_mpirun
check "Slurm: TERM saves and does not requeue" not_requeued
