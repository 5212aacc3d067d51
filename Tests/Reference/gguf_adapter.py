"""Reads a GGUF adapter with the gguf package and compares it with the same adapter as plain LoRA.

Names, shapes and the meaning of alpha are those of llama.cpp (`convert_lora_to_gguf.py`, `src/llama-adapter.cpp`).
"""
import json
import re

import gguf
import numpy
from safetensors.numpy import load_file

ARCHITECTURES = {"llama": gguf.MODEL_ARCH.LLAMA, "qwen2": gguf.MODEL_ARCH.QWEN2, "qwen3": gguf.MODEL_ARCH.QWEN3}


def interleaved(matrix, heads):
    """The rows of q and k as llama.cpp's `LlamaModel.permute` orders them."""
    rows = matrix.reshape(heads, 2, matrix.shape[0] // heads // 2, *matrix.shape[1:])
    return rows.swapaxes(1, 2).reshape(matrix.shape)


def scaling(meaning, module):
    """alpha / rank of a module, with PEFT's patterns."""
    def value(key, pattern):
        found = [number for name, number in meaning.get(pattern, {}).items() if re.match(rf"(.*\.)?({name})$", module)]
        return found[0] if found else meaning[key]

    rank = value("r", "rank_pattern")
    return value("lora_alpha", "alpha_pattern") / (rank ** 0.5 if meaning.get("use_rslora") else rank)


def compare(path, lora, model):
    """The largest relative error of a matrix's change; infinite if a name or shape is not llama.cpp's."""
    configuration = json.loads((model / "config.json").read_text())
    meaning = json.loads((lora / "adapter_config.json").read_text())
    tensors = load_file(lora / "adapter_model.safetensors")
    reader = gguf.GGUFReader(path)

    def text(key):
        return bytes(reader.fields[key].parts[-1]).decode()

    architecture = configuration["model_type"]
    found = (text("general.type"), text("adapter.type"), text("general.architecture"))
    if found != ("adapter", "lora", architecture):
        return float("inf"), f"metadata {found}"
    alpha = float(reader.fields["adapter.lora.alpha"].parts[-1][0])
    # A reader's data is already in the order of rows, its shape in the order of the file.
    stored = {tensor.name: tensor.data for tensor in reader.tensors}
    names = gguf.get_tensor_name_map(ARCHITECTURES[architecture], configuration["num_hidden_layers"])
    expected, errors = set(), {}
    for name, a in tensors.items():
        if not name.endswith(".lora_A.weight"):
            continue
        module = name.removeprefix("base_model.model.").removesuffix(".lora_A.weight")
        change = scaling(meaning, module) * tensors[name.replace("lora_A", "lora_B")] @ a
        if architecture == "llama" and module.endswith(("q_proj", "k_proj")):
            heads = configuration["num_attention_heads" if module.endswith("q_proj") else "num_key_value_heads"]
            change = interleaved(change, heads)
        target = names.get_name(module) + ".weight"
        expected |= {target + ".lora_a", target + ".lora_b"}
        if not expected <= set(stored):
            return float("inf"), f"no {target}.lora_a and .lora_b"
        own_a, own_b = stored[target + ".lora_a"], stored[target + ".lora_b"]
        if own_a.shape != (own_b.shape[1], change.shape[1]) or own_b.shape[0] != change.shape[0]:
            return float("inf"), f"{target}: A {own_a.shape}, B {own_b.shape}"
        # llama.cpp divides by the columns of B.
        own = alpha / own_b.shape[1] * own_b @ own_a
        errors[target] = float(numpy.linalg.norm(own - change) / max(numpy.linalg.norm(change), 1e-30))
    if expected != set(stored):
        return float("inf"), f"names {sorted(set(stored) ^ expected)[:3]}"
    return max(errors.values()), f"{len(expected)} tensors, alpha {alpha:g}"
