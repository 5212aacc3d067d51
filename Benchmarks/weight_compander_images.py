#!/usr/bin/env python3
"""Over-fitting of a ConvNet that is trained whole, with and without Weight Compander.

    Benchmarks/weight_compander_images.py --catena .build/release/catena --data digits.jsonl

--data has lines of {"pixels", "label"} of grey images of 8 x 8. Each seed draws --examples images to learn and --judged others to judge (the same for
every setting) and begins with a network of its own. With SGD, a / b multiplies the rate of small weights by its square, so plain
training stands beside the compander at the rate and at 2.25 times the rate. Writes results/weight-compander-images.json and .md beside this
script: mean and 95 % interval over the seeds, and paired differences to plain training at the matched rate.
Needs Python 3.9 and numpy.
"""
import argparse
import json
import math
import os
import pathlib
import random
import subprocess
import tempfile

import numpy

HERE = pathlib.Path(__file__).resolve().parent
MATCHED = 1.5 ** 2
# Name, factor on the rate, weight decay, the section.
SETTINGS = [
    ("none", 1, 0, None),
    ("none, 2.25 x rate", MATCHED, 0, None),
    ("weight decay 0.01, 2.25 x rate", MATCHED, 0.01, None),
    ("compander a/b = 1, fixed, 2.25 x rate", MATCHED, 0, "{parameters: all, expand: 1, learned: false}"),
    ("compander a/b = 1.5, fixed", 1, 0, "{parameters: all, expand: 1.5, learned: false}"),
    ("compander a/b = 1.5, learned", 1, 0, "{parameters: all, expand: 1.5}"),
]
BESIDE = "none, 2.25 x rate"
# 97.5 % quantiles of Student's t for 1, 2, ... degrees of freedom.
STUDENT = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262]


def spread(values):
    if len(values) < 2:
        return float(numpy.mean(values)), float("nan")
    return float(numpy.mean(values)), STUDENT[len(values) - 2] * float(numpy.std(values, ddof=1)) / math.sqrt(len(values))


def shown(values, signed=False):
    mean, half = spread(values)
    return f"{mean:{'+' if signed else ''}.3f} ± {half:.3f}"


def matrices(path):
    """All matrices and kernels of a safetensors file, as one vector."""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    parts = []
    for name, entry in json.loads(data[8:8 + length]).items():
        if name != "__metadata__" and len(entry["shape"]) > 1:
            begin, end = entry["data_offsets"]
            parts.append(numpy.frombuffer(data[8 + length:], "<f4", (end - begin) // 4, begin))
    return numpy.concatenate(parts)


def write(path, lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def catena(arguments, *command):
    done = subprocess.run([arguments.catena, *command], capture_output=True, text=True, env=dict(os.environ, OPENBLAS_NUM_THREADS="1"))
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
    return done.stdout


def learn(arguments, seed, factor, decay, section):
    lines = [json.loads(line) for line in open(arguments.data, encoding="utf-8")]
    random.Random(seed).shuffle(lines)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        write(folder / "train.jsonl", lines[:arguments.examples])
        write(folder / "test.jsonl", lines[arguments.examples:arguments.examples + arguments.judged])
        shape = {"model_type": "convnet", "image_size": 8, "num_channels": 1, "image_mean": [4.9], "image_std": [6.0],
                 "width": arguments.width, "depth": 3, "num_labels": 10}
        (folder / "shape.json").write_text(json.dumps(shape), encoding="utf-8")
        catena(arguments, "new-model", "--shape", str(folder / "shape.json"), "--seed", str(seed), "--output", str(folder / "new"))
        batch = min(32, arguments.examples)
        training = {"epochs": arguments.epochs, "global-batch": batch, "micro-batch": batch, "learning-rate": arguments.rate * factor,
                    "optimizer": {"name": "sgd", "momentum": 0.9, "weight-decay": decay}, "seed": seed,
                    "schedule": {"name": "cosine", "warmup-steps": 5}}
        configuration = {"model": str(folder / "new"), "task": "classification", "output": str(folder / "run"),
                         "adapter": {"method": "full"}, "data": {"train": str(folder / "train.jsonl")}, "training": training,
                         "distributed": {"threads": 1}, "checkpoint": {"every": "none"}, "log": {"tensorboard": False, "report": False}}
        (folder / "run.yaml").write_text(json.dumps(configuration), encoding="utf-8")
        more = ["--set", f"training.weight-compander={section}"] if section else []
        catena(arguments, "train", "--config", str(folder / "run.yaml"), *more)
        judged = {name: json.loads(catena(arguments, "evaluate", "--model", str(folder / "run" / "model"), "--data", str(folder / f"{name}.jsonl"),
                                          "--json")) for name in ("train", "test")}
        weights = matrices(folder / "run" / "model" / "model.safetensors")
    own = {f"{name}_{key}": judged[name][key] for name in judged for key in ("accuracy", "loss")}
    histogram, edges = numpy.histogram(weights, bins=41, range=(-0.5, 0.5))
    return dict(own, gap=own["train_accuracy"] - own["test_accuracy"], near_zero=float(numpy.mean(numpy.abs(weights) < 1e-3)),
                largest=float(numpy.max(numpy.abs(weights))), histogram=histogram.tolist(), seed=seed)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--catena", required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--examples", type=int, default=60)
    parser.add_argument("--judged", type=int, default=1000)
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--rate", type=float, default=0.005)
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    runs = {name: [] for name, *_ in SETTINGS}
    for seed in range(arguments.seeds):
        for name, factor, decay, section in SETTINGS:
            runs[name].append(learn(arguments, seed, factor, decay, section))
            print(f"seed {seed}, {name}: accuracy {runs[name][-1]['test_accuracy']:.3f}", flush=True)
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    facts = {key: getattr(arguments, key) for key in ("examples", "judged", "width", "epochs", "rate", "seeds")}
    (results / "weight-compander-images.json").write_text(json.dumps({"settings": facts, "runs": runs}) + "\n", encoding="utf-8")
    lines = [
        f"Digits of 8 x 8, ConvNet of width {arguments.width}, {arguments.examples} images to learn for {arguments.epochs} epochs, {arguments.judged} to judge; "
        f"SGD, rate {arguments.rate:g}; {arguments.seeds} seeds, mean ± 95 % interval.", "",
        "| | loss | accuracy | accuracy gap | near zero | beside matched: loss | accuracy |", "|---|---|---|---|---|---|---|",
    ]
    for name, *_ in SETTINGS:
        def column(key):
            return [run[key] for run in runs[name]]

        def beside(key):
            return [run[key] - other[key] for run, other in zip(runs[name], runs[BESIDE])]
        lines.append(f"| {name} | {shown(column('test_loss'))} | {shown(column('test_accuracy'))} | {shown(column('gap'))} | "
                     f"{numpy.mean(column('near_zero')):.4f} | {'' if name == BESIDE else shown(beside('test_loss'), True)} | "
                     f"{'' if name == BESIDE else shown(beside('test_accuracy'), True)} |")
    (results / "weight-compander-images.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
