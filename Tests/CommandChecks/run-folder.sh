# One job at a time in an output folder, nothing through links, paths as people write them, and what another length does.

locked() {
    start "$catena" train --config run.yaml "${endless[@]}"
    wait_for_lines run/metrics.jsonl 2
    local before
    before=$(ls run)
    run "$catena" train --config run.yaml "${endless[@]}" --resume auto
    expect_code 1
    expect_one_error "output run is in use by another job, process $process on $(hostname)" "give another output"
    local log_of_second=$log
    ranks 2 "$catena" train --config run.yaml "${endless[@]}" --resume auto
    expect_code 1
    expect_single_error_line "output run is in use by another job, process $process"
    [ "$before" = "$(ls run)" ] || fail "files changed: $before against $(ls run), $(cat "$log_of_second")"
    kill -USR1 "$process"
    ended
    expect_code 75
    [ ! -e run/job.lock ] || fail "the lock's file is left"
    train run "${endless[@]}" --resume auto --set "training.steps=$(($(wc -l <run/metrics.jsonl) + 1))"
    expect_code 0
}

# A killed job's lock is gone with it; its file is there.
killed() {
    CATENA_CRASH_AT=step-end:3 train run
    expect_code 137
    [ -e run/job.lock ] || fail "there was no lock"
    train run --resume auto
    expect_code 0
    [ ! -e run/job.lock ] || fail "the lock's file is left"
}

comparison_locked() {
    cat >compare.yaml <<'YAML'
base:
  model: model
  data: {train: data/train.jsonl, validation: data/validation.jsonl, template: chatml, max-length: 128}
  training: {global-batch: 8, micro-batch: 2, learning-rate: 1.0e-3, schedule: {name: constant}}
  distributed: {threads: 1}
  log: {tensorboard: false, report: false}
methods: [{adapter: {method: lora, rank: 2}}]
budget: {steps: 1000000}
evaluate: {untrained: false}
output: comparison
YAML
    start "$catena" compare --config compare.yaml
    wait_for_text "$log" "step "
    run "$catena" compare --config compare.yaml
    expect_code 1
    expect_one_error "output comparison is in use by another job, process $process"
    kill -TERM "$process"
    ended
    expect_code 75
}

# link NAME: a run whose NAME is a link elsewhere is refused, and what the link leads to stays as it is.
link() {
    mkdir -p run elsewhere
    echo precious >victim
    case $1 in
    adapter | checkpoints | model) ln -s ../elsewhere "run/$1" ;;
    *) ln -s ../victim "run/$1" ;;
    esac
    refuses_in_folder 1 "run/$1" "it is a link"
    [ "$(cat victim)" = precious ] || fail "victim was written"
    [ -z "$(ls elsewhere)" ] || fail "elsewhere was written"
}
refuses_in_folder() {
    local expected=$1
    shift
    refuses "$expected" "$@" -- "$catena" train --config run.yaml
}

# The names that were predictable lead elsewhere, and are not followed.
predictable() {
    mkdir run
    echo precious >victim
    local name
    for name in config.yaml.tmp metrics.jsonl.tmp report.html.tmp; do ln -s ../victim "run/$name"; done
    ln -s victim result.json.tmp
    train run --set log.report=true
    expect_code 0
    run "$catena" evaluate --model model --adapter run/adapter --data data/validation.jsonl --template chatml --output result.json
    expect_code 0
    [ "$(cat victim)" = precious ] || fail "victim was written"
    [ -f result.json ] && [ ! -L result.json ] || fail "no result"
}

# export merged takes what links of a Hugging Face cache lead to, and no other file of the machine.
exported_links() {
    train run
    expect_code 0
    local cache=$PWD/hub/models--a--b
    mkdir -p "$cache/blobs" "$cache/snapshots/1"
    for file in config.json model.safetensors tokenizer.json; do
        cp -L "model/$file" "$cache/blobs/$file"
        ln -s "../../blobs/$file" "$cache/snapshots/1/$file"
    done
    mkdir "$cache/snapshots/1/additional_chat_templates"
    echo "{{ messages[0].content }}" >"$cache/blobs/rag"
    ln -s ../../../blobs/rag "$cache/snapshots/1/additional_chat_templates/rag.jinja"
    run "$catena" export --adapter run/adapter --model "$cache/snapshots/1" --format merged --output merged
    expect_code 0
    same_bytes merged/additional_chat_templates/rag.jinja "$cache/blobs/rag"
    same_bytes merged/tokenizer.json model/tokenizer.json
    [ ! -L merged/tokenizer.json ] || fail "a link was written"
    echo secret >"$PWD/secret"
    ln -s "$PWD/secret" "$cache/snapshots/1/special_tokens_map.json"
    refuses 1 special_tokens_map.json "outside the model's folder" -- \
        "$catena" export --adapter run/adapter --model "$cache/snapshots/1" --format merged --output again
    rm "$cache/snapshots/1/special_tokens_map.json"
    ln -s "$PWD/secret" "$cache/snapshots/1/additional_chat_templates/tool.jinja"
    refuses 1 tool.jinja "outside the model's folder" -- \
        "$catena" export --adapter run/adapter --model "$cache/snapshots/1" --format merged --output again
    ln -s elsewhere linked
    mkdir elsewhere
    refuses 1 linked "it is a link" -- "$catena" export --adapter run/adapter --format lora --output linked
}

home() {
    mkdir -p home
    HOME=$PWD/home train '~/runs/x'
    expect_code 0
    [ -f home/runs/x/adapter/adapter_model.safetensors ] && [ ! -e '~' ] || fail "not in the home folder: $(ls -A . home)"
    HOME=$PWD/home run "$catena" inspect '~/runs/x/adapter' --json
    expect_code 0
    refuses 2 '~nobody is not expanded' output -- "$catena" train --config run.yaml --set 'output=~nobody/x'
    run "$catena" inspect '~nobody/x'
    expect_code 2
    expect_single_error_line '~nobody is not expanded'
}

longer() {
    train run
    expect_code 0
    train run --resume auto --set training.steps=12
    expect_code 0
    expect_text "the run now has 12 steps, before it had 8: the learning rate of step 9 is" "in place of 0.0,"
    train run --resume auto --set training.steps=12
    expect_code 0
    ! grep -q "before it had" "$log" || fail "said without need: $(grep "before it had" "$log")"
}

# Control characters of names reach no terminal.
escapes() {
    local name
    name=$(printf 'a\033[2Jb\007')
    run "$catena" inspect "$name"
    expect_code 1
    expect_text 'a\u{1B}[2Jb\u{7}'
    run "$catena" train --config "$name"
    expect_code 2
    ! grep -q "$(printf '\033')" "$log" || fail "an escape was printed"
}

# OpenBLAS would try for ever to get its memory.
address_space() {
    local begun=$SECONDS
    run bash -c 'ulimit -v 250000; export OPENBLAS_NUM_THREADS=1; exec "$0" --version' "$catena"
    expect_code 1
    expect_one_error "address space of a process is limited to 250000 KiB" "ulimit -v unlimited"
    [ $((SECONDS - begun)) -le 5 ] || fail "it took $((SECONDS - begun)) s"
    run bash -c 'ulimit -v 2000000; export OPENBLAS_NUM_THREADS=1; exec "$0" --version' "$catena"
    expect_code 0
}

check "output: two jobs" locked
check "output: the lock of a killed job" killed
check "output: two comparisons" comparison_locked
for name in config.yaml metrics.jsonl report.html job.lock adapter checkpoints; do check "output: $name is a link" link "$name"; done
check "output: links with temporary names" predictable
check "output: up out of a missing folder" refuses 1 "catena-missing, which does not exist" -- \
    timeout 20 "$catena" train --config run.yaml --set output=/catena-missing/../out
check "export: links of a model's folder" exported_links
check "~ in paths" home
check "resuming with more steps says what the rate does" longer
check "terminal escapes in names" escapes
check "too little address space is said" address_space
