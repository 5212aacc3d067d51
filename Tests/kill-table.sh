#!/usr/bin/env bash
# Makes Markdown tables of what the kill checks printed: Tests/run-command-checks.sh BINARY kill | Tests/kill-table.sh
# A row is a point, a column what was killed; a cell is "ok" or "FAILED", with the count where a point has several numbers.
set -u
if [ "${1:-}" = --help ]; then sed -n '2,3s/^# //p' "$0"; exit 0; fi
awk '
    match($0, /^(ok|FAILED) kill rank [0-9]+ of [0-9]+ (at|while rank 0 is at) [a-z-]+(:[0-9]+)?( while resuming)?, resume on [0-9]+/) {
        line = substr($0, RSTART, RLENGTH)
        verdict = $1
        rank = $4
        while_writing = line ~ /while rank 0 is at/
        sub(/^(ok|FAILED) kill rank [0-9]+ of [0-9]+ (at|while rank 0 is at) /, "", line)
        ranks = $6
        resumed = line
        sub(/.*resume on /, "", resumed)
        sub(/, resume on .*/, "", line)
        point = line
        sub(/:[0-9]+/, "", point)
        if (!(point in seen)) { seen[point] = 1; order[++count] = point }
        column = rank == 0 ? "zero" : while_writing ? "writing" : "other"
        if (verdict == "ok") good[point, column]++
        total[point, column]++
    }
    function cell(point, column) {
        if (!total[point, column]) return " "
        return (good[point, column] == total[point, column] ? "" : "FAILED: ") good[point, column] + 0 " of " total[point, column]
    }
    END {
        print "| point | rank 0 killed there | another rank killed there | rank 1 killed while rank 0 is there |"
        print "|---|---|---|---|"
        for (i = 1; i <= count; i++)
            print "| `" order[i] "` | " cell(order[i], "zero") " | " cell(order[i], "other") " | " cell(order[i], "writing") " |"
    }'
