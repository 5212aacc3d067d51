# Image models: the same bytes on any number of ranks, a kill and a resume, data of every kind, and what is refused.

fixtures=$root/Tests/Fixtures/image-files

# Makes model-KIND and run.yaml for it: image_model KIND SIZE MORE
image_model() {
    printf '{"model_type": "%s", "image_size": %s, "num_channels": 1, "num_labels": 4, %s}\n' "$1" "$2" "$3" >"$1.json"
    run "$catena" new-model --shape "$1.json" --seed 4 --output "model-$1"
    expect_code 0
    rm -f run.yaml
    cat >run.yaml <<YAML
model: model-$1
task: classification
adapter: {method: full}
data: {train: train.jsonl, validation: train.jsonl}
training:
  steps: 8
  global-batch: 12
  micro-batch: 4
  learning-rate: 0.05
  optimizer: {name: sgd, momentum: 0.9, weight-decay: 5.0e-4}
  validation-every: 8
checkpoint: {every: 3}
log: {tensorboard: false, report: false}
output: run
YAML
}

# Stripes of four kinds, 8 x 8, as lines of pixels.
stripes() {
    local n i row
    for n in $(seq 0 31); do
        row=
        for i in $(seq 0 63); do row+=", $((((n & 1 ? i % 8 : i / 8) / (n & 2 ? 2 : 1)) % 2 * 3 + (n * i) % 5 - 3))"; done
        printf '{"pixels": [%s], "label": %s}\n' "${row#, }" $((n % 4))
    done
}

same_images() {
    image_model "$1" 8 "$2"
    stripes >train.jsonl
    local count
    for count in 1 2 3; do
        ranks "$count" "$catena" train --config run.yaml --set "output=run-$count"
        expect_code 0
    done
    for count in 2 3; do
        cmp -s run-1/model/model.safetensors "run-$count/model/model.safetensors" || fail "the models of 1 and $count ranks differ"
    done
    ranks 2 env CATENA_CRASH_AT=step-end:5 "$catena" train --config run.yaml --set output=killed
    [ "$code" -ne 0 ] || fail "nothing was killed"
    ranks 3 "$catena" train --config run.yaml --set output=killed --resume auto
    expect_code 0
    cmp -s run-1/model/model.safetensors killed/model/model.safetensors || fail "a resumed run ends with another model"
    for count in 1 2; do
        ranks "$count" "$catena" evaluate --model run-1/model --data train.jsonl --json --output "result-$count.json"
        expect_code 0
        sed -E '/"(seconds|ranks)"/d' "result-$count.json" >"shown-$count"
    done
    cmp -s shown-1 shown-2 || fail "evaluations differ: $(diff shown-1 shown-2 | head -n 4)"
    grep -q '"accuracy"' shown-1 || fail "no accuracy: $(head -n 5 shown-1)"
}

image_data() {
    image_model convnet '[2, 4]' '"width": 4, "depth": 1'
    local kind name first=
    mkdir -p png/0 png/3
    cp "$fixtures/grey.png" png/0/a.png
    cp "$fixtures/grey.png" png/3/b.png
    printf '{"pixels": [[1, 2, 3, 4], [5, 6, 7, 8]], "label": 2}\n' >own.jsonl
    for name in png own.jsonl; do
        run "$catena" evaluate --model model-convnet --data "$name"
        expect_code 0
    done
    # Labels 0 ... 4 of files are one more than the model has.
    for kind in t-images-idx3-ubyte z-images-idx3-ubyte.gz grey-images.npy; do
        run "$catena" evaluate --model model-convnet --data "$fixtures/$kind"
        expect_code 1
        expect_single_error_line "$kind:5: expected a \"label\" of the model"
        ranks 2 "$catena" train --config run.yaml --set "data.train=$fixtures/$kind" --set "data.validation=$fixtures/$kind" \
            --set training.global-batch=4 --set training.steps=2 --set 'labels=[a, b, c, d, e]' --set "output=run-$kind"
        expect_code 0
        [ -n "$first" ] || first=run-$kind
        cmp -s "$first/model/model.safetensors" "run-$kind/model/model.safetensors" || fail "$kind trains another model"
    done
    grep -q '"4": "e"' "$first/model/config.json" || fail "the labels are not in config.json: $(cat "$first/model/config.json")"
}

# refused CODE TEXT COMMAND...: one error that says TEXT, and no output.
refused_image() {
    local expected=$1 text=$2
    shift 2
    run "$@"
    expect_code "$expected"
    expect_single_error_line "$text"
    [ ! -e run ] || fail "something was written"
}

bad_images() {
    image_model resnet 8 '"widths": [4], "blocks": 1, "norm_images": 4'
    stripes >train.jsonl
    local train=("$catena" train --config run.yaml)
    refused_image 2 "training.micro-batch is 3" "${train[@]}" --set training.micro-batch=3
    refused_image 1 "convolutions carry no adapters" "${train[@]}" --set adapter.method=lora
    printf '{"pixels": [1, 2], "label": 1}\n' >small.jsonl
    refused_image 1 "small.jsonl:1: expected an image of 8 x 8 pixels with 1 channel" \
        "${train[@]}" --set data.train=small.jsonl --set 'labels=[a, b, c, d]'
    refused_image 1 "found images" "$catena" evaluate --model "$root/Examples/tiny" --data "$fixtures/t-images-idx3-ubyte"
    mkdir -p folder/a
    cp "$fixtures/transparent.png" folder/a/x.png
    refused_image 1 "folder/a/x.png: expected a PNG of 8 bits" "${train[@]}" --set data.train=folder
    head -c 40 "$fixtures/t-images-idx3-ubyte" >cut-images
    refused_image 1 "cut-images: expected 56 bytes by its own header, found 40" "${train[@]}" --set data.train=cut-images
    refused_image 1 "expected classification" "${train[@]}" --set task=language-model
    refused_image 1 "a language model" "$catena" plan --config run.yaml --ranks 2
    sed 's/"blocks": 1/"blocks": 2/' model-resnet/config.json >deeper && cp deeper model-resnet/config.json
    refused_image 1 "layer1.1." "${train[@]}"
    sed -i 's/"blocks": 2/"blocks": 0/' model-resnet/config.json
    refused_image 1 "blocks is 0" "${train[@]}"
}

check "image models: a ConvNet is the same on 1, 2, 3 ranks and after a kill" same_images convnet '"width": 6, "depth": 2'
check "image models: so is a residual network with batch normalisation" same_images resnet \
    '"widths": [4, 6], "blocks": 1, "norm_images": 2, "image_std": 2'
check "image models: IDX, gzip, NPY, PNG and lines of pixels" image_data
check "image models: what does not fit is refused by name" bad_images
