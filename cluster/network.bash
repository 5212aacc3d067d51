# Sourced by cluster/virtual: makes, shapes, counts and removes the namespaces of a virtual cluster.
#
# Folder of a cluster, /run/catena-virtual/NAME:
#   record      state (making, up), hosts, owner, bandwidth, latency
#   namespaces  every namespace, written before the first is made, so that a crash at any moment can be cleaned
#   hosts       NAME ADDRESS CORES of each host
#   hostfile    the hosts, for mpirun    etc-hosts   their names, for the hosts    agent   what mpirun enters them with

clusters=/run/catena-virtual

# One process at a time makes or removes clusters. The lock is the folder of all of them, so that none stays when it goes.
lock_clusters() {
    while :; do
        mkdir -p "$clusters"
        exec 9<"$clusters" || continue
        flock 9
        if [ "$clusters" -ef /proc/self/fd/9 ]; then return; fi
    done
}
unlock_clusters() {
    rmdir "$clusters" 2>/dev/null || true
    exec 9<&-
}

read_record() { sed -n "s/^$2=//p" "$1/record" 2>/dev/null; }

# write_record FOLDER STATE HOSTS OWNER BANDWIDTH LATENCY
write_record() {
    printf '%s\n' "state=$2" "hosts=$3" "owner=$4" "bandwidth=$5" "latency=$6" >"$1/record.new"
    mv "$1/record.new" "$1/record"
}

# "PID START" of a process, so that a later process with the same number is another one.
identity() {
    local statistics
    statistics=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
    # shellcheck disable=SC2086
    set -- "$1" ${statistics##*) }
    echo "$1 ${21}"
}

is_whole() {
    local namespace
    [ "$(read_record "$1" state)" = up ] || return 1
    while read -r namespace; do
        nsenter --net="/run/netns/$namespace" true 2>/dev/null || return 1
    done <"$1/namespaces"
}

# Called under the lock, so nobody is making it now.
is_left_over() {
    local owner
    is_whole "$1" || return 0
    owner=$(read_record "$1" owner)
    [ -n "$owner" ] && [ "$(identity "${owner% *}")" != "$owner" ]
}

# require WHAT COMMAND...: the kernel can do it in a namespace of its own, which is gone afterwards.
require() {
    local what=$1 message
    shift
    message=$(unshare --net "$@" 2>&1) || cannot "$what (${message##*$'\n'})"
}

require_shaping() {
    [ "$1" = none ] || require "this kernel cannot limit a link's bandwidth: it has no tbf (CONFIG_NET_SCH_TBF)" \
        tc qdisc add dev lo root tbf rate 1mbit burst 10k limit 10k
    [ "$2" = none ] || require "this kernel cannot delay a link: it has no netem (CONFIG_NET_SCH_NETEM); leave --latency out" \
        tc qdisc add dev lo root netem delay 1ms
}

# make_cluster FOLDER HOSTS BANDWIDTH LATENCY OWNER
make_cluster() {
    local folder=$1 hosts=$2 bandwidth=$3 latency=$4 owner=${5:+$(identity "$5")} name index host namespace
    name=$(basename "$folder")
    require "no network namespace can be made here; in a container it takes the capabilities SYS_ADMIN and NET_ADMIN" true
    require "this kernel has no bridge (CONFIG_BRIDGE)" ip link add probe type bridge
    require "this kernel has no veth (CONFIG_VETH)" ip link add probe type veth
    require_shaping "$bandwidth" "$latency"
    mapfile -t namespaces < <(echo "$name-switch"; for ((index = 0; index < hosts; index++)); do echo "$name$index"; done)
    for namespace in "${namespaces[@]}"; do
        [ ! -e "/run/netns/$namespace" ] ||
            cannot "the network namespace $namespace is there and not of this cluster; use another --name"
    done

    making=$folder
    trap 'if [ -n "$making" ]; then take_down "$making"; unlock_clusters; fi' EXIT
    trap 'exit 1' INT TERM HUP
    mkdir -p "$folder"
    write_record "$folder" making "$hosts" "$owner" none none
    printf '%s\n' "${namespaces[@]}" >"$folder/namespaces"
    ln -s "$root/cluster/agent" "$folder/agent"
    write_hosts "$folder" "$name" "$hosts"

    add_namespace "$name-switch"
    ip -n "$name-switch" link add switch type bridge
    ip -n "$name-switch" link set switch up
    index=0
    while read -r host address _; do
        add_namespace "$host"
        ip -n "$host" link add eth0 type veth peer name "port$index" netns "$name-switch"
        ip -n "$host" address add "$address/24" dev eth0
        ip -n "$host" link set eth0 up
        ip -n "$name-switch" link set "port$index" master switch up
        index=$((index + 1))
    done <"$folder/hosts"
    write_record "$folder" up "$hosts" "$owner" none none
    if [ "$bandwidth $latency" != "none none" ]; then shape_cluster "$folder" "$bandwidth" "$latency"; fi
    making=
}

# A namespace with loopback and without IPv6, whose own addresses MPI would try.
add_namespace() {
    ip netns add "$1"
    ip -n "$1" link set lo up
    nsenter --net="/run/netns/$1" sh -c 'cd /proc/sys/net/ipv6/conf 2>/dev/null && echo 1 >all/disable_ipv6' || true
}

# Cores that this process may use go to the hosts in turn, or, if they are fewer than the hosts, hosts to cores.
write_hosts() {
    local folder=$1 name=$2 hosts=$3 cores=() part first last index
    for part in $(taskset -cp $$ | sed 's/.*: //; s/,/ /g'); do
        first=${part%-*}
        last=${part#*-}
        mapfile -t -O ${#cores[@]} cores < <(seq "$first" "$last")
    done
    : >"$folder/hosts"
    printf '127.0.0.1 localhost\n' >"$folder/etc-hosts"
    for ((index = 0; index < hosts; index++)); do
        first=$((index * ${#cores[@]} / hosts))
        last=$(((index + 1) * ${#cores[@]} / hosts))
        [ "$last" -gt "$first" ] || last=$((first + 1))
        echo "$name$index 198.18.0.$((index + 1)) $(IFS=,; echo "${cores[*]:first:last - first}")" >>"$folder/hosts"
        echo "198.18.0.$((index + 1)) $name$index" >>"$folder/etc-hosts"
        # As many ranks as one likes: the hosts are there to be tested.
        echo "$name$index slots=256" >>"$folder/hostfile"
    done
}

# shape_cluster FOLDER BANDWIDTH LATENCY: both ends of every link, so that sending and receiving are limited alike.
shape_cluster() {
    local folder=$1 bandwidth=$2 latency=$3 name index=0 host
    name=$(basename "$folder")
    require_shaping "$bandwidth" "$latency"
    while read -r host _; do
        shape_end "$host" eth0 "$bandwidth" "$latency"
        shape_end "$name-switch" "port$index" "$bandwidth" none
        index=$((index + 1))
    done <"$folder/hosts"
    write_record "$folder" up "$(read_record "$folder" hosts)" "$(read_record "$folder" owner)" "$bandwidth" "$latency"
}

# shape_end NAMESPACE INTERFACE BANDWIDTH LATENCY: a token bucket, with the delay inside it.
shape_end() {
    local parent=(root handle 1:) burst queue
    tc -n "$1" qdisc del dev "$2" root 2>/dev/null || true
    if [ "$3" != none ]; then
        # The bucket holds what passes in a millisecond, the queue ten times that: few drops, and a short wait.
        read -r burst queue < <(awk -v rate="$3" 'BEGIN {
            unit = rate ~ /g/ ? 1e9 : rate ~ /m/ ? 1e6 : 1e3
            burst = rate * unit / 8 / 1000
            queue = 10 * burst
            if (burst < 16384) burst = 16384
            if (queue < 262144) queue = 262144
            printf "%d %d\n", burst, queue }')
        tc -n "$1" qdisc add dev "$2" "${parent[@]}" tbf rate "$3" burst "$burst" limit "$queue"
        parent=(parent 1:1 handle 10:)
    fi
    [ "$4" = none ] || tc -n "$1" qdisc add dev "$2" "${parent[@]}" netem delay "$4" limit 100000
}

describe() {
    local folder=$1 host address cores
    echo "$(basename "$folder"): $(read_record "$folder" hosts) hosts, bandwidth $(read_record "$folder" bandwidth)," \
        "latency $(read_record "$folder" latency)"
    printf '%-20s %-14s %-10s %s\n' host address processes cores
    while read -r host address cores; do
        printf '%-20s %-14s %-10s %s\n' "$host" "$address" "$(ip netns pids "$host" | wc -l)" "$cores"
    done <"$folder/hosts"
}

count_traffic() {
    local host
    while read -r host _; do
        # Fields of the interface: bytes, packets and six more received, then the same sent.
        nsenter --net="/run/netns/$host" sed -n 's/^ *eth0: *//p' /proc/net/dev | awk -v host="$host" '{
            printf "{\"host\": \"%s\", \"received_bytes\": %s, \"received_packets\": %s, ", host, $1, $2
            printf "\"sent_bytes\": %s, \"sent_packets\": %s}\n", $9, $10 }'
    done <"$1/hosts"
}

# take_down FOLDER: kills what runs in its namespaces and removes them; the interfaces go with them.
take_down() {
    local namespace own
    own=$(ip netns identify $$ 2>/dev/null || true)
    for namespace in $(cat "$1/namespaces" 2>/dev/null); do
        [ -e "/run/netns/$namespace" ] || continue
        [ "$own" != "$namespace" ] || cannot "this runs on $own itself; call it from outside the cluster"
        kill_inside "$namespace"
        # A crash in `ip netns add` leaves a file that is no namespace yet.
        ip netns delete "$namespace" 2>/dev/null || rm -f "/run/netns/$namespace"
    done
    rm -rf "$1"
}

kill_inside() {
    local tries processes
    for ((tries = 0; tries < 200; tries++)); do
        processes=$(ip netns pids "$1" 2>/dev/null || true)
        [ -n "$processes" ] || return 0
        # shellcheck disable=SC2086
        kill -KILL $processes 2>/dev/null || true
        sleep 0.05
    done
    cannot "processes on $1 do not end: ${processes//$'\n'/ }"
}
