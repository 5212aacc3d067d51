# Classification and regression: from records to metrics, the same on any number of ranks.

# Sentences of two kinds, with the label that the arguments say for each: labelled FIRST SECOND
labelled() {
    local index
    for index in $(seq 1 24); do
        printf '{"text": "the sun and the moon %s", "label": %s}\n{"text": "add %s to %s now", "label": %s}\n' \
            "$index" "$1" "$index" "$index" "$2"
    done
}

# task_run TASK COUNT [OPTION...]: trains on COUNT ranks into run-COUNT.
task_run() {
    local task=$1 count=$2
    shift 2
    ranks "$count" "$catena" train --config run.yaml --set "task=$task" --set data.train=train.jsonl --set data.validation=train.jsonl \
        --set training.steps=6 --set training.learning-rate=1e-2 --set training.validation-every=3 --set "output=run-$count" \
        --set adapter.rank=4 "$@"
    expect_code 0
}

# The metrics of a run without what is measured in seconds and bytes.
metrics_of() { sed -E 's/"(tokens_per_second|seconds|[a-z]+_seconds|[a-z]+_bytes)": [^,}]+,? ?//g' "run-$1/metrics.jsonl"; }

same_on_two_ranks() {
    task_run "$1" 1
    task_run "$1" 2
    cmp -s run-1/adapter/adapter_model.safetensors run-2/adapter/adapter_model.safetensors || fail "the adapters differ"
    [ "$(metrics_of 1)" = "$(metrics_of 2)" ] || fail "the metrics differ: $(diff <(metrics_of 1) <(metrics_of 2) | head -n 4)"
    local name
    for name in $2; do grep -q "\"$name\": " run-1/metrics.jsonl || fail "no $name: $(head -n 3 run-1/metrics.jsonl)"; done
}

classification() {
    labelled '"sky"' '"sum"' >train.jsonl
    same_on_two_ranks classification "accuracy validation_accuracy validation_loss"
    local count
    for count in 1 2; do
        ranks "$count" "$catena" evaluate --model model --adapter run-1/adapter --data train.jsonl --json --output "result-$count.json"
        expect_code 0
        sed -E '/"(seconds|ranks)"/d' "result-$count.json" >"shown-$count"
    done
    cmp -s shown-1 shown-2 || fail "evaluations differ: $(diff shown-1 shown-2 | head -n 4)"
    grep -q '"matthews"' shown-1 && grep -q '"sky"' shown-1 || fail "no metrics of classes: $(head -n 20 shown-1)"
    echo '{"text": "a", "label": 1.5}' >numbers.jsonl
    run "$catena" evaluate --model model --adapter run-1/adapter --data numbers.jsonl --task regression
    expect_code 1
    expect_single_error_line "expected a model with a head for one number"
    printf '{"text": "a", "label": "moon"}\n{"text": "a", "label": "sky"}\n{"text": "a", "label": 7}\n' >bad.jsonl
    run "$catena" evaluate --model model --adapter run-1/adapter --data bad.jsonl
    expect_code 1
    expect_text "2 examples cannot be used" "bad.jsonl:1: " "bad.jsonl:3: "
    run "$catena" train --config run.yaml --set task=classification --set data.train=train.jsonl --set output=run-1 --resume auto \
        --set 'labels=[sum, sky]'
    expect_code 2
    expect_text "labels: [sum, sky] against absent"
}

regression() {
    labelled 0.25 -1 >train.jsonl
    same_on_two_ranks regression "validation_mean_squared_error validation_pearson"
    run "$catena" evaluate --model model --adapter run-1/adapter --data train.jsonl
    expect_code 0
    grep -q '^Pearson ' "$log.out" || fail "no correlation: $(cat "$log.out")"
}

of_another_task() {
    labelled 0 1 >train.jsonl
    run "$catena" train --config run.yaml --set data.train=train.jsonl
    [ "$code" -ne 0 ] || fail "records with labels were taken for texts"
    expect_text "task: classification" "train.jsonl:1: "
    [ ! -e run ] || fail "something was written"
}

check "classification: two ranks are one, evaluate judges by the adapter's classes, wrong labels are named" classification
check "regression: two ranks are one, and a correlation" regression
check "records with labels are refused where a language model is trained" of_another_task
