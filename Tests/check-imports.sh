#!/usr/bin/env bash
# Checks that imports point one way: catena -> CatenaDistributed -> CatenaCore -> CatenaJinja, COpenBLAS, CKernels, and
# that each C library has one door. Last line: "N passed, N failed".
set -euo pipefail

usage() {
    echo "usage: Tests/check-imports.sh"
    echo "Checks the direction of imports in Sources/; prints every line that breaks a rule."
}
case "${1:-}" in
--help | -h) usage; exit 0 ;;
"") ;;
*) usage >&2; exit 2 ;;
esac

cd "$(dirname "${BASH_SOURCE[0]}")/.."
passed=0
failed=0

# refuse RULE PATTERN PATH...: no line of the Swift, C and header files under PATH matches the extended regular expression.
refuse() {
    local rule=$1 pattern=$2 found
    shift 2
    found=$(find "$@" -type f \( -name '*.swift' -o -name '*.c' -o -name '*.h' \) -print0 |
        xargs -0 -r grep -HnE "$pattern" || true)
    if [ -z "$found" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAILED: %s\n%s\n' "$rule" "$found"
    fi
}

# An import of one of the modules, with any attributes and access level before it and any declaration behind it.
import_of() {
    printf '^[[:space:]]*(@[A-Za-z_]+(\\([^)]*\\))?[[:space:]]+)*((public|package|internal|fileprivate|private)[[:space:]]+)?import[[:space:]]+((struct|class|enum|protocol|func|var|let|typealias)[[:space:]]+)?(%s)([.[:space:];]|$)' "$1"
}

core_but_blas=()
while IFS= read -r -d '' file; do core_but_blas+=("$file"); done < <(
    find Sources/Core -name '*.swift' -not -path 'Sources/Core/Kernels/BLAS/*' -print0)
core_but_kernels=()
while IFS= read -r -d '' file; do core_but_kernels+=("$file"); done < <(
    find Sources/Core -name '*.swift' -not -path 'Sources/Core/Kernels/*' -not -path 'Sources/Core/Tensor/*' -print0)
distributed_but_mpi=()
while IFS= read -r -d '' file; do distributed_but_mpi+=("$file"); done < <(
    find Sources/Distributed -name '*.swift' -not -path 'Sources/Distributed/MPI/*' -print0)
c_but_mpi=()
while IFS= read -r -d '' file; do c_but_mpi+=("$file"); done < <(
    find Sources -type f \( -name '*.c' -o -name '*.h' \) -not -path 'Sources/CMPI/*' -not -path 'Sources/CMPISystem/*' -print0)

refuse "CatenaCore knows neither processes nor the command" \
    "$(import_of 'CatenaDistributed|CMPI|CMPISystem|ArgumentParser|catena')" Sources/Core
refuse "CatenaJinja needs nothing but the C library's powers" \
    '^[[:space:]]*([a-z]+[[:space:]]+)?import[[:space:]]+(Foundation|Catena|CKernels|COpenBLAS|Yams|Crypto)' Sources/Core/Jinja
refuse "the toolchain's module Distributed is not ours; import CatenaDistributed" \
    "$(import_of 'Distributed')" Sources Tests
refuse "OpenBLAS is called from Sources/Core/Kernels/BLAS only" \
    "$(import_of 'COpenBLAS')" "${core_but_blas[@]}" Sources/Distributed Sources/catena
refuse "C kernels are called from Sources/Core/Kernels and Sources/Core/Tensor only" \
    "$(import_of 'CKernels')" "${core_but_kernels[@]}" Sources/Distributed Sources/catena
refuse "C names do not travel: CKernels, COpenBLAS, CMPI are never imported publicly" \
    '^[[:space:]]*(public|package|@_exported)[[:space:]]+import[[:space:]]+(CKernels|COpenBLAS|CMPI|CMPISystem)' Sources
refuse "MPI is called from Sources/Distributed/MPI only" \
    "$(import_of 'CMPI|CMPISystem')" "${distributed_but_mpi[@]}" Sources/catena
refuse "CatenaDistributed does not know the command" \
    "$(import_of 'ArgumentParser|catena')" Sources/Distributed
refuse "mpi.h is included by Sources/CMPI only" \
    '#[[:space:]]*include[[:space:]]*[<"]mpi\.h' "${c_but_mpi[@]}"
refuse "tests use what is public or package: no @testable" \
    '@testable[[:space:]]+import' Tests

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
