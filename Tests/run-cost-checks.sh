#!/usr/bin/env bash
# Checks that what a training step does beside its matrix products has not grown: run-cost-checks.sh [BINARY] [--update]
#   BINARY     default .build/release/catena beside Package.swift
#   --update   writes the measured number to Tests/step-cost instead of checking; for a change that is meant
#
# Counts machine instructions with callgrind, so no clock and no other program matters: `catena bench step` on a tiny shape, with
# 3 steps less the same with 1, so that neither starting nor making weights counts. Instructions of products (all of OpenBLAS, and
# the kernels of our own by name) divide all others. The ratio may be 10 % above the number in Tests/step-cost.
# OpenBLAS takes its Sandybridge kernels: valgrind knows no AVX-512, and emulates the FMA of those for Haswell
# slowly. Without valgrind the check is skipped.
# Last line: "N passed, N failed", with ", N skipped" if it was. Exit code 1 if the check failed.
set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
binary=$root/.build/release/catena
update=false
for argument in "$@"; do
    case "$argument" in
    --update) update=true ;;
    -*) echo "run-cost-checks: unknown option $argument" >&2; exit 2 ;;
    *) binary=$argument ;;
    esac
done
name="cost: instructions of a step beside its products"
stored=$root/Tests/step-cost

skip() { echo "skipped $name: $*"; echo "0 passed, 0 failed, 1 skipped"; exit 0; }
fail() { echo "FAILED $name: $*"; echo "0 passed, 1 failed"; exit 1; }

[ -x "$binary" ] || fail "$binary is not there; build it with: swift build -c release"
[ "$(uname -m)" = x86_64 ] || skip "the stored number is of x86_64"
command -v valgrind >/dev/null || skip "valgrind is not there"
command -v callgrind_annotate >/dev/null || skip "callgrind_annotate is not there"
command -v strip >/dev/null || skip "strip is not there"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Valgrind 3.19 cannot read the debug information of Swift programs.
strip --strip-debug -o "$work/catena" "$binary" || fail "strip cannot read $binary"
cat >"$work/config.json" <<'JSON'
{"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2,
 "num_key_value_heads": 1, "intermediate_size": 256, "vocab_size": 512, "rms_norm_eps": 1e-6, "max_position_embeddings": 512,
 "hidden_act": "silu", "tie_word_embeddings": true, "torch_dtype": "float32"}
JSON

# instructions STEPS: "PRODUCTS OTHERS" of a run with so many steps
instructions() {
    env -u OPENBLAS_L2_SIZE OPENBLAS_CORETYPE=Sandybridge OPENBLAS_NUM_THREADS=1 \
        valgrind --tool=callgrind --callgrind-out-file="$work/$1.out" "$work/catena" \
        bench step --shape "$work/config.json" --batch 1 --sequence 64 --steps "$1" --threads 1 --json >"$work/$1.log" 2>&1 || return
    callgrind_annotate --threshold=100 "$work/$1.out" 2>/dev/null | awk '
        /\([ 0-9.]+%\)/ && !/PROGRAM TOTALS/ {
            count = $1
            gsub(",", "", count)
            if (tolower($0) ~ /openblas|gemm|multiply_panel|pack_panel|pack_rows/) products += count; else others += count
        }
        END { printf "%.0f %.0f\n", products, others }'
}

one=$(instructions 1) || fail "$(grep -m 3 -iE "error|unrecognised|fatal|$" "$work/1.log" | tail -n 3 | tr '\n' '|')"
three=$(instructions 3) || fail "$(tail -n 3 "$work/3.log" | tr '\n' '|')"
ratio=$(awk -v one="$one" -v three="$three" 'BEGIN {
    split(one, a); split(three, b)
    if (b[1] <= a[1] || b[2] <= a[2]) exit 1
    printf "%.4f", (b[2] - a[2]) / (b[1] - a[1])
}') || fail "no instructions counted: $one with one step, $three with three"

if $update; then
    echo "$ratio" >"$stored"
    echo "wrote $ratio to $stored"
    exit 0
fi
limit=$(awk '{ printf "%.4f", 1.1 * $1 }' "$stored" 2>/dev/null)
[ -n "$limit" ] || fail "$stored has no number; write it with: Tests/run-cost-checks.sh $binary --update"
if awk -v ratio="$ratio" -v limit="$limit" 'BEGIN { exit !(ratio <= limit) }'; then
    echo "ok $name: $ratio for each of the products, at most $limit"
    echo "1 passed, 0 failed"
else
    fail "$ratio for each of the products, at most $limit ($(cat "$stored") + 10 %). If the change is meant, write the new number with:" \
        "Tests/run-cost-checks.sh $binary --update"
fi
