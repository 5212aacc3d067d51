#!/usr/bin/env python3
"""Classes learned in tasks, with and without what keeps the earlier ones.

    Benchmarks/incremental.py --catena .build/release/catena --model all-MiniLM-L6-v2 --train banking77/train.jsonl --test banking77/test.jsonl --tasks 7
    Benchmarks/incremental.py --catena .build/release/catena --shape resnet.json --train digits/train.jsonl --test digits/test.jsonl --tasks 5

Each seed has its own order of the classes and draws --per-class samples of each from --train, the same for every setting; --test is taken whole or
--test-per-class of each class. Every setting learns the same tasks with the same adapter, epochs and rate. Lines are {"text", "label"} or {"pixels", "label"}. One process,
--threads threads. Writes results/NAME.json and .md beside this script: mean and 95 % interval over the seeds of the last accuracy before and
after aligning, of the average incremental accuracy and of the forgetting.
Needs Python 3.9 and numpy.
"""
import argparse
import json
import math
import os
import pathlib
import platform
import random
import subprocess
import tempfile
import time

import numpy

HERE = pathlib.Path(__file__).resolve().parent
# Name, overrides.
SETTINGS = [
    ("fine-tuning", ["memory.total=0", "method.distillation=false", "method.aligning=none"]),
    ("replay", ["method.distillation=false", "method.aligning=none"]),
    ("distillation", ["method.aligning=none"]),
    ("aligning", ["method.distillation=false"]),
    ("distillation and aligning", []),
    ("joint", ["method.joint=true"]),
]
# 97.5 % quantiles of Student's t for 1, 2, ... degrees of freedom.
STUDENT = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262]


def drawn(path, count, seed):
    """`count` lines of each class in the file's order, or all of them."""
    lines = [json.loads(line) for line in open(path, encoding="utf-8")]
    if not count:
        return lines
    places = {}
    for place, line in enumerate(lines):
        places.setdefault(line["label"], []).append(place)
    generator = random.Random(seed)
    kept = {place for name in sorted(places) for place in generator.sample(places[name], min(count, len(places[name])))}
    return [line for place, line in enumerate(lines) if place in kept]


def write(path, lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def learn(arguments, folder, overrides, seed):
    model = str(pathlib.Path(arguments.model).resolve()) if arguments.model else str(folder / "new")
    if arguments.shape:
        subprocess.run([arguments.catena, "new-model", "--shape", arguments.shape, "--seed", str(seed), "--output", model], check=True,
                       capture_output=True)
    configuration = {
        "model": model, "output": str(folder / "out"),
        "adapter": {"method": "lora", "rank": arguments.rank},
        "data": {"train": str(folder / "train.jsonl"), "test": str(folder / "test.jsonl"), "max-length": 64, "packing": False},
        "tasks": arguments.tasks, "memory": {"per-class": arguments.memory}, "seed": seed,
        "training": {"epochs": arguments.epochs, "global-batch": 16, "micro-batch": 16, "learning-rate": arguments.rate,
                     "schedule": {"name": "cosine", "warmup-steps": 5}},
        "distributed": {"threads": arguments.threads}, "checkpoint": {"every": "none"},
        "log": {"tensorboard": False, "report": False},
    }
    if arguments.shape:
        configuration["adapter"] = {"method": "full"}
        configuration["data"] = {key: value for key, value in configuration["data"].items() if key in ("train", "test")}
        configuration["training"]["optimizer"] = {"name": "sgd", "momentum": 0.9, "weight-decay": 1e-4}
    (folder / "run.yaml").write_text(json.dumps(configuration), encoding="utf-8")
    kept = [override for override in overrides if not override.startswith("memory.")]
    if any(override.startswith("memory.total") for override in overrides):
        kept += ["memory.per-class=", "memory.total=0"]
    command = [arguments.catena, "incremental", "--config", str(folder / "run.yaml"), "--json"]
    for override in kept:
        command += ["--set", override]
    begin = time.time()
    done = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ, OPENBLAS_NUM_THREADS="1"))
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr}")
    return json.loads(done.stdout), time.time() - begin


def spread(values):
    mean = float(numpy.mean(values))
    if len(values) < 2:
        return mean, float("nan")
    return mean, STUDENT[len(values) - 2] * float(numpy.std(values, ddof=1)) / math.sqrt(len(values))


def shown(values):
    mean, half = spread(values)
    return f"{mean:.3f} ± {half:.3f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--catena", required=True)
    parser.add_argument("--model", help="a text model; its adapter and head are trained")
    parser.add_argument("--shape", help="instead of a model the shape of an image model, which is made anew for each seed and trained whole")
    parser.add_argument("--train", required=True)
    parser.add_argument("--test", required=True)
    parser.add_argument("--name", default="incremental")
    parser.add_argument("--tasks", type=int, default=7)
    parser.add_argument("--per-class", type=int, default=30)
    parser.add_argument("--test-per-class", type=int, default=0)
    parser.add_argument("--memory", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--rank", type=int, default=8)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", nargs="*", help="settings by name")
    arguments = parser.parse_args()
    settings = [one for one in SETTINGS if not arguments.only or one[0] in arguments.only]
    runs = {name: [] for name, _ in settings}
    for seed in arguments.seeds:
        for name, overrides in settings:
            with tempfile.TemporaryDirectory() as folder:
                folder = pathlib.Path(folder)
                write(folder / "train.jsonl", drawn(arguments.train, arguments.per_class, seed))
                write(folder / "test.jsonl", drawn(arguments.test, arguments.test_per_class, seed))
                result, seconds = learn(arguments, folder, overrides, seed)
            runs[name].append(dict(result, seed=seed, seconds=round(seconds, 1)))
            last = result["tasks"][-1]
            print(f"seed {seed}, {name}: {last['accuracy_before_aligning']:.3f} -> {last['accuracy']:.3f}, {seconds:.0f} s", flush=True)
            report(arguments, settings, runs)


def report(arguments, settings, runs):
    columns = [
        ("last accuracy before aligning", lambda run: run["tasks"][-1]["accuracy_before_aligning"]),
        ("last accuracy", lambda run: run["tasks"][-1]["accuracy"]),
        ("average incremental accuracy", lambda run: run["average_incremental_accuracy"]),
        ("forgetting", lambda run: run["forgetting"]),
    ]
    facts = {key: getattr(arguments, key) for key in ("tasks", "per_class", "test_per_class", "memory", "epochs", "rank", "rate", "threads")}
    facts["data"], facts["model"] = pathlib.Path(arguments.train).parent.name, pathlib.Path(arguments.model or arguments.shape).name
    facts["machine"] = platform.processor() or platform.machine()
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    (results / f"{arguments.name}.json").write_text(json.dumps({"settings": facts, "runs": runs}, indent=1) + "\n", encoding="utf-8")
    count = len(next(iter(runs.values())))
    lines = [
        f"{facts['data']}, {arguments.tasks} tasks, {arguments.per_class} training samples a class, {arguments.memory} remembered; "
        + ("the whole model by SGD" if arguments.shape else f"LoRA of rank {arguments.rank} and a head") + f", {arguments.epochs} epochs a task, rate {arguments.rate:g}; {count} seeds (order of the classes, samples, first "
        "values), mean ± 95 % interval.", "",
        "| | " + " | ".join(name for name, _ in columns) + " |", "|---|" + "---|" * len(columns),
    ]
    for name, _ in settings:
        if runs[name]:
            lines.append(f"| {name} | " + " | ".join(shown([value(run) for run in runs[name]]) for _, value in columns) + " |")
    (results / f"{arguments.name}.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
