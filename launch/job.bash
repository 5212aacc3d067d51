# Sourced by launch/local, launch/mpirun and cluster/virtual: how a job under mpirun is started, stopped and reported.

# Options of mpirun that every job has; goes to $job_options.
# Ranks choose their own threads, so mpirun must not bind each to one core. A waiting rank gives its core to others: to ranks
# when there are more of them than cores, else to other programs.
set_job_options() {
    job_options=(--bind-to none --mca mpi_yield_when_idle 1)
    [ "$(id -u)" -ne 0 ] || job_options+=(--allow-run-as-root)
    # mpirun puts a pipe between a rank and the terminal, so the rank cannot see the terminal by itself.
    if [ -t 2 ] && [ "${TERM:-dumb}" != dumb ] && [ -z "${CATENA_PROGRESS:-}" ]; then
        local columns
        columns=$(stty size <&2 2>/dev/null | cut -d ' ' -f 2 || true)
        job_options+=(-x CATENA_PROGRESS=bar -x "COLUMNS=${columns:-80}")
    fi
}

# add_host_options HOSTS RANKS RANKS-PER-HOST: adds to $job_options how ranks are laid out over several hosts, neighbouring
# ranks on one host, and the variables that the other hosts do not have by themselves. RANKS and RANKS-PER-HOST may be empty;
# without both every host has one rank.
add_host_options() {
    local hosts=$1 ranks=$2 per_host=$3 name
    if [ -z "$per_host" ]; then
        job_options+=(-n "${ranks:-$hosts}" --map-by node --rank-by slot)
    else
        job_options+=(-n "${ranks:-$((hosts * per_host))}" --map-by "ppr:$per_host:node")
    fi
    for name in $(compgen -e); do
        case "$name" in
        CATENA_BUILD) ;;
        CATENA_* | OPENBLAS_* | OMP_NUM_THREADS) job_options+=(-x "$name") ;;
        esac
    done
}

# is_count TEXT: whether it is a number of 1 or more.
is_count() { [[ "$1" =~ ^[1-9][0-9]*$ ]]; }

# Prints a command as it can be typed.
print_command() {
    printf '+' >&2
    printf ' %q' "$@" >&2
    echo >&2
}

# run_job COMMAND...: prints and runs a command that is, or becomes, mpirun, and exits with its code.
# A session of its own keeps the terminal's Ctrl-C from mpirun, which would end the job with exit code 1. USR1 it passes on
# to the ranks, which save a checkpoint and exit with 75. A second Ctrl-C ends the job at once.
run_job() {
    print_command "$@"
    setsid "$@" </dev/null &
    mpirun=$!
    interrupts=0
    trap 'kill -USR1 "$mpirun" 2>/dev/null || true' TERM USR1 HUP
    trap interrupt_job INT
    # `wait` returns at each signal, so it goes on until mpirun is gone.
    local status
    while :; do
        status=0
        wait "$mpirun" || status=$?
        kill -0 "$mpirun" 2>/dev/null || break
    done
    exit "$status"
}

interrupt_job() {
    interrupts=$((interrupts + 1))
    if [ "$interrupts" -eq 1 ]; then
        kill -USR1 "$mpirun"
    else
        # The ranks on this host, not mpirun or its ssh: it ends cleanly, here and on the other hosts, when a rank is gone.
        local process ranks=()
        for process in $(cat "/proc/$mpirun/task/"*/children); do
            if grep -qz '^OMPI_COMM_WORLD_RANK=' "/proc/$process/environ"; then ranks+=("$process"); fi
        done
        # With no rank here, mpirun itself has to end the others: it takes two seconds and exits with 1.
        if [ ${#ranks[@]} -gt 0 ]; then kill -KILL "${ranks[@]}"; else kill -TERM "$mpirun"; fi
    fi 2>/dev/null || true
}
