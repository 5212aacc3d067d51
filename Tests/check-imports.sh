#!/usr/bin/env bash
# Checks that imports point one way (catena -> CatenaDistributed -> CatenaLearning -> CatenaAdapters -> CatenaModels -> CatenaEngine ->
# CatenaFiles, with CatenaText, CatenaSchema and CatenaReporting beside them) and that each C library has one door. The compiler
# keeps most of it, since Package.swift gives a target only what is below it; this says it in one place and without a build. Last line: "N passed, N failed".
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

# sources_but 'BUT ...' FOLDER: the Swift files under FOLDER, but those under the folders BUT, in `files`.
sources_but() {
    local but exclude=()
    for but in $1; do exclude+=(-not -path "$but/*"); done
    files=()
    while IFS= read -r -d '' file; do files+=("$file"); done < <(find "$2" -name '*.swift' "${exclude[@]}" -print0)
}

ours='Catena[A-Za-z]*|catena|CKernels|COpenBLAS|CMPI|CMPISystem|CImages|CPNGSystem'
# layer FOLDER 'MODULE|...' [BUT]: the only modules of ours that files under FOLDER (but those under BUT) import.
layer() {
    local folder=$1 allowed=$2
    sources_but "${3:-none}" "$folder"
    local found
    found=$(grep -HnE "$(import_of "$ours")" "${files[@]}" | grep -vE "$(import_of "$allowed" | sed 's/^\^/:[0-9]+:/')" || true)
    if [ -z "$found" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAILED: %s imports only %s\n%s\n' "$folder" "${allowed//|/, }" "$found"
    fi
}

layer Sources/Core/Files CKernels
layer Sources/Core/Engine 'CatenaFiles|CKernels|COpenBLAS'
layer Sources/Core/Patterns none
layer Sources/Core/Text/Jinja none
layer Sources/Core/Text 'CatenaFiles|CatenaJinja' Sources/Core/Text/Jinja
layer Sources/Core/Reporting CatenaFiles
layer Sources/Core/Schema 'Catena(Files|Reporting)'
layer Sources/Core/Models 'Catena(Engine|Files)'
layer Sources/Core/Adapters 'Catena(Engine|Files|Models|Patterns|Schema|Text)'
layer Sources/Core/Learning 'Catena(Adapters|Engine|Files|Jinja|Models|Patterns|Reporting|Schema|Text)|CImages'
layer Sources/Distributed 'Catena(Adapters|Engine|Files|Jinja|Learning|Models|Patterns|Reporting|Schema|Text)|CMPI'
layer Sources/catena 'Catena[A-Za-z]*'
refuse "the core knows neither processes nor the command" \
    "$(import_of 'CatenaDistributed|CMPI|CMPISystem|ArgumentParser|catena')" Sources/Core
refuse "CatenaJinja and CatenaPatterns need nothing but the C library's powers" \
    "$(import_of 'Foundation|Yams|Crypto')" Sources/Core/Text/Jinja Sources/Core/Patterns
refuse "the toolchain's module Distributed is not ours; import CatenaDistributed" \
    "$(import_of 'Distributed')" Sources Tests
sources_but Sources/Core/Engine/Kernels/BLAS Sources
refuse "OpenBLAS is called from Sources/Core/Engine/Kernels/BLAS only" "$(import_of 'COpenBLAS')" "${files[@]}"
sources_but "Sources/Core/Engine/Kernels Sources/Core/Engine/Tensor Sources/Core/Files" Sources
refuse "C kernels are called from Kernels and Tensor only (and the fault guard of Files)" "$(import_of 'CKernels')" "${files[@]}"
refuse "C names do not travel: CKernels, COpenBLAS, CMPI are never imported publicly" \
    '^[[:space:]]*(public|package|@_exported)[[:space:]]+import[[:space:]]+(CKernels|COpenBLAS|CMPI|CMPISystem)' Sources
sources_but Sources/Core/Learning/Images Sources
refuse "libpng and zlib are called from Sources/Core/Learning/Images only" "$(import_of 'CImages|CPNGSystem')" "${files[@]}"
sources_but Sources/Distributed/MPI Sources
refuse "MPI is called from Sources/Distributed/MPI only" "$(import_of 'CMPI|CMPISystem')" "${files[@]}"
refuse "mpi.h is included by Sources/CMPI only" '#[[:space:]]*include[[:space:]]*[<"]mpi\.h' Sources/CKernels
refuse "tests use what is public or package: no @testable" \
    '@testable[[:space:]]+import' Tests

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
