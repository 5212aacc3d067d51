# Sourced by launch/job.bash and launch/supervise: what may stand in a host file, whose words reach ssh and mpirun.

# is_host_name TEXT: whether it can name a host, and nothing that a program would take for an option or a command.
is_host_name() { [[ "$1" =~ ^([A-Za-z0-9._-]+@)?[A-Za-z0-9_\[][]A-Za-z0-9._:%[-]*$ && "$1" != -* ]]; }

# printable TEXT: with control characters in a form that can be read.
printable() { local text; printf -v text '%q' "$1"; echo "$text"; }

# first_wrong_host FILE: what is wrong with the first line of a host file that does not begin with a host's name; nothing if all do.
first_wrong_host() {
    local number=0 line host
    while IFS= read -r line || [ -n "$line" ]; do
        number=$((number + 1))
        line=${line%%#*}
        read -r host _ <<<"$line"
        [ -n "$host" ] || continue
        if [[ "$line" == *[[:cntrl:]]* && "${line//[$'\t\r']/}" == *[[:cntrl:]]* ]] || ! is_host_name "${host%$'\r'}"; then
            echo "line $number of $1, $(printable "$line"), does not begin with a host's name (letters, digits and . _ : -, not first)"
            return
        fi
    done <"$1"
}
