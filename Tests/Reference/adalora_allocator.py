#!/usr/bin/env python3
"""Lets PEFT's RankAllocator run over 60 steps and writes what it kept: the oracle for AdaLoRA's budget and masks.

    .venv/bin/python Tests/Reference/adalora_allocator.py --output Tests/Fixtures/methods/adalora-allocator.json

Needs torch and peft. The values and gradients of every step are the functions `value` and `gradient` below, which
AdaLoRAAllocationTests.swift repeats, so the file holds only the budget and the masks of each step and the scores of each
allocation. All numbers are float64. The script fails if two scores at a threshold are too close to tell apart.
"""
import argparse
import json
import math

import peft
import torch

LAYERS, MODULES, SHAPES = 2, ("q_proj", "k_proj"), {"q_proj": (16, 8), "k_proj": (8, 8)}
SCHEDULE = dict(init_r=4, target_r=2, total_step=60, tinit=5, tfinal=15, deltaT=3, beta1=0.85, beta2=0.85)
TENSORS = ("lora_A", "lora_E", "lora_B")


def value(layer, tensor, index, step):
    return 0.3 * math.sin(1 + 0.7 * index + 1.9 * layer + 3.1 * tensor + 0.05 * step)


def gradient(layer, tensor, index, step):
    return (1 + 0.04 * layer) * math.cos(2 + 1.3 * index + 0.9 * layer + 0.4 * tensor + 0.11 * step)


def network():
    layers = torch.nn.ModuleList()
    for _ in range(LAYERS):
        attention = torch.nn.Module()
        for name in MODULES:
            setattr(attention, name, torch.nn.Linear(SHAPES[name][1], SHAPES[name][0], bias=False))
        layer = torch.nn.Module()
        layer.self_attn = attention
        layers.append(layer)
    root, inner = torch.nn.Module(), torch.nn.Module()
    inner.layers = layers
    root.model = inner
    return root


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", required=True)
    arguments = parser.parse_args()
    root = network()
    model = peft.get_peft_model(root, peft.AdaLoraConfig(target_modules=list(MODULES), lora_alpha=3, **SCHEDULE))
    model.double()
    tuner = model.base_model
    adapters = [
        [dict(root.named_parameters())[f"model.layers.{layer}.self_attn.{name}.{tensor}.default"] for tensor in TENSORS]
        for layer in range(LAYERS) for name in MODULES]

    steps = []
    for step in range(1, SCHEDULE["total_step"] + 1):
        for layer, tensors in enumerate(adapters):
            for kind, parameter in enumerate(tensors):
                indices = range(parameter.numel())
                parameter.data = torch.tensor(
                    [value(layer, kind, i, step) for i in indices], dtype=torch.float64).view(parameter.shape)
                parameter.grad = torch.tensor(
                    [gradient(layer, kind, i, step) for i in indices], dtype=torch.float64).view(parameter.shape)
        allocator = tuner.rankallocator
        budget, allocates = allocator.budget_schedule(step)
        last = SCHEDULE["total_step"] - SCHEDULE["tfinal"]
        # The last allocation uses the scores of the step before and then forgets them.
        before = scores_of(allocator) if step == last else None
        tuner.update_and_allocate(step)
        record = dict(step=step, budget=budget, masks=[
            "".join("01"[int(entry != 0)] for entry in tensors[1].flatten().tolist()) for tensors in adapters])
        if step == last or (allocates and step < last):
            record["scores"] = scores = before or scores_of(allocator)
            ordered = sorted(scores, reverse=True)
            assert budget == len(ordered) or ordered[budget - 1] - ordered[budget] > 1e-4 * ordered[budget], step
        steps.append(record)
    result = dict(peft=peft.__version__, steps=steps, **SCHEDULE)
    with open(arguments.output, "w") as file:
        json.dump(result, file, separators=(",", ":"))
        file.write("\n")


def scores_of(allocator):
    return [score for layer in range(LAYERS) for name in MODULES
            for score in triplets(allocator, f"model.layers.{layer}.self_attn.{name}")]


def triplets(allocator, module):
    a, e, b = (allocator._element_score(f"{module}.{tensor}.default") for tensor in TENSORS)
    return (e.flatten() + a.mean(1) + b.mean(0)).tolist()


if __name__ == "__main__":
    main()
