#!/usr/bin/env python3
"""Adapters that PEFT makes, with trained-looking numbers, and what PEFT computes with them: the oracle for the adapter methods.

    .venv/bin/python Tests/Reference/peft_cases.py --output Tests/Fixtures/methods

Each case becomes a folder <method>/<model>[-<variant>]:

    adapter_config.json, adapter_model.safetensors   as PEFT leaves them
    expected.safetensors                             input_ids, labels [B, T]; logits [B, T, V]; grad.<name in the adapter's
                                                     file> of the mean loss (cross entropy alone, without penalties)

The models are those of Tests/Fixtures/parity. All numbers are float32 on one thread without dropout. `method_check.py` makes
larger cases of the same kind for `catena probe`; PEFTParityTests.swift reads the committed ones.
"""
import argparse
import dataclasses
import json
import pathlib
import shutil
import typing
import warnings

import peft
import torch
import transformers
from peft.utils import get_peft_model_state_dict
from safetensors.torch import load_file, save_file

MODELS = pathlib.Path(__file__).resolve().parents[1] / "Fixtures" / "parity"
# The layers of the committed cases, so that the files stay small: wide, narrow (grouped queries) and the way back.
FEW = {
    "llama-gqa": ["q_proj", "v_proj", "down_proj"], "qwen2": ["q_proj", "v_proj", "down_proj"],
    "gpt2": ["c_attn", "mlp.c_proj"], "opt": ["q_proj", "v_proj", "fc2"],
}
NORMS = {
    "llama-gqa": ["input_layernorm", "post_attention_layernorm", "norm"],
    "qwen2": ["input_layernorm", "post_attention_layernorm", "norm"], "gpt2": ["ln_1", "ln_2", "ln_f"],
    "opt": ["self_attn_layer_norm", "final_layer_norm"],
}
LINEAR = ("llama-gqa", "qwen2")  # MISS has no form for the transposed matrices of GPT-2


@dataclasses.dataclass
class Case:
    """One method of Catena with one choice of options, as PEFT has it."""
    method: str
    variant: str
    configuration: typing.Callable  # of (model's name, target modules)
    adapter: str  # the same in a run's configuration, without method and targets
    models: tuple = ("llama-gqa", "gpt2", "qwen2")
    trains: bool = True  # whether a plain loop of AdamW is all that training does
    changes_base: bool = False

    @property
    def name(self):
        return f"{self.method} {self.variant}".strip()


def lora(**options):
    return lambda model, targets: peft.LoraConfig(
        r=3, lora_alpha=6, target_modules=targets, task_type="CAUSAL_LM", fan_in_fan_out=model == "gpt2", **options)


def patterns(model, targets):
    """Ranks and alphas of their own, by module names, paths and regular expressions."""
    return peft.LoraConfig(
        r=2, lora_alpha=3, target_modules=targets, task_type="CAUSAL_LM",
        rank_pattern={"q_proj": 4, r"layers\.1\.mlp\.(up|down)_proj": 1},
        alpha_pattern={"model.layers.0.self_attn.q_proj": 5, "down_proj": 7.5})


def miss(**options):
    return lambda model, targets: peft.MissConfig(target_modules=targets, task_type="CAUSAL_LM", **options)


def adalora(model, targets):
    return peft.AdaLoraConfig(
        init_r=4, target_r=2, lora_alpha=8, tinit=2, tfinal=2, deltaT=1, total_step=10, orth_reg_weight=0.1,
        target_modules=targets, task_type="CAUSAL_LM", fan_in_fan_out=model == "gpt2")


def vera(model, targets):
    return peft.VeraConfig(
        r=3, target_modules=targets, task_type="CAUSAL_LM", save_projection=True, fan_in_fan_out=model == "gpt2")


def ia3(model, targets):
    forward = {"gpt2": "mlp.c_proj", "opt": "fc2"}.get(model, "down_proj")
    kept = {"gpt2": ["c_attn"], "opt": ["k_proj", "v_proj"]}.get(model, ["k_proj", "v_proj"])
    return peft.IA3Config(
        target_modules=[*kept, forward], feedforward_modules=[forward], task_type="CAUSAL_LM",
        fan_in_fan_out=model == "gpt2")


def ln_tuning(model, targets):
    return peft.LNTuningConfig(target_modules=NORMS[model], task_type="CAUSAL_LM")


CASES = [
    Case("lora", "", lora(), "rank: 3, alpha: 6"),
    Case("lora", "rs-lora", lora(use_rslora=True), "rank: 3, alpha: 6, rs-lora: true"),
    Case("lora", "patterns", patterns, "", ("llama-gqa",), trains=False),
    Case("dora", "", lora(use_dora=True), "rank: 3, alpha: 6"),
    Case("dora", "rs-lora", lora(use_dora=True, use_rslora=True), "rank: 3, alpha: 6, rs-lora: true"),
    Case("adalora", "", adalora, "", trains=False),
    Case("adalora", "pruned", adalora, "", trains=False),
    Case("bone", "", miss(r=5), "rank: 5", LINEAR),
    Case("bone", "mini", miss(r=5, mini_r=4, init_weights="mini"), "rank: 5, mini: 4", LINEAR),
    Case("bat", "", miss(r=4, init_weights="bat"), "rank: 4", LINEAR),
    Case("vera", "", vera, "rank: 3"),
    Case("ia3", "", ia3, ""),
    Case("ln-tuning", "", ln_tuning, ""),
]


def load_model(name):
    model = transformers.AutoModelForCausalLM.from_pretrained(
        MODELS / name / "model", dtype=torch.float32, attn_implementation="eager")
    return model.eval()


def make_tokens(model, rows, length, seed=1):
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(3, model.config.vocab_size, (rows, length), generator=generator)
    labels = ids.clone()
    labels[0, :3] = -100
    return ids, labels


def mean_loss(logits, labels):
    return torch.nn.functional.cross_entropy(
        logits[:, :-1].reshape(-1, logits.shape[-1]), labels[:, 1:].reshape(-1), ignore_index=-100)


def file_names(adapted):
    """Trained parameters by the names that they have in the adapter's file; those of rank 0 are left out."""
    stored = {tensor.data_ptr(): name for name, tensor in get_peft_model_state_dict(adapted).items()}
    return {
        stored.get(parameter.data_ptr(), name.replace(".default", "")): parameter
        for name, parameter in adapted.named_parameters() if parameter.requires_grad and parameter.numel()}


def write_adapter(case, model, targets, folder, seed=0):
    """Writes an adapter with noise on every trained tensor."""
    torch.manual_seed(seed)
    adapted = peft.get_peft_model(load_model(model), case.configuration(model, targets))
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if parameter.requires_grad:
                parameter.add_(0.15 * torch.randn(parameter.shape, generator=generator))
    if case.variant == "pruned":
        prune(adapted, generator)
    adapted.peft_config["default"].base_model_name_or_path = model
    adapted.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    # Sets are written in an order that differs from run to run.
    file = folder / "adapter_config.json"
    configuration = json.loads(file.read_text())
    for key in ("target_modules", "feedforward_modules"):
        if isinstance(configuration.get(key), list):
            configuration[key].sort()
    file.write_text(json.dumps(configuration, indent=2, sort_keys=True) + "\n")


def prune(adapted, generator):
    """Gives every matrix a rank of its own between 0 and all, as AdaLoRA's budget does."""
    pattern = {}
    for index, (name, parameter) in enumerate(
            item for item in adapted.named_parameters() if ".lora_E." in item[0]):
        rank = parameter.shape[0]
        kept = torch.randperm(rank, generator=generator)[:index % (rank + 1)]
        mask = torch.zeros(rank, dtype=torch.bool)
        mask[kept] = True
        with torch.no_grad():
            parameter[~mask] = 0
        pattern[name.removeprefix("base_model.model.")] = mask.tolist()
    adapted.peft_config["default"].rank_pattern = pattern


def load_adapter(model, folder, trainable=False):
    return peft.PeftModel.from_pretrained(load_model(model), str(folder), is_trainable=trainable).eval()


def expectation(model, folder, ids, labels):
    """Logits, and gradients by names in the adapter's file."""
    adapted = load_adapter(model, folder, trainable=True)
    logits = adapted(input_ids=ids).logits
    mean_loss(logits, labels).backward()
    gradients = {name: parameter.grad.clone() for name, parameter in file_names(adapted).items()}
    return logits.detach(), gradients


def quiet():
    """No progress bars and no advice."""
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    torch.set_num_threads(1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", required=True, type=pathlib.Path)
    parser.add_argument("--models", nargs="*", default=["llama-gqa", "gpt2"])
    arguments = parser.parse_args()
    quiet()
    for case in CASES:
        for model in arguments.models:
            if model not in case.models:
                continue
            folder = arguments.output / case.method / "-".join(part for part in (model, case.variant) if part)
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            write_adapter(case, model, FEW[model], folder)
            ids, labels = make_tokens(load_model(model), rows=1, length=8)
            logits, gradients = expectation(model, folder, ids, labels)
            save_file(
                {"input_ids": ids, "labels": labels, "logits": logits.contiguous()}
                | {"grad." + name: value.contiguous() for name, value in gradients.items()},
                folder / "expected.safetensors")
            size = sum(file.stat().st_size for file in folder.iterdir())
            print(f"{folder}: {len(load_file(folder / 'adapter_model.safetensors'))} tensors, {size} bytes")


if __name__ == "__main__":
    main()
