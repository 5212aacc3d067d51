#!/usr/bin/env bash
# Reads hostile files with every reader: run-fuzz.sh [BINARY] [--seconds N] [--seed S] [--only READER] [--keep FOLDER]
#   BINARY     default .build/release/Fuzz beside Package.swift
#   --seconds  for all readers together (default 60)
#   --seed     the same seed makes the same inputs (default 1)
#   --keep     where inputs that ended a reader's process are kept (default: a new folder under /tmp)
# Each reader is a process of its own with 4 GiB of memory. It fails if an input ends the process: by a trap, a fault, want of memory, or
# five seconds of work without an answer. Last line: "N passed, N failed"; exit code 1 if any failed.
set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
binary=$root/.build/release/Fuzz
seconds=60
seed=1
only=
keep=
while [ $# -gt 0 ]; do
    case $1 in
    --seconds | --seed | --only | --keep)
        [ $# -ge 2 ] || { echo "run-fuzz: $1 needs a value" >&2; exit 2; }
        printf -v "${1#--}" %s "$2"
        shift 2
        ;;
    -h | --help) sed -n '2,9s/^# //p' "${BASH_SOURCE[0]}"; exit 0 ;;
    -*) echo "run-fuzz: unknown option $1" >&2; exit 2 ;;
    *) binary=$1; shift ;;
    esac
done
[ -x "$binary" ] || { echo "run-fuzz: $binary is not there; build it with: swift build -c release --product Fuzz" >&2; exit 1; }

export OPENBLAS_NUM_THREADS=1
ulimit -c 0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
readers=$("$binary" "$root") || { echo "FAILED readers: the valid inputs cannot be made"; echo "0 passed, 1 failed"; exit 1; }
[ -z "$only" ] || readers=$only
share=$(awk -v s="$seconds" -v n="$(wc -w <<<"$readers")" 'BEGIN { print s / n }')

passed=0
failed=0
for reader in $readers; do
    mkdir "$work/$reader"
    output=$( (ulimit -v 4194304; exec "$binary" "$root" "$reader" "$work/$reader" "$seed" "$share") 2>&1)
    status=$?
    if [ $status -eq 0 ]; then
        passed=$((passed + 1))
        echo "ok $output"
        continue
    fi
    failed=$((failed + 1))
    [ -n "$keep" ] || keep=$(mktemp -d /tmp/catena-fuzz.XXXXXX)
    mkdir -p "$keep"
    rm -rf "${keep:?}/$reader-$seed"
    cp -r "$work/$reader" "$keep/$reader-$seed"
    echo "FAILED $reader: exit code $status at input $(cat "$work/$reader/index" 2>/dev/null) of seed $seed, kept in $keep/$reader-$seed:" \
        "$(head -c 600 <<<"$output" | tr '\n' '|')"
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
