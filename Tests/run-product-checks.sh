#!/usr/bin/env bash
# Checks that the bits of matrix products and decompositions do not depend on the number of threads, under every set of OpenBLAS's kernels
# that this processor runs: run-product-checks.sh [SHAPES [SEED]]
#   SHAPES   random products for each set, each on 1 to 4 threads (default 150)
#
# Compiles Sources/CKernels with Tests/ProductChecks/products.c. The sets: the environment's, OpenBLAS's own choice without
# OPENBLAS_CORETYPE, and others by that variable.
# Last line: "N passed, N failed", with ", N skipped" if no C compiler is there. Exit code 1 if a check failed.
set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
shapes=${1:-150}
seed=${2:-1}
compiler=$(command -v clang) || { echo "skipped products: no clang"; echo "0 passed, 0 failed, 1 skipped"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# shellcheck disable=SC2046
"$compiler" -O2 -Wall -Werror -I"$root/Sources/CKernels/include" $(pkg-config --cflags openblas) "$root"/Sources/CKernels/*.c \
    "$root/Tests/ProductChecks/products.c" -o "$work/products" $(pkg-config --libs openblas) -lpthread -lm ||
    { echo "FAILED products: they do not compile"; echo "0 passed, 1 failed"; exit 1; }

passed=0
failed=0
report() { # report NAME STATUS: one check's line
    if [ "$2" -eq 0 ]; then
        echo "ok $1"
        passed=$((passed + 1))
    else
        echo "FAILED $1"
        failed=$((failed + 1))
    fi
}

seen=" "
check_kernels() { # check_kernels [NAME=VALUE...]: one set, unless it was checked before or the processor cannot run it
    local name one four
    name=$("$@" "$work/products" name)
    [[ $seen != *" $name "* ]] || return 0
    seen+="$name "
    one=$("$@" OPENBLAS_NUM_THREADS=1 "$work/products" lapack)
    [ $? -ne 132 ] || return 0 # an illegal instruction
    "$@" "$work/products" "$shapes" "$seed"
    report "products: the same bits on 1 to 4 threads, kernels for $name" $?
    four=$("$@" OPENBLAS_NUM_THREADS=4 "$work/products" lapack)
    [ -n "$one" ] && [ "$one" = "$four" ]
    report "decompositions: the same bits whatever OPENBLAS_NUM_THREADS, kernels for $name" $?
}

exec 2>/dev/null # the shell's own lines about sets that end with an illegal instruction
check_kernels env
check_kernels env -u OPENBLAS_CORETYPE
for core in Haswell Zen SkylakeX Cooperlake SapphireRapids Sandybridge Nehalem Excavator; do # the last needs FMA4
    check_kernels env OPENBLAS_CORETYPE="$core"
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
