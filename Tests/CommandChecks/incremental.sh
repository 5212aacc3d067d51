# catena incremental: tasks with new classes on one rank and two, killed and gone on with, and what is refused.

make_sequence() {
    local split count label words i
    for split in train test; do
        count=$([ "$split" = train ] && echo 12 || echo 4)
        : >"classes-$split.jsonl"
        for ((i = 0; i < count; i++)); do
            while read -r label words; do
                # shellcheck disable=SC2086
                set -- $words
                shift $((i % 3))
                printf '{"text": "the %s number %d", "label": "%s"}\n' "$1" "$i" "$label"
            done <<'WORDS'
cat meow purr paw
dog bark leash tail
bird wing nest song
fish fin scale water
WORDS
        done >>"classes-$split.jsonl"
    done
    # On two ranks one has a round more than the other: 17 and 16 of the 33 test samples.
    for ((i = 0; i < 17; i++)); do printf '{"text": "the paw number %d", "label": "cat"}\n' "$i"; done >>classes-test.jsonl
    cat >sequence.yaml <<'YAML'
model: model
output: sequence
adapter: {method: lora, rank: 2}
data: {train: classes-train.jsonl, test: classes-test.jsonl, max-length: 64, packing: false}
tasks: 2
memory: {per-class: 3}
training: {epochs: 1, global-batch: 8, micro-batch: 4, learning-rate: 2.0e-3}
distributed: {threads: 1}
checkpoint: {every: 2}
log: {tensorboard: false, report: false}
YAML
}

# Made once by one rank, in the folder of all checks.
unbroken_sequence() {
    if [ ! -d "$work/sequence" ]; then
        run "$catena" incremental --config sequence.yaml --set "output=$work/sequence"
        expect_code 0
        expect_text "task 1 of 2: 2 new classes, 24 samples" "task 2 of 2: 2 new classes, 24 samples and 6 remembered ones"
    fi
}

equals_unbroken() {
    local file
    for file in result.json adapter/adapter_model.safetensors tasks/02/teacher.safetensors tasks/02/exemplars.json; do
        same_bytes "sequence/$file" "$work/sequence/$file"
    done
}

on_two_ranks() {
    make_sequence
    unbroken_sequence
    ranks 2 "$catena" incremental --config sequence.yaml --json
    expect_code 0
    grep -q '"average_incremental_accuracy"' "$log.out" || fail "no JSON: $(head -c 300 "$log.out")"
    equals_unbroken
    run "$catena" evaluate --model model --adapter sequence/adapter --data classes-test.jsonl
    expect_code 0
    local file
    for file in result.txt result.csv report.html incremental.yaml; do
        [ -s "sequence/$file" ] || fail "$file is missing"
    done
}

killed_anywhere_goes_on() {
    make_sequence
    unbroken_sequence
    local point
    for point in checkpoint-after-rename:3 incremental-trained:2 incremental-aligned incremental-prepared incremental-result; do
        rm -rf sequence
        run env CATENA_CRASH_AT=$point "$catena" incremental --config sequence.yaml
        expect_code 137
        run "$catena" incremental --config sequence.yaml --resume auto
        expect_code 0
        equals_unbroken
    done
    run "$catena" incremental --config sequence.yaml
    expect_code 1
    expect_text "give --resume auto to go on with it"
    run "$catena" incremental --config sequence.yaml --resume auto --set seed=1
    expect_code 1
    expect_text "was begun with another configuration"
    echo '{"text": "more", "label": "cat"}' >>classes-train.jsonl
    run "$catena" incremental --config sequence.yaml --resume auto
    expect_code 1
    expect_text "the data or the classes of the tasks are others"
}

baselines_train() {
    make_sequence
    local options
    for options in "memory.per-class=0 method.distillation=false method.aligning=none" "method.joint=true" \
        "method.aligning=l1 method.cap=false memory.selection=random" "method.non-negative=true"; do
        rm -rf sequence
        # shellcheck disable=SC2086
        run "$catena" incremental --config sequence.yaml $(printf -- '--set %s ' $options)
        expect_code 0
    done
    grep -q 'method' sequence/incremental.yaml || fail "no method in incremental.yaml"
}

# Classes that are the place of a bright line in an image of 8 x 8.
whole_image_models_learn_in_tasks() {
    make_sequence
    local split
    for split in train test; do
        awk -v count="$([ $split = train ] && echo 16 || echo 4)" 'BEGIN {
            for (i = 0; i < count; i++) for (class = 0; class < 4; class++) {
                printf "{\"label\": %d, \"pixels\": [", class
                for (y = 0; y < 8; y++) for (x = 0; x < 8; x++)
                    printf "%s%.2f", (x + y ? ", " : ""), (y == 2 * class + i % 2 ? 1 : ((x * 7 + y * 3 + i * 5) % 10) / 50)
                print "]}"
            }
        }' >"pixels-$split.jsonl"
    done
    echo '{"model_type": "resnet", "image_size": 8, "num_channels": 1, "widths": [4, 8], "blocks": 1, "norm_images": 8, "num_labels": 4}' >shape.json
    run "$catena" new-model --shape shape.json --output small
    expect_code 0
    sed -e 's/^model: .*/model: small/; s/^adapter: .*/adapter: {method: full}/; s/classes-/pixels-/g' \
        -e 's/, max-length: 64, packing: false//; s/micro-batch: 4/micro-batch: 8/' sequence.yaml >images.yaml
    run "$catena" incremental --config images.yaml
    expect_code 0
    ranks 2 "$catena" incremental --config images.yaml --set output=both
    expect_code 0
    local file
    for file in result.json model/model.safetensors model/config.json tasks/02/teacher.safetensors; do
        same_bytes "sequence/$file" "both/$file"
    done
    run "$catena" evaluate --model sequence/model --data pixels-test.jsonl
    expect_code 0
}

refuses() {
    local code=$1 text=$2
    shift 2
    run "$catena" incremental --config sequence.yaml "$@"
    expect_code "$code"
    expect_text "$text"
    [ ! -e sequence/result.json ] || fail "a refused sequence has written a result"
}

mistakes_are_named() {
    make_sequence
    refuses 2 "tasks: expected a number of tasks" --set tasks=none
    refuses 1 "5 tasks, but the training data have 4 classes" --set tasks=5
    refuses 1 'task 2 has the class "cat", which task 1 has already' --set 'tasks=[[cat, dog], [cat]]'
    refuses 1 'the class "cow", which the training data do not have' --set 'tasks=[[cat, dog], [cow]]'
    refuses 1 "memory.total: 3 samples, but there are 4 classes" --set memory.per-class= --set memory.total=3
    refuses 2 "memory.total and memory.per-class both" --set memory.total=30
    refuses 2 "method.aligning: expected one of l2, l1, none" --set method.aligning=l3
    refuses 2 "adapter.init is given" --set adapter.init=elsewhere
    refuses 2 "training.seed is one task's" --set training.seed=3
    refuses 2 "data.test" --set data.test=
    grep -v '"fish"' classes-test.jsonl >fewer.jsonl
    refuses 1 'no sample of the class "fish"' --set data.test=fewer.jsonl
}

check "two ranks learn a sequence of tasks as one does" on_two_ranks
check "a sequence that is killed anywhere goes on to the same bytes" killed_anywhere_goes_on
check "baselines by switches" baselines_train
check "whole image models learn in tasks, on one rank and two" whole_image_models_learn_in_tasks
check "mistakes of a sequence are named" mistakes_are_named
