#!/usr/bin/env bash
# Checks the thread pool with its workers slowed at the points where a race would show: run-pool-checks.sh
#
# Compiles Sources/CKernels/pool.c with a delay and runs Tests/PoolChecks/late_worker.c on it.
# Last line: "N passed, N failed", with ", N skipped" if no C compiler is there. Exit code 1 if a check failed.
set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
compiler=$(command -v clang || command -v cc) || { echo "skipped pool: no C compiler"; echo "0 passed, 0 failed, 1 skipped"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# shellcheck disable=SC2046
"$compiler" -O2 -Wall -Werror -I"$root/Sources/CKernels" -I"$root/Sources/CKernels/include" \
    '-DCK_POOL_DELAY()=for (volatile int d = 0; d < 500; d++)' $(pkg-config --cflags openblas) \
    "$root/Sources/CKernels/pool.c" "$root/Tests/PoolChecks/late_worker.c" -o "$work/late_worker" \
    $(pkg-config --libs openblas) -lpthread || { echo "FAILED pool: it does not compile"; echo "0 passed, 1 failed"; exit 1; }

passed=0
failed=0
for threads in 2 4; do
    name="pool: a late worker leaves the next loop alone, $threads threads"
    if "$work/late_worker" "$threads" 3000000; then
        echo "ok $name"
        passed=$((passed + 1))
    else
        echo "FAILED $name"
        failed=$((failed + 1))
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
