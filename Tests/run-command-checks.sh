#!/usr/bin/env bash
# Runs the built command on real inputs and real failures: run-command-checks.sh [BINARY [SUBJECT...]]
#   BINARY   default .build/release/catena beside Package.swift
#   SUBJECT  files of Tests/CommandChecks by name (equal-bits kill signals bad-input ...); default all
# Environment: CATENA_ONLY=REGEX runs only the checks whose name matches.
# Each check prints "ok NAME", "skipped NAME: why" or "FAILED NAME: what came". Last line: "N passed, N failed", with
# ", N skipped" if any were. Exit code 1 if any check failed.
set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
catena=$(realpath "${1:-$root/.build/release/catena}")
[ -x "$catena" ] || { echo "run-command-checks: $catena is not there; build it with: swift build -c release" >&2; exit 1; }
[ $# -gt 0 ] && shift
only=${CATENA_ONLY:-}
limit_seconds=60

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
mkdir "$work/logs" "$work/checks" "$work/inputs"

# Equal bits need one BLAS thread each; the checks share one cache only through their own output folders.
export OPENBLAS_NUM_THREADS=1
unset CATENA_CACHE CATENA_CRASH_AT CATENA_FAULT_AT CATENA_STOP_AT CATENA_FLIP_BIT CATENA_PROGRESS
mpirun=(mpirun --oversubscribe --mca mpi_yield_when_idle 1 --bind-to none)
[ "$(id -u)" -eq 0 ] && mpirun+=(--allow-run-as-root)

passed=0
failed=0
skipped=0
source "$root/Tests/CommandChecks/assertions.sh"
source "$root/Tests/CommandChecks/inputs.sh"
make_inputs || { echo "FAILED inputs: $catena cannot make the checks' data"; echo "0 passed, 1 failed"; exit 1; }

[ $# -gt 0 ] || set -- equal-bits elastic placement kill chain signals stall divergence supervise slurm kubernetes cluster \
    bad-input bad-model bad-checkpoint disk-full ranks not-finite plan verbs
for subject in "$@"; do
    begun=$SECONDS
    source "$root/Tests/CommandChecks/$subject.sh"
    echo "   $subject: $((SECONDS - begun)) s"
done

line="$passed passed, $failed failed"
[ "$skipped" -eq 0 ] || line+=", $skipped skipped"
echo "$line"
[ "$failed" -eq 0 ]
