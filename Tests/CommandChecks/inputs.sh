# The inputs of all checks: the tiny model, 60 made-up examples and a configuration of 8 steps.

make_inputs() {
    local inputs=$work/inputs
    cp -r "$root/Examples/tiny" "$inputs/model" || return
    rm -f "$inputs/model/make" "$inputs/model"/*.yaml
    "$catena" demo-data --kind sums --train 60 --validation 12 --seed 3 --output "$inputs/data" >/dev/null || return
    cat >"$inputs/run.yaml" <<'YAML'
model: model
adapter: {method: lora, rank: 4, alpha: 8, dropout: 0.1, targets: all-linear}
data: {train: data/train.jsonl, validation: data/validation.jsonl, template: chatml, max-length: 128, packing: true}
training:
  steps: 8
  global-batch: 8
  micro-batch: 2
  learning-rate: 1.0e-3
  schedule: {name: cosine, warmup-steps: 2}
  seed: 5
  validation-every: 4
distributed: {threads: 1}
checkpoint: {every: 2, keep: 2}
log: {tensorboard: false, report: false}
output: run
YAML
}

# Trains with the configuration above: train OUTPUT [OPTION...]; train_ranks COUNT OUTPUT [OPTION...]
train() {
    local output=$1
    shift
    run "$catena" train --config run.yaml --set "output=$output" "$@"
}
train_ranks() {
    local count=$1 output=$2
    shift 2
    if [ "$count" -eq 1 ]; then train "$output" "$@"; return; fi
    ranks "$count" "$catena" train --config run.yaml --set "output=$output" "$@"
}

# A run that only a signal ends. A constant rate, so that its length does not matter.
endless=(--set training.steps=1000000 --set 'training.schedule={name: constant}' --set checkpoint.every=none
    --set training.validation-every=1000000)

# The unbroken run that others are compared with; made once.
whole_run() {
    if [ ! -d "$work/whole" ]; then
        train "$work/whole"
        expect_code 0
    fi
    whole=$work/whole
}
