# Sourced by launch/local, launch/mpirun and cluster/virtual: how a job under mpirun is started, stopped and reported.

source "$(dirname "${BASH_SOURCE[0]}")/host-names.bash"

# Ctrl-C, TERM, HUP or USR1 came.
stop_asked=
# The processes: mpirun, and the one that asks for the end. How often Ctrl-C came.
mpirun=
asking=
interrupts=0

# From here on these signals end nothing at once; a job that has not been started by then is not started at all.
remember_signals() { trap 'stop_asked=yes' INT TERM USR1 HUP; }

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
    trap 'stop_job' TERM USR1 HUP
    trap 'interrupts=$((interrupts + 1)); if [ "$interrupts" -lt 2 ]; then stop_job; else end_job; fi' INT
    print_command "$@"
    local messages reader status tries named=false
    if [ -n "$stop_asked" ]; then
        echo "${0##*/}: stopped before the job was started" >&2
        exit 75
    fi
    # mpirun's own messages, not those of the ranks, go where this variable says; what the ranks ended with is said here.
    exec {messages}> >(trap '' INT TERM HUP USR1; own_messages)
    reader=$!
    OPAL_OUTPUT_STDERR_FD=$messages setsid "$@" </dev/null &
    mpirun=$!
    exec {messages}>&-
    [ -z "$stop_asked" ] || ask_job_to_stop
    # `wait` returns at each signal, so it goes on until mpirun is gone.
    while :; do
        status=0
        wait "$mpirun" || status=$?
        kill -0 "$mpirun" 2>/dev/null || break
    done
    [ -z "$asking" ] || kill "$asking" 2>/dev/null || true
    # What mpirun left running elsewhere may hold the other end open.
    for ((tries = 0; tries < 20; tries++)); do
        kill -0 "$reader" 2>/dev/null || { wait "$reader" || named=true; break; }
        sleep 0.05
    done
    if [ "$status" -eq 138 ] && [ -n "$stop_asked" ]; then
        # USR1 came before mpirun or a rank could take it, and no rank works before all of them are there.
        echo "${0##*/}: stopped before anything was saved; start again" >&2
        exit 75
    fi
    if [ "$status" -gt 128 ] && ! $named; then
        echo "${0##*/}: a rank or mpirun was ended by signal $(kill -l $((status - 128)) 2>/dev/null || echo $((status - 128)))" >&2
    fi
    exit "$status"
}

# Reads mpirun's messages and shows those that say something else than how the ranks ended: a rank that fails says itself why,
# and 75 is no failure. Of a rank that a signal ended, one line is left.
own_messages() {
    awk -v name="${0##*/}" '
        function end_block() {
            if (block ~ /exited on signal 10 /) {
                # USR1: of that the caller tells.
            } else if (block ~ /exited on signal/) {
                text = block
                gsub(/[ \n]+/, " ", text)
                if (match(text, /process rank [0-9]+/)) rank = substr(text, RSTART + 13, RLENGTH - 13)
                if (match(text, /on node [^ ]+/)) node = substr(text, RSTART + 8, RLENGTH - 8)
                if (match(text, /exited on signal [0-9]+( \([^)]*\))?/)) signal = substr(text, RSTART + 17, RLENGTH - 17)
                print name ": rank " rank " on " node " was ended by signal " signal
                named = 1
            } else if (block != "" && block !~ known) {
                printf "%s%s", block, (is_open ? line "\n" : "")
            }
            block = ""
            fflush()
        }
        BEGIN {
            line = "--------------------------------------------------------------------------"
            known = "Primary job +terminated normally, but|detected that one or more processes exited with non-zero|MPI_ABORT was invoked on rank|was killed without calling .finalize|Per user-direction, the job has been aborted|abnormally terminated|has exited due to process|more processes? (has|have) sent help message|Set MCA parameter .orte_base_help_aggregate"
        }
        /^-----------+$/ { is_open = !is_open; if (is_open) { end_block(); block = $0 "\n" } else { is_open = 1; end_block(); is_open = 0 } next }
        { if (is_open) block = block $0 "\n"; else { block = $0 "\n"; end_block() } }
        END { end_block(); exit named }
    ' >&2
}

stop_job() {
    stop_asked=yes
    [ -z "$mpirun" ] || ask_job_to_stop
}

# The ranks on this host.
local_ranks() {
    local process
    for process in $(cat "/proc/$mpirun/task/"*/children); do
        if grep -qz '^OMPI_COMM_WORLD_RANK=' "/proc/$process/environ"; then echo "$process"; fi
    done 2>/dev/null || true
}

# Whether a process takes USR1 itself; it would end one that does not yet, or never will.
takes_usr1() {
    local caught
    caught=$(sed -n 's/^SigCgt:[[:space:]]*//p' "/proc/$1/status" 2>/dev/null)
    [ -n "$caught" ] && [ $((16#$caught >> 9 & 1)) -eq 1 ]
}

# Sends USR1 to a rank of this host, of which the others hear, and goes on until the job is over, because the job may have just
# been started. mpirun passes the signal on where no rank is here, and says so in a line of its own.
ask_job_to_stop() {
    [ -z "$asking" ] || return 0
    (
        trap - TERM
        trap '' INT HUP USR1
        for ((round = 0; ; round++)); do
            kill -0 "$mpirun" || exit 0
            found=$(local_ranks)
            for rank in $found; do
                if takes_usr1 "$rank" || [ "$round" -ge 20 ]; then kill -USR1 "$rank"; fi
            done
            if [ -z "$found" ] && [ "$round" -ge 20 ] && [ $((round % 50)) -eq 20 ]; then kill -USR1 "$mpirun"; fi
            sleep 0.1
        done
    ) >/dev/null 2>&1 </dev/null &
    asking=$!
}

end_job() {
    local ranks
    ranks=$(local_ranks)
    {
        # Not mpirun or its ssh: it ends cleanly, here and on the other hosts, when a rank is gone.
        # With no rank here, mpirun itself has to end the others: it takes two seconds and exits with 1.
        # shellcheck disable=SC2086
        if [ -n "$ranks" ]; then kill -KILL $ranks; else kill -TERM "$mpirun"; fi
    } 2>/dev/null || true
}
