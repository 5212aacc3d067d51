"""Reads a GGUF adapter with the gguf package and compares it with the same adapter as plain LoRA."""
import json

import gguf
import numpy
from safetensors.numpy import load_file

ARCHITECTURES = {"llama": gguf.MODEL_ARCH.LLAMA, "qwen2": gguf.MODEL_ARCH.QWEN2, "qwen3": gguf.MODEL_ARCH.QWEN3}


def interleaved(matrix, heads):
    """The rows of q and k as llama.cpp's `LlamaModel.permute` orders them."""
    rows = matrix.reshape(heads, 2, matrix.shape[0] // heads // 2, *matrix.shape[1:])
    return rows.swapaxes(1, 2).reshape(matrix.shape)


def compare(path, lora, model):
    """The largest relative error over all tensors and the scaling; infinite if a name is not llama.cpp's."""
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
    names = gguf.get_tensor_name_map(ARCHITECTURES[architecture], configuration["num_hidden_layers"])
    expected = {}
    for name, value in tensors.items():
        module, part = name.removeprefix("base_model.model.").split(".lora_")
        if part == "B.weight" and architecture == "llama" and module.endswith(("q_proj", "k_proj")):
            heads = configuration["num_attention_heads" if module.endswith("q_proj") else "num_key_value_heads"]
            value = interleaved(value, heads)
        expected[f"{names.get_name(module)}.weight.lora_{part[0].lower()}"] = value
    # A reader's data is already in the order of rows, its shape in the order of the file.
    stored = {tensor.name: tensor.data for tensor in reader.tensors}
    if set(stored) != set(expected):
        return float("inf"), f"names {sorted(set(stored) ^ set(expected))[:3]}"
    alpha = float(reader.fields["adapter.lora.alpha"].parts[-1][0])
    rank = next(value.shape[0] for name, value in expected.items() if name.endswith("lora_a"))
    root = rank ** 0.5 if meaning.get("use_rslora") else rank
    errors = {"alpha": abs(alpha / rank - meaning["lora_alpha"] / root) / (meaning["lora_alpha"] / root)}
    for name, value in expected.items():
        if stored[name].shape != value.shape:
            return float("inf"), f"{name} has the shape {stored[name].shape}, expected {value.shape}"
        errors[name] = float(numpy.abs(stored[name] - value).max() / max(numpy.abs(value).max(), 1e-30))
    return max(errors.values()), f"{len(expected)} tensors, alpha {alpha:g}"
