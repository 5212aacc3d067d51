# Model folders and files that are damaged: one line that names the file, exit code 1, nothing written.

# refuses_model TEXT... -- PREPARATION...: after a preparation that makes or damages `own`, by train and by generate
refuses_model() {
    local texts=()
    while [ "$1" != -- ]; do texts+=("$1"); shift; done
    shift
    "$@"
    refuses 1 "${texts[@]}" -- "$catena" train --config run.yaml --set model="${target:-own}"
    refuses 1 "${texts[@]}" -- "$catena" generate --model "${target:-own}" --prompt a --max-tokens 1
}

weights=own/model.safetensors
truncated() { own_model; truncate -s -1000 $weights; }
cut_in_header() { own_model; truncate -s 500 $weights; }
almost_empty() { own_model; truncate -s 5 $weights; }
header_beyond_file() { own_model; overwrite $weights 0 '\xff\xff\xff\x7f\x00\x00\x00\x00'; }
huge_header() { own_model; overwrite $weights 0 '\xff\xff\xff\xff\xff\xff\xff\xff'; }
header_not_json() { own_model; overwrite $weights 8 'X'; }
# The second tensor begins one float before the first one ends, and so is one longer.
overlapping() { own_model; rewrite_header $weights 's/("data_offsets": ?\[)4,/\10,/; s/("data_offsets": ?\[)([1-9][0-9]*)/\10/'; }
beyond_file() { own_model; rewrite_header $weights 's/("data_offsets": ?\[)0,/\1999999990,/'; }
unknown_type() { own_model; rewrite_header $weights 's/"F32"/"F33"/'; }
integer_weights() { own_model; rewrite_header $weights 's/(model.norm.weight": ?\{[^}]*)"F32"/\1"I32"/'; }
other_shape() { own_model; sed -i -E 's/"hidden_size": 128/"hidden_size": 160/' own/config.json; }
no_tensor() { own_model; rewrite_header $weights 's/model.norm.weight/model.nrom.weight/'; }
fewer_layers() { own_model; sed -i -E 's/("num_hidden_layers": )[0-9]+/\11/' own/config.json; }
many_layers() { own_model; sed -i -E 's/("num_hidden_layers": )[0-9]+/\116000000/' own/config.json; }
quantised() { own_model; sed -i '0,/{/s//{"quantization_config": {"quant_method": "awq"},/' own/config.json; }
no_configuration() { own_model; rm own/config.json; }
bad_configuration() { own_model; echo '{' >own/config.json; }
unknown_family() { own_model; sed -i -E 's/"model_type": "llama"/"model_type": "lama"/; s/LlamaForCausalLM/LamaForCausalLM/' own/config.json; }
missing_key() { own_model; sed -i '/num_attention_heads/d' own/config.json; }
no_weights() { own_model; rm $weights; }
no_tokenizer() { own_model; rm own/tokenizer.json; }
unigram() { own_model; echo '{"model": {"type": "Unigram", "vocab": []}}' >own/tokenizer.json; }
bad_tokenizer() { own_model; truncate -s 1000 own/tokenizer.json; }
# The tokenizer knows one token more than the model, and the data have it.
unknown_token() {
    own_model
    sed -i '0,/"added_tokens": \[/s//"added_tokens": [{"content": "Subtract", "id": 1024, "lstrip": false, "normalized": false, "rstrip": false, "single_word": false, "special": false},/' own/tokenizer.json
    grep -q Subtract own/tokenizer.json || fail "the token was not added"
    run "$catena" train --config run.yaml --set model=own
    expect_code 1
    expect_single_error_line data/train.jsonl:1: 1024 Subtract
    [ ! -e run ] || fail "something was written"
    run "$catena" evaluate --model own --data data/train.jsonl
    expect_code 1
    expect_single_error_line data/train.jsonl:1: 1024 Subtract
    refuses 1 1024 -- "$catena" generate --model own --prompt "Subtract 1" --max-tokens 1
}
missing_shard() {
    own_model
    mv $weights own/model-00001-of-00002.safetensors
    {
        printf '{"metadata": {}, "weight_map": {'
        printf '"model.norm.weight": "model-00002-of-00002.safetensors", '
        printf '"model.embed_tokens.weight": "model-00001-of-00002.safetensors"}}'
    } >own/model.safetensors.index.json
}
empty_folder() { mkdir -p own; }
a_text_file() { own_model; rm -r own; echo hello >own; }
unreadable() {
    [ "$(id -u)" -ne 0 ] || skip "root can read every file"
    own_model
    chmod 000 $weights
}
gguf() { cp "$root/Tests/Fixtures/gguf/blocks.gguf" own.gguf; target=own.gguf; }
gguf_magic() { gguf; overwrite own.gguf 0 'GGUX'; }
gguf_version() { gguf; overwrite own.gguf 4 '\x09'; }
gguf_truncated() { gguf; truncate -s 200 own.gguf; }
gguf_short_data() { gguf; truncate -s -64 own.gguf; }
gguf_counts() { gguf; overwrite own.gguf 8 '\xff\xff\xff\xff\xff\xff\xff\x7f'; }
gguf_no_model() { gguf; }

check "model: missing" refuses_model own -- true
check "model: empty folder" refuses_model own -- empty_folder
check "model: a text file" refuses_model own -- a_text_file
check "model: unreadable" refuses_model $weights ermission -- unreadable
check "model: fewer layers than it holds" refuses_model own/config.json "layers is 1" -- fewer_layers
check "model: 16 million layers" refuses_model own/config.json num_hidden_layers 4096 -- many_layers
check "model: quantised by another program" refuses_model own/config.json awq .gguf -- quantised
check "model: no config.json" refuses_model own/config.json -- no_configuration
check "model: config.json is no JSON" refuses_model own/config.json -- bad_configuration
check "model: config.json without a key" refuses_model own/config.json num_attention_heads -- missing_key
check "model: unknown family" refuses_model lama llama -- unknown_family
check "model: no weights" refuses_model own -- no_weights
check "model: missing shard" refuses_model model-00002-of-00002.safetensors -- missing_shard
check "model: missing tensor" refuses_model model.norm.weight -- no_tensor
check "model: wrong shape" refuses_model 160 128 -- other_shape
check "safetensors: truncated" refuses_model $weights -- truncated
check "safetensors: ends in the header" refuses_model $weights -- cut_in_header
check "safetensors: five bytes" refuses_model $weights -- almost_empty
check "safetensors: header beyond the file" refuses_model $weights header -- header_beyond_file
check "safetensors: header of 2^64 bytes" refuses_model $weights header -- huge_header
check "safetensors: header is no JSON" refuses_model $weights -- header_not_json
check "safetensors: overlapping tensors" refuses_model $weights -- overlapping
check "safetensors: tensor beyond the file" refuses_model $weights -- beyond_file
check "safetensors: unknown type" refuses_model $weights F33 -- unknown_type
check "safetensors: integer weights" refuses_model $weights model.norm.weight -- integer_weights
check "tokenizer: missing" refuses_model tokenizer.json -- no_tokenizer
check "tokenizer: unsupported type" refuses_model own/tokenizer.json Unigram -- unigram
check "tokenizer: cut off" refuses_model own/tokenizer.json -- bad_tokenizer
check "tokenizer: a token that the model does not have" unknown_token
check "GGUF: bad magic" refuses_model own.gguf -- gguf_magic
check "GGUF: version 9" refuses_model own.gguf 9 -- gguf_version
check "GGUF: cut in its header" refuses_model own.gguf -- gguf_truncated
check "GGUF: cut in its data" refuses_model own.gguf -- gguf_short_data
check "GGUF: 2^63 tensors" refuses_model own.gguf -- gguf_counts
check "GGUF: holds no model" refuses_model own.gguf -- gguf_no_model
