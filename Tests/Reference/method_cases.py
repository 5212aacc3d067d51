#!/usr/bin/env python3
"""Makes adapters of other kinds than plain LoRA with PEFT, with the logits and gradients that PEFT computes from them.

    .venv/bin/python Tests/Reference/method_cases.py --models Tests/Fixtures/parity --output Tests/Fixtures/methods

Needs torch, transformers, peft and safetensors. Each case is a folder:

    adapter/               as PEFT writes it, for the model of the parity case that model.txt names; all numbers random
    expected.safetensors   input_ids, labels [B, T]; logits [B, T, V]; grad.<name in the adapter's file> of the mean loss

All numbers are float32 on one thread without dropout; AdaLoRA's penalty is left out. MethodFilesTests.swift compares the
library; with --catena this script compares `catena probe` (logits to 1e-5, gradients to 1e-4, norm-wise) instead of writing.
"""
import argparse
import pathlib
import shutil
import subprocess
import sys
import tempfile

import peft
import torch
import transformers
from safetensors.torch import load_file, save_file

GPT2 = ["c_attn", "c_proj", "c_fc"]
# name: (parity case, configuration)
CASES = {
    "dora-llama": ("llama-gqa", lambda: peft.LoraConfig(
        r=3, lora_alpha=6, target_modules="all-linear", use_dora=True, task_type="CAUSAL_LM")),
    "dora-gpt2": ("gpt2", lambda: peft.LoraConfig(
        r=2, lora_alpha=3, target_modules=GPT2, use_dora=True, use_rslora=True, fan_in_fan_out=True,
        task_type="CAUSAL_LM")),
    "adalora-llama": ("llama-gqa", lambda: peft.AdaLoraConfig(
        init_r=4, target_r=2, total_step=60, tinit=5, tfinal=15, lora_alpha=7, target_modules=["q_proj", "down_proj"],
        task_type="CAUSAL_LM")),
    "pattern-llama": ("llama-gqa", lambda: peft.LoraConfig(
        r=2, lora_alpha=3, target_modules="all-linear", task_type="CAUSAL_LM",
        rank_pattern={"q_proj": 4, r"layers\.1\.mlp\.(up|gate)_proj": 1},
        alpha_pattern={"model.layers.0.self_attn.q_proj": 5, "down_proj": 7.5})),
}
# Which of the four ranks of AdaLoRA's layers are left, in the order of the model; one layer has none.
KEPT = [[True, False, True, True], [False, False, False, False], [True, True, True, True], [False, False, True, False]]


def randomise(adapted):
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if "lora_magnitude_vector" in name:
                parameter.mul_(1 + 0.3 * torch.randn_like(parameter))
            elif "lora_" in name:
                parameter.copy_(0.2 * torch.randn_like(parameter))


def prune(adapted):
    """What AdaLoRA does at the end of its schedule."""
    pattern = {}
    with torch.no_grad():
        singular = [(name, p) for name, p in adapted.base_model.model.named_parameters() if ".lora_E." in name]
        for (name, parameter), kept in zip(singular, KEPT):
            parameter.masked_fill_(~torch.tensor(kept).unsqueeze(1), 0.0)
            pattern[name] = kept
    adapted.peft_config["default"].rank_pattern = pattern


def base(models, parity):
    return transformers.AutoModelForCausalLM.from_pretrained(
        str(models / parity / "model"), dtype=torch.float32, attn_implementation="eager").eval()


def file_name(name):
    name = name.replace(".default", "")
    return name[:-len(".weight")] if name.endswith("lora_magnitude_vector.weight") else name


def write_case(name, folder, models, seed):
    parity, configuration = CASES[name]
    torch.manual_seed(seed)
    shutil.rmtree(folder, ignore_errors=True)
    adapted = peft.get_peft_model(base(models, parity), configuration())
    randomise(adapted)
    if name.startswith("adalora"):
        prune(adapted)
    adapted.peft_config["default"].base_model_name_or_path = parity
    adapted.save_pretrained(folder / "adapter")
    (folder / "adapter" / "README.md").unlink(missing_ok=True)
    (folder / "model.txt").write_text(parity + "\n")

    loaded = peft.PeftModel.from_pretrained(base(models, parity), str(folder / "adapter"), is_trainable=True).eval()
    ids = torch.randint(3, loaded.config.vocab_size, (2, 9))
    labels = ids.clone()
    labels[0, :3] = -100
    logits = loaded(input_ids=ids).logits
    loss = torch.nn.functional.cross_entropy(
        logits[:, :-1].reshape(-1, logits.shape[-1]), labels[:, 1:].reshape(-1), ignore_index=-100)
    loss.backward()
    gradients = {
        "grad." + file_name(key): parameter.grad.clone()
        for key, parameter in loaded.named_parameters() if parameter.requires_grad and parameter.grad is not None}
    save_file(dict(input_ids=ids, labels=labels, logits=logits.detach().contiguous(), **gradients),
              folder / "expected.safetensors")
    print(f"{name}: loss {loss.item():.6f}, {len(gradients)} gradients")


def relative(found, expected):
    return float((found - expected).norm() / expected.norm().clamp_min(1e-30))


def check_case(catena, folder, models):
    expected = load_file(folder / "expected.safetensors")
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run(
            [catena, "probe", "--model", str(models / (folder / "model.txt").read_text().strip() / "model"), "--adapter",
             str(folder / "adapter"), "--input", str(folder / "expected.safetensors"), "--gradients", "--output",
             f"{scratch}/out.safetensors"], check=True)
        found = load_file(f"{scratch}/out.safetensors")
    logits = relative(found["logits"], expected["logits"])
    gradients = [
        relative(found[name], value) for name, value in expected.items()
        # Ranks that the file leaves out are in the probe's gradients and not in PEFT's.
        if name.startswith("grad.") and found[name].shape == value.shape]
    worst = max(gradients)
    print(f"{folder.name}: logits {logits:.1e}, {len(gradients)} gradients, worst {worst:.1e}")
    return logits <= 1e-5 and worst <= 1e-4


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", required=True, type=pathlib.Path)
    parser.add_argument("--output", required=True, type=pathlib.Path)
    parser.add_argument("--case", nargs="*", choices=list(CASES), default=list(CASES))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--catena")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.catena:
        passed = [check_case(arguments.catena, arguments.output / name, arguments.models) for name in arguments.case]
        print(f"{sum(passed)} passed, {len(passed) - sum(passed)} failed")
        sys.exit(0 if all(passed) else 1)
    for name in arguments.case:
        write_case(name, arguments.output / name, arguments.models, arguments.seed)


if __name__ == "__main__":
    main()
