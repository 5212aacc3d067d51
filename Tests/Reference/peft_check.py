#!/usr/bin/env python3
"""Loads an adapter that Catena wrote in Hugging Face PEFT and compares its logits with `catena probe`.

    peft_check.py --catena .build/release/catena --model models/SmolLM2-135M-Instruct.Q4_1.gguf --adapter runs/quickstart/adapter

Needs torch, transformers, peft and safetensors (gguf for a .gguf model). The relative difference of all logits,
norm-wise, must be at most 1e-4, and the adapter must change the logits. Last line: N passed, N failed.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

import peft
import torch
import transformers
from safetensors.torch import load_file, save_file

LIMIT = 1e-4


def relative(a, b):
    return float((a - b).norm() / b.norm())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--catena", default=".build/release/catena")
    parser.add_argument("--model", required=True, type=pathlib.Path)
    parser.add_argument("--adapter", required=True)
    parser.add_argument("--tokens", type=int, default=64)
    arguments = parser.parse_args()

    if arguments.model.suffix == ".gguf":
        base = transformers.AutoModelForCausalLM.from_pretrained(
            str(arguments.model.parent), gguf_file=arguments.model.name, dtype=torch.float32)
    else:
        base = transformers.AutoModelForCausalLM.from_pretrained(str(arguments.model), dtype=torch.float32)
    base.eval()
    torch.manual_seed(0)
    ids = torch.randint(10, base.config.vocab_size, (2, arguments.tokens))
    with torch.no_grad():
        plain = base(input_ids=ids).logits
        adapted = peft.PeftModel.from_pretrained(base, arguments.adapter).eval()(input_ids=ids).logits

    with tempfile.TemporaryDirectory() as folder:
        save_file({"input_ids": ids, "labels": ids.clone()}, f"{folder}/in.safetensors")
        subprocess.run(
            [arguments.catena, "probe", "--model", str(arguments.model), "--adapter", arguments.adapter,
             "--input", f"{folder}/in.safetensors", "--output", f"{folder}/out.safetensors"], check=True)
        ours = load_file(f"{folder}/out.safetensors")["logits"]

    checks = {
        f"logits differ by {relative(ours, adapted):.2e}, at most {LIMIT}": relative(ours, adapted) <= LIMIT,
        f"the adapter changes the logits by {relative(adapted, plain):.2e}": relative(adapted, plain) > 10 * LIMIT,
    }
    for name, passed in checks.items():
        print("ok" if passed else "FAILED", name)
    failed = sum(not passed for passed in checks.values())
    print(f"{len(checks) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
