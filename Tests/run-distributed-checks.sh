#!/bin/sh
# Runs the distributed checks at 1, 2, 3 and 4 ranks: run-distributed-checks.sh PATH/TO/distributed-checks
# Last line: "N passed, N failed". Exit code 1 if any check failed or any run did not end properly.
set -u
binary=${1:?usage: run-distributed-checks.sh BINARY}
time_limit_seconds=${CATENA_CHECK_SECONDS:-180}
root_option=
[ "$(id -u)" -eq 0 ] && root_option=--allow-run-as-root
passed=0
failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for ranks in 1 2 3 4; do
    echo "== $ranks ranks"
    timeout -k 10 "$time_limit_seconds" mpirun $root_option --oversubscribe --mca mpi_yield_when_idle 1 -n "$ranks" "$binary" >"$log" 2>&1
    status=$?
    cat "$log"
    counts=$(sed -n 's/^\([0-9][0-9]*\) passed, \([0-9][0-9]*\) failed$/\1 \2/p' "$log" | tail -n 1)
    if [ -z "$counts" ]; then
        echo "FAILED: the run at $ranks ranks ended without a result (exit code $status)"
        failed=$((failed + 1))
        continue
    fi
    passed=$((passed + ${counts% *}))
    failed=$((failed + ${counts#* }))
    if [ "$status" -ne 0 ] && [ "${counts#* }" -eq 0 ]; then
        echo "FAILED: all checks passed at $ranks ranks, but mpirun exited with $status"
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
