#!/usr/bin/env python3
"""Over-fitting with and without Weight Compander: few examples, LoRA and a classification head on an encoder.

    Benchmarks/weight_compander.py --catena .build/release/catena --model all-MiniLM-L6-v2 --train sst2_train.jsonl --test sst2_dev.jsonl

Each seed draws --examples sentences of --train (the same for every setting), trains --epochs over them, and judges the first
--judged sentences of --test at the end. Lines are {"sentence" or "text", "label"}. One process, one thread. Settings whose rates are matched stand
beside each other: a / b multiplies the rate of small weights with AdamW, so `none` is trained at the rate and at 1.5 times the rate. The
rate is that of --rate, or with --pilot the best of --rates for `none` on seeds of their own. Writes results/weight-compander.json and .md beside this
script: mean and 95 % interval over the seeds, and paired differences to `none` at the same rate of small weights.
Needs Python 3.9 and numpy.
"""
import argparse
import json
import math
import pathlib
import subprocess
import tempfile
import time

import numpy

HERE = pathlib.Path(__file__).resolve().parent
STEEP = 1.5
ALL = "parameters: all, "
# Name, factor on the rate, weight decay, the section, the setting it is compared with.
SETTINGS = [
    ("none", 1, 0, None, None),
    ("none, 1.5 x rate", STEEP, 0, None, None),
    ("weight decay 5, 1.5 x rate", STEEP, 5, None, "none, 1.5 x rate"),
    ("compander a/b = 1, fixed, 1.5 x rate", STEEP, 0, ALL + "expand: 1, learned: false", "none, 1.5 x rate"),
    ("compander a/b = 1.5, fixed", 1, 0, ALL + "expand: 1.5, learned: false", "none, 1.5 x rate"),
    ("compander a/b = 1.5, learned", 1, 0, ALL + "expand: 1.5", "none, 1.5 x rate"),
]
# 97.5 % quantiles of Student's t for 1, 2, ... degrees of freedom.
STUDENT = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262]


def examples(path):
    lines = [json.loads(line) for line in open(path, encoding="utf-8")]
    return [{"text": line.get("text", line.get("sentence")), "label": str(line["label"])} for line in lines]


def write(path, lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def tensors(path):
    """The float32 tensors of a safetensors file."""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + length])
    return {name: numpy.frombuffer(data[8 + length:], "<f4", (entry["data_offsets"][1] - entry["data_offsets"][0]) // 4,
                                   entry["data_offsets"][0])
            for name, entry in header.items() if name != "__metadata__"}


def train(arguments, folder, train_lines, seed, factor, decay, section, rate):
    steps = arguments.epochs * max(1, arguments.examples // arguments.batch)
    write(folder / "train.jsonl", train_lines)
    output = folder / "run"
    configuration = {
        "model": arguments.model, "task": "classification", "adapter": {"method": "lora", "rank": 8, "alpha": 16},
        "data": {"train": str(folder / "train.jsonl"), "validation": str(folder.parent / "test.jsonl"), "max-length": 64,
                 "packing": False, "cache": str(folder / "cache")},
        "training": {"steps": steps, "global-batch": arguments.batch, "micro-batch": arguments.batch,
                     "learning-rate": rate * factor, "schedule": {"name": "cosine", "warmup-steps": steps // 10}, "seed": seed,
                     "optimizer": {"name": "adamw", "weight-decay": decay}},
        "distributed": {"threads": 1}, "checkpoint": {"every": "none"}, "log": {"tensorboard": False, "report": False},
        "output": str(output)}
    (folder / "run.yaml").write_text(json.dumps(configuration))
    command = [arguments.catena, "train", "--config", str(folder / "run.yaml")]
    if section:
        command += ["--set", "training.weight-compander={" + section + "}"]
    begun = time.time()
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode != 0:
        raise SystemExit(f"{' '.join(command)}\nended with {run.returncode}: {run.stderr[-2000:]}")
    metrics = [json.loads(line) for line in open(output / "metrics.jsonl", encoding="utf-8")]
    epoch = metrics[-max(1, arguments.examples // arguments.batch):]
    weights = numpy.concatenate([value.astype(numpy.float64) for value in tensors(
        output / "adapter" / "adapter_model.safetensors").values()])
    mean = lambda key: float(numpy.mean([line[key] for line in epoch]))
    spread = weights - weights.mean()
    return {
        "training_loss": mean("loss"), "training_accuracy": mean("accuracy"),
        "validation_loss": metrics[-1]["validation_loss"], "validation_accuracy": metrics[-1]["validation_accuracy"],
        "loss_gap": metrics[-1]["validation_loss"] - mean("loss"),
        "accuracy_gap": mean("accuracy") - metrics[-1]["validation_accuracy"],
        "near_zero": float(numpy.mean(numpy.abs(weights) < 1e-3)), "largest": float(numpy.abs(weights).max()),
        "kurtosis": float((spread ** 4).mean() / (spread ** 2).mean() ** 2),
        "histogram": numpy.histogram(weights, bins=numpy.linspace(-0.2, 0.2, 41))[0].tolist(),
        "seconds": time.time() - begun}


def spread(values):
    """Mean and half of the 95 % interval."""
    values = numpy.asarray(values, dtype=float)
    if len(values) < 2:
        return float(values.mean()), float("nan")
    student = STUDENT[len(values) - 2] if len(values) - 2 < len(STUDENT) else 1.96
    return float(values.mean()), float(student * values.std(ddof=1) / math.sqrt(len(values)))


def table(arguments, rate, runs):
    columns = [("training_loss", "training loss", 3), ("validation_loss", "validation loss", 3), ("loss_gap", "gap", 3),
               ("validation_accuracy", "validation accuracy", 3), ("accuracy_gap", "gap", 3), ("near_zero", "near zero", 3),
               ("largest", "largest weight", 3), ("kurtosis", "kurtosis", 2)]
    lines = [f"{arguments.examples} examples, {arguments.epochs} epochs, batch {arguments.batch}, rate {rate:g}, "
             f"{len(runs['none'])} seeds; mean ± half of the 95 % interval", "",
             "| setting | " + " | ".join(title for _, title, _ in columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for name, _, _, _, _ in SETTINGS:
        cells = ["{:.{d}f} ± {:.{d}f}".format(*spread([run[key] for run in runs[name]]), d=digits) for key, _, digits in columns]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    lines += ["", "Differences to the setting with the same rate of small weights, paired by seed:", "",
              "| setting | against | validation loss | validation accuracy | loss gap |", "|---|---|---|---|---|"]
    for name, _, _, _, other in SETTINGS:
        if not other:
            continue
        cells = ["{:+.3f} ± {:.3f}".format(*spread([a[key] - b[key] for a, b in zip(runs[name], runs[other])]))
                 for key in ("validation_loss", "validation_accuracy", "loss_gap")]
        lines.append(f"| {name} | {other} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def save(arguments, rate, pilot, runs):
    """What is known after a whole seed."""
    results = HERE / "results"
    (results / "weight-compander.md").write_text(table(arguments, rate, runs), encoding="utf-8")
    result = {"examples": arguments.examples, "judged": arguments.judged, "epochs": arguments.epochs, "batch": arguments.batch,
              "rate": rate, "pilot": {str(key): value for key, value in pilot.items()}, "runs": runs}
    (results / "weight-compander.json").write_text(json.dumps(result) + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--catena", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--train", required=True)
    parser.add_argument("--test", required=True)
    parser.add_argument("--examples", type=int, default=48)
    parser.add_argument("--judged", type=int, default=200)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--pilot", action="store_true")
    parser.add_argument("--rates", type=float, nargs="+", default=[5e-4, 1e-3, 2e-3, 4e-3])
    arguments = parser.parse_args()
    pool = examples(arguments.train)
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        write(work / "test.jsonl", examples(arguments.test)[:arguments.judged])

        def drawn(seed):
            order = numpy.random.default_rng(seed).permutation(len(pool))
            return [pool[index] for index in order[:arguments.examples]]

        def one(seed, factor, decay, section, rate):
            folder = pathlib.Path(tempfile.mkdtemp(dir=work))
            return train(arguments, folder, drawn(seed), seed, factor, decay, section, rate)

        rate, pilot = arguments.rate, {}
        if arguments.pilot:
            for candidate in arguments.rates:
                pilot[candidate] = spread([one(seed, 1, 0, None, candidate)["validation_loss"] for seed in (1001, 1002)])[0]
                print(f"pilot {candidate:g}: validation loss {pilot[candidate]:.4f}", flush=True)
            rate = min(pilot, key=pilot.get)
        runs = {name: [] for name, *_ in SETTINGS}
        for seed in range(1, arguments.seeds + 1):
            for name, factor, decay, section, _ in SETTINGS:
                runs[name].append(one(seed, factor, decay, section, rate))
                shown = runs[name][-1]
                print(f"seed {seed} {name}: validation {shown['validation_loss']:.4f} {shown['validation_accuracy']:.3f}, "
                      f"training {shown['training_loss']:.4f}, {shown['seconds']:.0f} s", flush=True)
            save(arguments, rate, pilot, runs)
    print(table(arguments, rate, runs))


if __name__ == "__main__":
    main()
