#!/usr/bin/env bash
# The bytes that short runs leave, to compare two builds: adapter-hashes.sh BINARY [--ranks "1 2 3"] >hashes
# Trains the tiny model for 12 steps with every method of `catena methods`, and with LoRA under every placement, recomputation,
# accumulation, base format, chain and kind of model, at each number of ranks. A line a run: SHA-256 of its tensors, then its name; runs that
# differ only in ranks or placement have to have equal sums, and the script says which have not and ends with 1.
set -euo pipefail
usage() { sed -n '2,5s/^# //p' "$0"; }
case "${1:-}" in
"" | --help | -h) usage; exit 0 ;;
esac
catena=$(realpath "$1")
ranks="1 2 3"
[ "${2:-}" != --ranks ] || ranks=$3
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
source "$root/Tests/CommandChecks/inputs.sh"
mkdir inputs
make_inputs
cd inputs
mpirun=(mpirun --oversubscribe --mca mpi_yield_when_idle 1 --bind-to none)
[ "$(id -u)" -ne 0 ] || mpirun+=(--allow-run-as-root)

# hash GROUP NAME [OPTION...]: trains and prints the sum; runs of one group are equal.
hash() {
    local group=$1 name=$2 count=$3 launch=()
    shift 3
    [ "$count" -eq 1 ] || launch=("${mpirun[@]}" -n "$count")
    rm -rf run
    if ! "${launch[@]}" "$catena" train --config run.yaml --set training.steps=12 --set training.learning-rate=0.01 \
        --set "data.cache=$work/prepared" "$@" </dev/null >log 2>&1; then
        echo "$name failed: $(grep -m 1 'error:' log || tail -n 1 log)" >&2
        exit 1
    fi
    local file=run/adapter/adapter_model.safetensors
    [ -f "$file" ] || file=run/model/model.safetensors
    local sum
    sum=$(sha256sum "$file" | cut -c 1-64)
    echo "$sum  $name"
    echo "$group $sum" >>"$work/groups"
}

method_options() {
    local keys=("method: $1")
    "$catena" methods "$1" >method.txt
    ! grep -q '^  rank:' method.txt || keys+=("rank: 4")
    ! grep -q '^  dropout:' method.txt || keys+=("dropout: 0.1")
    options=(--set "adapter={$(printf '%s, ' "${keys[@]}" | sed 's/, $//')}")
}

sed 's/"model_type": "llama"/"model_type": "qwen2"/; s/LlamaFor/Qwen2For/' model/config.json >config.json
"$catena" new-model --shape config.json --tokenizer model/tokenizer.json --output biased >/dev/null

for method in $("$catena" methods --json | sed -n 's/^    "name": "\(.*\)",$/\1/p'); do
    method_options "$method"
    [ "$method" != bitfit ] || options+=(--set model=biased)
    for count in $ranks; do hash "$method" "$method, $count ranks" "$count" "${options[@]}"; done
done
for count in $ranks; do
    for placement in replicated node sharded; do
        hash placement "$placement, $count ranks" "$count" --set "distributed.placement=$placement"
    done
    hash placement "sharded, micro-major, $count ranks" "$count" --set distributed.placement=sharded --set distributed.accumulation=micro-major
    hash placement "recomputed blocks, $count ranks" "$count" --set training.recompute=blocks
    hash placement "2 threads, $count ranks" "$count" --set distributed.threads=2
    hash micro-batch-1 "micro-batch 1, $count ranks" "$count" --set training.micro-batch=1
    hash unpacked "without packing, $count ranks" "$count" --set data.packing=false
    hash fast "SGD, $count ranks" "$count" --set 'training.optimizer={name: sgd, momentum: 0.9}'
    hash companded "weight compander, $count ranks" "$count" --set 'training.weight-compander={}'
    hash int8 "base int8, $count ranks" "$count" --set base-compute=int8
    hash bfloat16 "base stored in bfloat16, $count ranks" "$count" --set base-storage=bfloat16
    for placement in node sharded; do
        hash int8 "base int8, $placement, $count ranks" "$count" --set base-compute=int8 --set "distributed.placement=$placement"
        hash bfloat16 "base stored in bfloat16, $placement, $count ranks" "$count" --set base-storage=bfloat16 --set "distributed.placement=$placement"
    done
    for preset in cola relora; do
        rewarm=
        [ "$preset" = cola ] || rewarm=", rewarm: 2"
        hash "$preset" "chain $preset, $count ranks" "$count" --set "chain={preset: $preset, every-steps: 4$rewarm}"
    done
done

sort -u "$work/groups" | cut -d ' ' -f 1 | uniq -d >"$work/unequal"
[ ! -s "$work/unequal" ] || { echo "unequal: $(tr '\n' ' ' <"$work/unequal")" >&2; exit 1; }
