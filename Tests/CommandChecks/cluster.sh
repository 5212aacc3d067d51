# The virtual cluster: separate hosts on one machine, training across them, and nothing left afterwards.

virtual=$root/cluster/virtual
# A name of its own, and an owner: should these checks die, the next `up` removes their cluster.
cluster=checks-$$

# Skips where no cluster can be made, with the reason.
need_namespaces() {
    [ -x "$virtual" ] || skip "there is no cluster/virtual"
    [ "$(id -u)" -eq 0 ] || skip "network namespaces need root"
    local program
    for program in ip tc nsenter unshare taskset flock; do
        command -v "$program" >/dev/null || skip "$program is not installed"
    done
    unshare --net --uts --mount true 2>/dev/null || skip "this process may not make namespaces (capability SYS_ADMIN)"
    unshare --net ip link add probe type bridge 2>/dev/null || skip "no bridge can be made here"
    unshare --net ip link add type veth 2>/dev/null || skip "no veth can be made here"
}
has_qdisc() { unshare --net tc qdisc add dev lo root "$@" 2>/dev/null; }

# up HOSTS [OPTION...]: makes the cluster; it goes when the check ends.
up() {
    need_namespaces
    trap '"$virtual" down --name "$cluster" >/dev/null 2>&1' EXIT
    run "$virtual" up "$@" --name "$cluster" --owner $$
    expect_code 0
}
down() {
    run "$virtual" down --name "$cluster"
    expect_code 0
}

# on_hosts [OPTION...] COMMAND...
on_hosts() { run timeout -k 5 "$limit_seconds" "$virtual" run --name "$cluster" "$@"; }

# This machine's interfaces and addresses, and what is there of the checks' clusters.
machine() {
    ip -o link
    ip -o address | sed 's/valid_lft.*//'
    ip netns list | grep "^$cluster"
    ls -d "/run/catena-virtual/$cluster"* 2>/dev/null
}
same_machine() { [ "$1" = "$(machine)" ] || fail "left over: $(diff <(echo "$1") <(machine) | tr '\n' '|')"; }

processes_on_hosts() {
    local namespace
    for namespace in $(ip netns list | awk -v cluster="$cluster" 'index($1, cluster) == 1 { print $1 }'); do
        ip netns pids "$namespace"
    done
}
nobody_on_hosts() {
    local tries
    for ((tries = 0; tries < 60; tries++)); do
        [ -n "$(processes_on_hosts)" ] || return 0
        sleep 0.05
    done
    fail "still running: $(processes_on_hosts | xargs -r ps -o pid=,args= -p | tr '\n' '|')"
}

# The rank on one host: rank_on HOST
rank_on() {
    local process
    for process in $(ip netns pids "$1"); do
        if [ "$(readlink "/proc/$process/exe")" = "$catena" ]; then echo "$process"; fi
    done
}

leaves_nothing() {
    local before outside inside
    need_namespaces
    before=$(machine)
    up 3
    [ "$(ip -o link)" = "$(head -n "$(ip -o link | wc -l)" <<<"$before")" ] || fail "interfaces outside of the namespaces"
    sleep 100 &
    outside=$!
    "$root/cluster/enter" "${cluster}1" sleep 100 &
    inside=$!
    until [ -n "$(processes_on_hosts)" ]; do sleep 0.01; done
    down
    wait "$inside"
    [ $? -eq 137 ] || fail "a process on a host lives on"
    kill "$outside" || fail "a process outside of the cluster was killed"
    same_machine "$before"
    down
    expect_text "not up"
}

separate_hosts() {
    up "$1"
    on_hosts "$catena" doctor
    expect_code 0
    local index
    for ((index = 0; index < $1; index++)); do
        grep -q "^rank $index  *$cluster$index," "$log.out" || fail "rank $index is elsewhere: $(grep ^rank "$log.out")"
    done
    [ "$(grep -c '^link ' "$log.out")" -eq "$1" ] || fail "not $1 links: $(cat "$log.out")"
}

sent_bytes() { "$virtual" counters --name "$cluster" | sed -E 's/.*"sent_bytes": ([0-9]+).*/\1/'; }

# Neither the number of hosts nor that of the ranks on them shows in the result. Gradients do go over the network.
same_bytes_on_hosts() {
    local hosts=$1 ranks=$2 before after index
    whole_run
    up "$hosts"
    mapfile -t before < <(sent_bytes)
    on_hosts -n "$ranks" "$catena" train --config run.yaml
    expect_code 0
    expect_text "$ranks ranks on $hosts hosts"
    same_adapter run "$whole"
    [ "$(losses run)" = "$(losses "$whole")" ] || fail "the losses differ from those of one process"
    mapfile -t after < <(sent_bytes)
    [ ${#after[@]} -eq "$hosts" ] || fail "counters of ${#after[@]} hosts"
    for ((index = 0; index < hosts; index++)); do
        [ $((after[index] - before[index])) -gt 100000 ] || fail "host $index sent $((after[index] - before[index])) bytes"
    done
    nobody_on_hosts
}

killed_host() {
    local begun
    up "$1"
    start "$virtual" run --name "$cluster" "$catena" train --config run.yaml "${endless[@]}"
    wait_for_lines run/metrics.jsonl 3
    begun=$SECONDS
    kill -KILL "$(rank_on "$cluster$(($1 - 1))")"
    ended
    expect_code 137
    [ $((SECONDS - begun)) -le 10 ] || fail "the job took $((SECONDS - begun)) s to end"
    nobody_on_hosts
}

stopped_on_hosts() {
    up 2
    start "$virtual" run --name "$cluster" "$catena" train --config run.yaml "${endless[@]}"
    wait_for_lines run/metrics.jsonl 3
    kill "-$1" "$process"
    ended
    expect_code 75
    [ -f "$(echo run/checkpoints/step-*/manifest.json)" ] || fail "no checkpoint: $(ls -R run)"
    nobody_on_hosts
}

# launch/mpirun with a host file, as on a real cluster; the agent takes the place of ssh.
through_launch_mpirun() {
    up 2
    mkdir -p build/release
    ln -s "$catena" build/release/catena
    printf '# two hosts\n%s1 slots=2\n\n%s0 # the other\n' "$cluster" "$cluster" >hosts
    CATENA_BUILD=$PWD/build CATENA_CACHE=$PWD/cache start "$root/cluster/enter" "${cluster}0" \
        "$root/launch/mpirun" --hostfile hosts --ranks-per-host 1 --interface 198.18.0.0/24 \
        train --config run.yaml "${endless[@]}"
    wait_for_lines run/metrics.jsonl 3
    expect_text "2 ranks on 2 hosts"
    { [ -d cache ] && [ ! -e .catena-cache ]; } || fail "CATENA_CACHE did not reach the other host: $(ls -A)"
    kill -INT "$process"
    ended
    expect_code 75
    nobody_on_hosts
}

# crashed_up CALL: `up` is killed right after its so-many-th call of ip.
crashed_up() {
    local before
    need_namespaces
    before=$(machine)
    mkdir shim
    cat >shim/ip <<SHIM
#!/bin/sh
echo >>$PWD/calls
$(command -v ip) "\$@"
status=\$?
[ "\$(wc -l <$PWD/calls)" -ne $1 ] || kill -KILL \$PPID
exit \$status
SHIM
    chmod +x shim/ip
    trap '"$virtual" down --name "$cluster" >/dev/null 2>&1' EXIT
    PATH=$PWD/shim:$PATH run "$virtual" up 2 --name "$cluster" --owner $$
    expect_code 137
    run "$virtual" run --name "$cluster" hostname
    expect_code 1
    expect_text "cluster/virtual up"
    run "$virtual" up 2 --name "$cluster" --owner $$
    expect_code 0
    expect_text "removing what was left of $cluster"
    on_hosts hostname
    expect_code 0
    [ "$(sort "$log.out" | tr '\n' ' ')" = "${cluster}0 ${cluster}1 " ] || fail "hosts: $(cat "$log.out")"
    down
    same_machine "$before"
}

owner_gone() {
    local owner
    need_namespaces
    sleep 100 &
    owner=$!
    trap '"$virtual" down --name "$cluster-old" >/dev/null 2>&1; "$virtual" down --name "$cluster" >/dev/null 2>&1' EXIT
    run "$virtual" up 1 --name "$cluster-old" --owner "$owner"
    expect_code 0
    run "$virtual" up 1 --name "$cluster" --owner $$
    expect_code 0
    [ -e "/run/netns/$cluster-old0" ] || fail "a cluster whose owner lives was removed"
    down
    kill "$owner"
    wait "$owner"
    run "$virtual" up 1 --name "$cluster" --owner $$
    expect_code 0
    [ ! -e "/run/netns/$cluster-old0" ] || fail "a cluster whose owner is gone is still there"
}

# The links of `catena doctor` in bytes/s, rounded down.
link_rates() {
    on_hosts "$catena" doctor --json
    expect_code 0
    tr -d ' \n' <"$log.out" | sed 's/.*"ring"://' | grep -oE '"bytes_per_second":[0-9]+' | cut -d : -f 2
}

limited_bandwidth() {
    local rate fastest=0
    need_namespaces
    has_qdisc tbf rate 1mbit burst 10k limit 10k || skip "this kernel has no tbf"
    up 2 --bandwidth 1gbit
    for rate in $(link_rates); do
        [ "$rate" -le 125000000 ] || fail "$rate bytes/s through a link of 1gbit"
        [ "$rate" -gt 12500000 ] || fail "only $rate bytes/s through a link of 1gbit"
    done
    run "$virtual" shape --name "$cluster" --bandwidth none
    expect_code 0
    for rate in $(link_rates); do [ "$rate" -le "$fastest" ] || fastest=$rate; done
    [ "$fastest" -gt 125000000 ] || fail "only $fastest bytes/s through a link without a limit"
}

added_latency() {
    local before
    need_namespaces
    before=$(machine)
    if has_qdisc netem delay 1ms; then
        up 2 --latency 5ms
        on_hosts "$catena" doctor --json
        expect_code 0
        tr -d ' \n' <"$log.out" | grep -oE '"latency_seconds":0\.0[0-9]+' | cut -d : -f 2 |
            awk '$1 < 0.005 { exit 1 } END { if (!NR) exit 1 }' || fail "links faster than 5 ms: $(cat "$log.out")"
        down
    else
        run "$virtual" up 2 --name "$cluster" --latency 5ms
        expect_code 1
        expect_text "no netem"
    fi
    same_machine "$before"
}

needs_root() {
    local as_user=()
    if [ "$(id -u)" -eq 0 ]; then
        unshare --user true 2>/dev/null || skip "these checks run as root and cannot be another user"
        as_user=(unshare --user)
    fi
    run ${as_user[@]+"${as_user[@]}"} "$virtual" up 2 --name "$cluster"
    expect_code 1
    expect_text "needs root"
}

wrong_calls() {
    local call
    for call in "up" "up 0" "up 65" "up 2 --bandwidth 1" "up 2 --bandwidth 1ms" "up 2 --latency 1gbit" "up 2 --name A" \
        "up 2 --owner 0" "shape" "run" "run -n 0 hostname" "run --mca a b" "down 2" "destroy"; do
        # shellcheck disable=SC2086
        run "$virtual" $call
        [ "$code" -eq 2 ] || fail "cluster/virtual $call: exit code $code, expected 2; $(head -n 1 "$log")"
        grep -q '^virtual: \|^usage: ' "$log" || fail "cluster/virtual $call: $(cat "$log")"
    done
    for call in "" "doctor" "--hostfile nothing -n 0 doctor" "--hostfile" "--hosts nothing doctor"; do
        # shellcheck disable=SC2086
        run "$root/launch/mpirun" $call
        [ "$code" -eq 2 ] || fail "launch/mpirun $call: exit code $code, expected 2; $(head -n 1 "$log")"
    done
    run "$root/launch/mpirun" --hostfile nothing doctor
    expect_code 1
    expect_text "host file nothing"
}

check "virtual cluster: up and down leave nothing behind" leaves_nothing
check "virtual cluster: MPI sees 2 hosts" separate_hosts 2
check "virtual cluster: MPI sees 4 hosts" separate_hosts 4
check "virtual cluster: same bits on 2 hosts" same_bytes_on_hosts 2 2
check "virtual cluster: same bits on 4 hosts" same_bytes_on_hosts 4 4
check "virtual cluster: same bits with 4 ranks on 2 hosts" same_bytes_on_hosts 2 4
check "virtual cluster: a rank killed on one of 2 hosts ends the job" killed_host 2
check "virtual cluster: a rank killed on one of 4 hosts ends the job" killed_host 4
check "virtual cluster: TERM saves a checkpoint" stopped_on_hosts TERM
check "virtual cluster: INT saves a checkpoint" stopped_on_hosts INT
check "launch/mpirun on 2 hosts of a file: variables, interface, INT" through_launch_mpirun
for call in 3 7 12; do
    check "virtual cluster: up killed after $call calls of ip is cleaned by the next" crashed_up "$call"
done
check "virtual cluster: without its owner it is removed by the next up" owner_gone
check "virtual cluster: links keep to their bandwidth" limited_bandwidth
check "virtual cluster: latency, or a clear word" added_latency
check "virtual cluster: needs root and says so" needs_root
check "cluster/virtual and launch/mpirun refuse wrong calls" wrong_calls
