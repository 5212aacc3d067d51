#!/usr/bin/env python3
"""Makes Tests/Fixtures/gguf and Tests/Fixtures/safetensors, the oracles of the file readers.

    python Tests/Reference/gguf_fixtures.py        (needs: pip install gguf safetensors numpy torch)

blocks.gguf            one tensor per encoding, written by the gguf package; metadata of all types
blocks.safetensors     the same tensors as the gguf package dequantises them, float32
mixed.safetensors      one tensor per plain encoding and odd shapes, written by Hugging Face's library
Quantised rows come from the package's own quantiser where it has one; K-quants are random bytes
with finite scales (normal, subnormal, negative and zero ones).
"""
import pathlib

import gguf
import numpy as np
import torch
from safetensors.numpy import save_file
from safetensors.torch import save_file as save_torch_file

fixtures = pathlib.Path(__file__).parents[1] / "Fixtures"
random = np.random.default_rng(20)
Type = gguf.GGMLQuantizationType

SCALES = np.array([1.0, -0.37, 2.0**-20, 0.0, 3e-5, 700.0, -5.96e-8, 0.011], dtype=np.float16)


def random_blocks(kind, shape, scale_offsets):
    block_elements, block_bytes = gguf.GGML_QUANT_SIZES[kind]
    count = shape[0] * shape[1] // block_elements
    blocks = random.integers(0, 256, (count, block_bytes), dtype=np.uint8)
    for offset in scale_offsets:
        scales = random.choice(SCALES, count).astype(np.float16)
        blocks[:, offset : offset + 2] = scales.view(np.uint8).reshape(count, 2)
    return blocks.reshape(shape[0], -1)


def tensors():
    for kind in (Type.Q4_0, Type.Q4_1, Type.Q5_0, Type.Q5_1, Type.Q8_0):
        values = random.normal(0, 0.05, (3, 96)).astype(np.float32)
        yield kind.name.lower(), kind, gguf.quants.quantize(values, kind)
    yield "q4_0.random", Type.Q4_0, random_blocks(Type.Q4_0, (4, 64), [0])
    yield "q4_1.random", Type.Q4_1, random_blocks(Type.Q4_1, (4, 64), [0, 2])
    yield "q5_0.random", Type.Q5_0, random_blocks(Type.Q5_0, (4, 64), [0])
    yield "q5_1.random", Type.Q5_1, random_blocks(Type.Q5_1, (4, 64), [0, 2])
    yield "q8_0.random", Type.Q8_0, random_blocks(Type.Q8_0, (4, 64), [0])
    yield "q4_K", Type.Q4_K, random_blocks(Type.Q4_K, (3, 512), [0, 2])
    yield "q5_K", Type.Q5_K, random_blocks(Type.Q5_K, (3, 512), [0, 2])
    yield "q6_K", Type.Q6_K, random_blocks(Type.Q6_K, (3, 512), [208])
    yield "bfloat16", Type.BF16, gguf.quants.quantize(random.normal(0, 1, (2, 5)).astype(np.float32), Type.BF16)


def make_gguf():
    folder = fixtures / "gguf"
    folder.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(folder / "blocks.gguf", "llama")
    writer.add_custom_alignment(64)
    writer.add_string("text", "naïve ✓")
    writer.add_bool("flag", True)
    for kind, value in (
        ("uint8", 200), ("int8", -100), ("uint16", 60000), ("int16", -30000), ("uint32", 4000000000),
        ("int32", -2000000000), ("uint64", 1 << 60), ("int64", -(1 << 60)), ("float32", 0.5), ("float64", 1e-300),
    ):
        getattr(writer, f"add_{kind}")(kind, value)
    writer.add_array("strings", ["a", "", "ć"])
    writer.add_array("numbers", [1, -2, 3])
    writer.add_array("nested", [[1, 2], [3]])

    expected = {}
    for name, kind, data in tensors():
        writer.add_tensor(name, data, raw_dtype=kind)
        expected[name] = gguf.quants.dequantize(data, kind).astype(np.float32)
    plain = random.normal(0, 1, (2, 3, 4)).astype(np.float32)
    writer.add_tensor("float32", plain)
    writer.add_tensor("float16", plain.astype(np.float16))
    expected["float32"] = plain
    expected["float16"] = plain.astype(np.float16).astype(np.float32)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    save_file(expected, folder / "blocks.safetensors", metadata={"format": "pt"})


def make_safetensors():
    folder = fixtures / "safetensors"
    folder.mkdir(parents=True, exist_ok=True)
    values = torch.tensor([[0.0, -1.5, 3.0], [100.0, 7.0, 127.0]])
    mixed = {
        "z.float32": values,
        "a.float32": values * 0.5,
        "float16": values.half(),
        "bfloat16": values.bfloat16(),
        "float64": values.double(),
        "int64": values.long(),
        "int32": values.int(),
        "int16": values.short(),
        "int8": values.to(torch.int8),
        "uint8": values.abs().to(torch.uint8),
        "bool": values > 2,
        "scalar": torch.tensor(2.5),
        "empty": torch.zeros(0, 4),
        'quoted "é"\n': torch.tensor([1.0]),
    }
    save_torch_file(mixed, folder / "mixed.safetensors", metadata={"format": "pt"})


make_gguf()
make_safetensors()
