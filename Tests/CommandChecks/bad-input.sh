# Configuration and data that cannot be used: one line, the right exit code, nothing written.

refuses_training() {
    local code=$1
    shift
    local texts=()
    while [ "$1" != -- ]; do texts+=("$1"); shift; done
    shift
    refuses "$code" "${texts[@]}" -- "$catena" train --config run.yaml "$@"
}

# refuses_data CODE TEXT... -- LINE...: with these lines as training data
refuses_data() {
    local code=$1 texts=()
    shift
    while [ "$1" != -- ]; do texts+=("$1"); shift; done
    shift
    printf '%s\n' "$@" >own.jsonl
    refuses_training "$code" "${texts[@]}" -- --set data.train=own.jsonl
}

# refuses_yaml CODE TEXT... -- SED-PROGRAM: with a configuration changed by the program
refuses_yaml() {
    local code=$1 texts=()
    shift
    while [ "$1" != -- ]; do texts+=("$1"); shift; done
    shift
    sed -E "$1" run.yaml >own.yaml
    refuses "$code" "${texts[@]}" -- "$catena" train --config own.yaml
}

# Wrong usage: an error line, then how to use the verb.
refuses_usage() {
    local before
    before=$(listing)
    run "${@:3}"
    expect_code 2
    expect_single_error_line "$1" "--help"
    [ "$before" = "$(listing)" ] || fail "files changed"
}

unreadable_data() {
    [ "$(id -u)" -ne 0 ] || skip "root can read every file"
    cp data/train.jsonl own.jsonl
    chmod 000 own.jsonl
    refuses_training 1 own.jsonl "ermission" -- --set data.train=own.jsonl
}

empty_data() {
    : >own.jsonl
    refuses_training 1 own.jsonl "at least one example" -- --set data.train=own.jsonl
}

unwritable_output() {
    : >file
    refuses_training 1 "file/run" -- --set output=file/run
    [ "$(id -u)" -ne 0 ] || return 0
    mkdir closed
    chmod 555 closed
    refuses_training 1 "closed/run" "ermission" -- --set output=closed/run
}

output_in_use() {
    train run --set training.steps=2 --set checkpoint.every=none
    expect_code 0
    refuses_training 2 "run" "--resume auto" -- --set output=run
}

under_mpirun() {
    local before
    before=$(listing)
    ranks 2 "$catena" train --config run.yaml --set adapter.rank=9999
    expect_code 2
    expect_single_error_line "rank 9999"
    [ "$before" = "$(listing)" ] || fail "files changed"
    ranks 2 "$catena" train --config run.yaml --set adapter.rnak=2
    expect_code 2
    expect_single_error_line "rnak" "rank"
}

unwritable_evaluation() {
    refuses 1 "nowhere/result.json" -- \
        "$catena" evaluate --model model --data data/validation.jsonl --output nowhere/result.json
}

good='{"prompt": "Add 1 and 2.", "completion": "3"}'
check "configuration: missing file" refuses 2 nothing.yaml -- "$catena" train --config nothing.yaml
check "configuration: not YAML" refuses_yaml 2 own.yaml: -- '1s/.*/model: [/'
check "configuration: unknown key, nearest shown" refuses_yaml 2 own.yaml:8 learning-rat learning-rate -- 's/learning-rate/learning-rat/'
check "configuration: unknown key in --set" refuses_training 2 training.learning-rats learning-rate -- --set training.learning-rats=1
check "configuration: wrong type" refuses_training 2 training.steps many -- --set training.steps=many
check "configuration: batch sizes that do not divide" refuses_training 2 global-batch micro-batch -- --set training.micro-batch=3
check "configuration: global-batch and batch-per-rank" refuses_training 2 global-batch batch-per-rank -- --set training.batch-per-rank=4
check "configuration: steps and epochs" refuses_training 2 steps epochs -- --set training.epochs=2
check "configuration: unknown method" refuses_training 2 lroa lora -- --set adapter.method=lroa
check "configuration: unknown template" refuses_training 2 chatmi chatml -- --set data.template=chatmi
check "configuration: missing --config" refuses_usage --config -- "$catena" train
check "config: unknown key, nearest shown" refuses 2 training.seed -- "$catena" config --explain training.sed
check "unknown verb" refuses_usage trian -- "$catena" trian
check "rank larger than the layer" refuses_training 2 "rank 9999" q_proj -- --set adapter.rank=9999
check "a rank that divides no layer, near ones shown" refuses_training 2 "adapter.rank: 7" choose -- --set 'adapter={method: bat, rank: 7}'
check "a width that its blocks do not divide" refuses_training 2 adapter.rank -- --set 'adapter={method: compacter, rank: 7}'
check "a method that finds nothing to train" refuses_training 2 bitfit ln-tuning -- --set 'adapter={method: bitfit}'
check "a common key that a method does not take" refuses_training 2 adapter.alpha bone -- --set 'adapter={method: bone, alpha: 3}'
check "an option of another method" refuses_training 2 adapter.mixers -- --set 'adapter={method: lora, mixers: 3}'
check "a schedule that does not fit the run" refuses_training 2 adapter.tinit -- --set 'adapter={method: adalora, tinit: 100000}'
check "targets that match nothing, near names shown" refuses_training 2 q_porj q_proj -- --set 'adapter.targets=[q_porj]'
check "targets: a pattern that is no regular expression" refuses_training 2 'targets' -- --set 'adapter.targets=q_proj('
check "initial adapter: missing" refuses_training 1 nowhere -- --set adapter.init=nowhere
check "data: missing" refuses_training 1 nothing.jsonl -- --set data.train=nothing.jsonl
check "data: a folder" refuses_training 1 data -- --set data.train=data
check "data: unreadable" unreadable_data
check "data: empty" empty_data
check "data: invalid JSON" refuses_data 1 own.jsonl:3 -- "$good" "$good" '{"prompt": "a", completion: "b"}' "$good"
check "data: a line cut off" refuses_data 1 own.jsonl:2 -- "$good" '{"prompt": "a", "compl'
check "data: unknown form" refuses_data 1 own.jsonl:2 -- "$good" '{"question": "a", "reply": "b"}'
check "data: wrong type" refuses_data 1 own.jsonl:2 -- "$good" '{"prompt": "a", "completion": 3}'
check "data: no learned token in an example" refuses_data 1 own.jsonl:2 -- '{"input_ids": [5, 6, 7], "labels": [5, 6, 7]}' '{"input_ids": [5, 6, 7], "labels": [-100, -100, -100]}'
check "data: no learned token in all" refuses_data 1 own.jsonl -- '{"input_ids": [5, 6, 7], "labels": [-100, -100, -100]}'
check "data: ids and labels of different lengths" refuses_data 1 own.jsonl:1 -- '{"input_ids": [5, 6, 7], "labels": [5, 6]}'
check "data: ids beyond the vocabulary" refuses_data 1 own.jsonl:2 1024 -- '{"input_ids": [5, 6, 7], "labels": [5, 6, 7]}' '{"input_ids": [5, 1024, 7], "labels": [5, 1024, 7]}'
check "data: a label beyond the vocabulary" refuses_data 1 own.jsonl:1 5000 -- '{"input_ids": [5, 6, 7], "labels": [5, 5000, 7]}'
check "data: a negative id" refuses_data 1 own.jsonl:1 -- '{"input_ids": [5, -6, 7], "labels": [5, 6, 7]}'
check "validation data: missing" refuses_training 1 nothing.jsonl -- --set data.validation=nothing.jsonl
check "output: cannot be written" unwritable_output
check "output: holds a run" output_in_use
check "evaluate: output cannot be written" unwritable_evaluation
check "evaluate: data missing" refuses 1 nothing.jsonl -- "$catena" evaluate --model model --data nothing.jsonl
check "tokenize: input missing" refuses 1 nothing.txt -- "$catena" tokenize --model model --input nothing.txt
check "resume: not there" refuses_training 2 nowhere -- --resume nowhere
check "one message under mpirun" under_mpirun
