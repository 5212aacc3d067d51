#!/usr/bin/env bash
# Runs the built command on real inputs and real failures: run-command-checks.sh [BINARY [SUBJECT...]]
#   BINARY   default .build/release/catena beside Package.swift
#   SUBJECT  files of Tests/CommandChecks by name (equal-bits kill signals bad-input ...); default all
# Environment: CATENA_ONLY=REGEX runs only the checks whose name matches; CATENA_CHECK_JOBS subjects of all run at once (2).
# Each check prints "ok NAME", "skipped NAME: why" or "FAILED NAME: what came". Last line: "N passed, N failed", with
# ", N skipped" if any were. Exit code 1 if any check failed.
set -u
# Who is started in the background may have to ignore INT, and no shell can undo that for those it starts; env can.
[ -z "$(trap -p INT)" ] || exec env --default-signal=INT,QUIT "${BASH_SOURCE[0]}" "$@"
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

passed=0
failed=0
skipped=0
finish() {
    local line="$passed passed, $failed failed"
    [ "$skipped" -eq 0 ] || line+=", $skipped skipped"
    echo "$line"
    [ "$failed" -eq 0 ]
    exit
}

# All subjects, the longest first; each is a run of this script of its own, whose output comes when it is over.
if [ $# -eq 0 ]; then
    subjects=(kill methods chain compare cluster slurm signals stall elastic supervise divergence ranks run-folder bad-input bad-model
        bad-checkpoint data preference sample-weights incremental sequences images weight-compander disk-full equal-bits spectral
        placement kubernetes not-finite plan verbs
        accidents)
    printf '%s\n' "${subjects[@]}" | xargs -P "${CATENA_CHECK_JOBS:-2}" -I {} \
        sh -c '"$0" "$1" {} >"$2/logs/{}" 2>&1; flock "$2" cat "$2/logs/{}"' "${BASH_SOURCE[0]}" "$catena" "$work"
    for subject in "${subjects[@]}"; do
        counts=$(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed\(, \([0-9]*\) skipped\)\{0,1\}$/\1 \2 \4/p' "$work/logs/$subject" | tail -n 1)
        if [ -z "$counts" ]; then echo "FAILED $subject: it did not run to its end"; counts="0 1"; fi
        read -r subject_passed subject_failed subject_skipped <<<"$counts"
        passed=$((passed + subject_passed))
        failed=$((failed + subject_failed))
        skipped=$((skipped + ${subject_skipped:-0}))
    done
    finish
fi

# Equal bits need one BLAS thread each; the checks share one cache only through their own output folders.
export OPENBLAS_NUM_THREADS=1
unset CATENA_CACHE CATENA_CRASH_AT CATENA_FAULT_AT CATENA_STOP_AT CATENA_FLIP_BIT CATENA_PROGRESS
mpirun=(mpirun --oversubscribe --mca mpi_yield_when_idle 1 --bind-to none)
[ "$(id -u)" -eq 0 ] && mpirun+=(--allow-run-as-root)

source "$root/Tests/CommandChecks/assertions.sh"
source "$root/Tests/CommandChecks/inputs.sh"
make_inputs || { echo "FAILED inputs: $catena cannot make the checks' data"; echo "0 passed, 1 failed"; exit 1; }

for subject in "$@"; do
    begun=$SECONDS
    source "$root/Tests/CommandChecks/$subject.sh"
    echo "   $subject: $((SECONDS - begun)) s"
done

finish
