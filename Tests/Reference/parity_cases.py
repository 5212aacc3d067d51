#!/usr/bin/env python3
"""Makes small parity cases with transformers and PEFT: the oracle for models, LoRA gradients and training.

    python3 -m venv .venv && .venv/bin/pip install torch transformers peft safetensors
    .venv/bin/python Tests/Reference/parity_cases.py --output Tests/Fixtures/parity

Each case is a folder:

    model/                 a random model as `save_pretrained` leaves it
    adapter-init/          a PEFT LoRA on all linear layers, A and B both non-zero
    expected.safetensors   input_ids, labels [B, T]; base_logits, lora_logits [B, T, V]; grad.<PEFT name> of the
                           mean loss with the adapter; full.<name> of the mean loss of the model alone
    expected.json          base_loss, lora_loss, and under "train" the losses of ten AdamW steps on the adapter

The case `dpo` has pairs of answers instead: chosen_ and rejected_ input_ids, labels, attention_mask [P, T] and lengths [P];
policy_ and reference_ chosen_logps and rejected_logps, losses [P] of DPO with beta 0.1, and grad.<PEFT name> of their mean.
Its expected.json has "kind": "dpo" and "loss".

Models that judge whole sequences have labels [B], logits [B, C], and beside input_ids (padded on the right) lengths [B] and
token_type_ids [B, T]; the classifier is trained whole with the adapter, and "kind" in expected.json is "sequences".

All numbers are float32 on one thread without dropout. `parity_check.py` compares `catena probe` with such folders,
ModelParityTests.swift the library. The committed folders were made with the default arguments; the versions of the
libraries are in each expected.json.
"""

import argparse
import json
import pathlib
import shutil

import peft
import torch
import transformers
from safetensors.torch import save_file

VOCABULARY, BATCH, LENGTH = 56, 2, 14
TRAIN = dict(steps=10, lr=5e-3, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.01)
SHAPE = dict(
    vocab_size=VOCABULARY, hidden_size=24, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4,
    num_key_value_heads=2, max_position_embeddings=64, rms_norm_eps=1e-5, tie_word_embeddings=False,
    attn_implementation="eager")
# The families that name their dimensions differently.
SHAPES = {
    "opt": dict(
        vocab_size=VOCABULARY, hidden_size=24, word_embed_proj_dim=24, ffn_dim=40, num_hidden_layers=2,
        num_attention_heads=4, max_position_embeddings=64, dropout=0.0),
    "gpt2": dict(
        vocab_size=VOCABULARY, n_embd=24, n_inner=40, n_layer=2, n_head=4, n_positions=64, resid_pdrop=0.0,
        embd_pdrop=0.0, attn_pdrop=0.0),
    "bert": dict(
        vocab_size=VOCABULARY, hidden_size=24, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4,
        max_position_embeddings=32, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0),
}

# name: (model type, what differs from SHAPE, LoRA options)
CASES = {
    "llama-gqa": ("llama", dict(tie_word_embeddings=True), {}),
    "llama-biased": ("llama", dict(attention_bias=True, mlp_bias=True), dict(use_rslora=True)),
    "llama-linear-rope": ("llama", dict(rope_parameters=dict(rope_type="linear", factor=2.0, rope_theta=10000.0)), {}),
    "llama3-rope": ("llama", dict(num_key_value_heads=1, rope_parameters=dict(
        rope_type="llama3", rope_theta=500000.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
        original_max_position_embeddings=16)), {}),
    "mistral-window": ("mistral", dict(sliding_window=5), {}),
    "qwen2": ("qwen2", dict(tie_word_embeddings=True), {}),
    "qwen3": ("qwen3", dict(head_dim=12), {}),
    "gemma2": ("gemma2", dict(
        head_dim=8, tie_word_embeddings=True, query_pre_attn_scalar=20, sliding_window=5, attn_logit_softcapping=2.0,
        final_logit_softcapping=3.0), {}),
    "opt": ("opt", {}, {}),
    "gpt2": ("gpt2", {}, {}),
    "bert": ("bert", dict(num_labels=3), {}),
    "bert-regression": ("bert", dict(num_labels=1, problem_type="regression"), {}),
    "gpt2-default-width": ("gpt2", dict(n_inner=None, activation_function="gelu", tie_word_embeddings=False), {}),
}
COMMITTED = ["llama-gqa", "mistral-window", "qwen2", "qwen3", "gemma2", "opt", "gpt2", "bert", "dpo"]
SEQUENCES = {"bert"}
BETA = 0.1


def make_model(kind, changes):
    configuration = transformers.AutoConfig.for_model(kind, **{**SHAPES.get(kind, SHAPE), **changes})
    head = transformers.AutoModelForSequenceClassification if kind in SEQUENCES else transformers.AutoModelForCausalLM
    model = head.from_config(configuration, attn_implementation="eager").float().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            noise = torch.randn_like(parameter)
            # Vectors keep their meaning (scales near 1, biases near 0); matrices get gradients of order one.
            parameter.copy_(parameter + 0.2 * noise if parameter.ndim == 1 else 0.12 * noise)
    return model


def make_tokens():
    ids = torch.randint(3, VOCABULARY, (BATCH, LENGTH))
    labels = ids.clone()
    labels[0, :4] = -100
    labels[1, 6] = -100
    labels[1, -3:] = -100
    return ids, labels


def make_batch(kind, changes):
    if kind not in SEQUENCES:
        ids, labels = make_tokens()
        return dict(input_ids=ids, labels=labels)
    lengths = torch.tensor([LENGTH, 9, 1, 6])
    ids = torch.randint(3, VOCABULARY, (len(lengths), LENGTH))
    mask = (torch.arange(LENGTH)[None] < lengths[:, None]).long()
    types = (torch.arange(LENGTH)[None] >= (lengths // 2)[:, None]).long() * mask
    labels = (
        torch.randn(len(lengths)) if changes["num_labels"] == 1 else torch.randint(0, changes["num_labels"], (len(lengths),)))
    return dict(input_ids=ids * mask, attention_mask=mask, token_type_ids=types, labels=labels)


def train(model, loss_of):
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(
        parameters, lr=TRAIN["lr"], betas=(TRAIN["beta1"], TRAIN["beta2"]), eps=TRAIN["eps"],
        weight_decay=TRAIN["weight_decay"])
    losses = []
    for _ in range(TRAIN["steps"]):
        optimizer.zero_grad()
        loss = loss_of()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def gradients(model, batch, prefix):
    output = model(**batch)
    output.loss.backward()
    found = {
        prefix + name.replace(".modules_to_save.default", "").replace(".default", ""): parameter.grad.clone()
        for name, parameter in model.named_parameters() if parameter.grad is not None}
    model.zero_grad(set_to_none=True)
    return output, found


VERSIONS = dict(torch=torch.__version__, transformers=transformers.__version__, peft=peft.__version__)


def adapt(model, folder, options, task="CAUSAL_LM"):
    adapted = peft.get_peft_model(model, peft.LoraConfig(
        r=3, lora_alpha=6, target_modules="all-linear", task_type=task, lora_dropout=0.0, **options))
    with torch.no_grad():
        for parameter_name, parameter in adapted.named_parameters():
            if ".lora_B." in parameter_name:
                parameter.copy_(0.1 * torch.randn_like(parameter))
    adapted.save_pretrained(folder / "adapter-init")
    (folder / "adapter-init" / "README.md").unlink(missing_ok=True)
    return adapted


def make_pairs():
    """Three prompts with two answers each, padded on the right."""
    tensors = {}
    prompts = [torch.randint(3, VOCABULARY, (length,)) for length in (4, 6, 2)]
    for side, lengths in (("chosen_", (5, 3, 7)), ("rejected_", (6, 4, 3))):
        total = [len(prompt) + length for prompt, length in zip(prompts, lengths)]
        ids = torch.zeros(3, max(total), dtype=torch.long)
        labels, mask = torch.full_like(ids, -100), torch.zeros_like(ids)
        for row, (prompt, length) in enumerate(zip(prompts, lengths)):
            end = total[row]
            ids[row, :end] = torch.cat([prompt, torch.randint(3, VOCABULARY, (length,))])
            labels[row, len(prompt):end] = ids[row, len(prompt):end]
            mask[row, :end] = 1
        tensors |= {side + "input_ids": ids, side + "labels": labels, side + "attention_mask": mask,
                    side + "lengths": torch.tensor(total)}
    return tensors


def log_probabilities(model, tensors, side):
    logits = model(input_ids=tensors[side + "input_ids"], attention_mask=tensors[side + "attention_mask"]).logits
    labels = tensors[side + "labels"][:, 1:]
    learned = labels != -100
    found = torch.log_softmax(logits[:, :-1], -1).gather(-1, labels.clamp(min=0)[..., None])[..., 0]
    return (found * learned).sum(-1)


def write_preferences(folder, seed):
    torch.manual_seed(seed)
    shutil.rmtree(folder, ignore_errors=True)
    model = make_model("llama", dict(tie_word_embeddings=True))
    model.save_pretrained(folder / "model")
    (folder / "model" / "generation_config.json").unlink(missing_ok=True)
    tensors = make_pairs()
    sides = ("chosen_", "rejected_")
    with torch.no_grad():
        reference = [log_probabilities(model, tensors, side) for side in sides]
    adapted = adapt(model, folder, {})

    def losses():
        policy = [log_probabilities(adapted, tensors, side) for side in sides]
        margin = (policy[0] - policy[1]) - (reference[0] - reference[1])
        return policy, -torch.nn.functional.logsigmoid(BETA * margin)

    policy, found = losses()
    found.mean().backward()
    gradients = {
        "grad." + name.replace(".default", ""): parameter.grad.clone()
        for name, parameter in adapted.named_parameters() if parameter.grad is not None}
    result = dict(
        kind="dpo", beta=BETA, loss=found.mean().item(),
        train=dict(TRAIN, losses=train(adapted, lambda: losses()[1].mean())), seed=seed, versions=VERSIONS)
    for name, values in (("policy_", policy), ("reference_", reference)):
        for side, value in zip(sides, values):
            tensors[name + side + "logps"] = value.detach()
    save_file(dict(tensors, losses=found.detach(), **gradients), folder / "expected.safetensors")
    (folder / "expected.json").write_text(json.dumps(result, indent=1) + "\n")
    print(f"dpo: {result['loss']:.6f}, after training {result['train']['losses'][-1]:.6f}")


def write_case(name, folder, seed):
    if name == "dpo":
        return write_preferences(folder, seed)
    torch.manual_seed(seed)
    kind, changes, options = CASES[name]
    shutil.rmtree(folder, ignore_errors=True)
    model = make_model(kind, changes)
    model.save_pretrained(folder / "model")
    (folder / "model" / "generation_config.json").unlink(missing_ok=True)
    batch = make_batch(kind, changes)
    base, full = gradients(model, batch, "full.")

    adapted = adapt(model, folder, options, "SEQ_CLS" if kind in SEQUENCES else "CAUSAL_LM")
    output, lora = gradients(adapted, batch, "grad.")
    result = dict(
        base_loss=base.loss.item(), lora_loss=output.loss.item(),
        train=dict(TRAIN, losses=train(adapted, lambda: adapted(**batch).loss)), seed=seed, versions=VERSIONS)
    if kind in SEQUENCES:
        result["kind"] = "sequences"
        batch["lengths"] = batch["attention_mask"].sum(1)
    save_file(
        dict(**batch, base_logits=base.logits.detach().contiguous(),
             lora_logits=output.logits.detach().contiguous(), **lora, **full),
        folder / "expected.safetensors")
    (folder / "expected.json").write_text(json.dumps(result, indent=1) + "\n")
    print(f"{name}: base {result['base_loss']:.6f}, adapted {result['lora_loss']:.6f}, "
          f"after training {result['train']['losses'][-1]:.6f}")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", required=True, type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--case", nargs="*", choices=[*CASES, "dpo"], default=COMMITTED)
    parser.add_argument("--all", action="store_true", help="every case, not only the committed ones")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for name in [*CASES, "dpo"] if arguments.all else arguments.case:
        write_case(name, arguments.output / name, arguments.seed)


if __name__ == "__main__":
    main()
