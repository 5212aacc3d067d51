#!/usr/bin/env python3
"""Compares one step with weighted samples with torch: the gradient of every parameter of the embedded tiny model.

    Tests/Reference/sample_weighting_check.py --catena .build/release/catena --work DIR [--mpirun mpirun]

Needs torch, transformers, safetensors, numpy. The whole model makes one step of plain gradient descent on eight sequences of different
lengths, of most of which a part is learned; what it moved is the gradient. torch computes the losses of the sequences alone, numpy the weights
from them, and torch the gradient of the weighted loss with the weights detached. With --mpirun on two ranks. Last line: "N passed, N failed".
"""
import argparse
import json
import pathlib
import shutil
import subprocess

import numpy
import torch
from safetensors.numpy import load_file
from transformers import AutoModelForCausalLM

ROOT = pathlib.Path(__file__).resolve().parents[2]
RATE = 100.0
TOLERANCE = 1e-4


def sequences():
    generator = numpy.random.default_rng(7)
    rows = []
    for index, length in enumerate([9, 30, 17, 5, 24, 12, 40, 8]):
        ids = generator.integers(5, 400, length).tolist()
        labels = [-100 if position < index // 2 else token for position, token in enumerate(ids)]
        rows.append({"input_ids": ids, "labels": labels})
    # Some that are easy: a token that repeats itself.
    rows[1]["input_ids"] = rows[1]["labels"] = [17] * 30
    return rows


def weights(losses, strategy, temperature, quantile):
    lowest, highest = numpy.quantile(losses, quantile), numpy.quantile(losses, 1 - quantile)
    inside = numpy.clip(losses, lowest, highest)
    h = ((inside - lowest) - (highest - inside)) / max(highest - lowest, 1e-6)
    f = {"linupper": numpy.minimum(h + 1, 1), "quadratic": 1 - h**2, "extremes": abs(h), "upper": (h + 1) / 2}[strategy]
    e = numpy.exp((f - f.max()) / temperature)
    return e / e.sum()


def expected(model, rows, strategy, temperature, quantile, token_aware):
    sums, counts = [], []
    for row in rows:
        ids, labels = torch.tensor([row["input_ids"]]), torch.tensor(row["labels"])[1:]
        logits = model(ids).logits[0, :-1].double()
        sums.append(torch.nn.functional.cross_entropy(logits, labels, reduction="sum", ignore_index=-100))
        counts.append(int((labels >= 0).sum()))
    counts = numpy.array(counts, float)
    w = weights(numpy.array([float(s.detach()) for s in sums]) / counts, strategy, temperature, quantile)
    loss = (sum(wi * s for wi, s in zip(w, sums)) / (w * counts).sum() if token_aware
            else sum(wi * s / n for wi, s, n in zip(w, sums, counts)))
    model.zero_grad()
    loss.backward()
    return float(loss.detach()), {name: p.grad.numpy().copy() for name, p in model.named_parameters()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--catena", required=True, type=pathlib.Path)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--mpirun")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    rows = sequences()
    (arguments.work / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    model = AutoModelForCausalLM.from_pretrained(ROOT / "Examples/tiny", dtype=torch.float32, attn_implementation="eager")
    before = load_file(ROOT / "Examples/tiny/model.safetensors")
    passed = failed = 0
    for strategy, temperature, quantile, token_aware in [
            ("linupper", 0.4, 0, True), ("linupper", 0.4, 0, False), ("quadratic", 1, 0, True), ("extremes", 0.4, 0, False),
            ("upper", 0.2, 0, True), ("linupper", 0.4, 0.2, True)]:
        output = arguments.work / "run"
        shutil.rmtree(output, ignore_errors=True)
        (arguments.work / "run.yaml").write_text(json.dumps({
            "model": str(ROOT / "Examples/tiny"),
            "data": {"train": str(arguments.work / "train.jsonl"), "max-length": 64, "packing": False, "shuffle": False},
            "training": {
                "trainable": "all", "steps": 1, "global-batch": len(rows), "micro-batch": 2, "learning-rate": RATE,
                "schedule": {"name": "constant"}, "gradient-clip": "none",
                "optimizer": {"name": "sgd", "momentum": 0, "weight-decay": 0},
                "sample-weighting": {"strategy": strategy, "temperature": temperature, "clip-quantile": quantile,
                                     "token-aware": token_aware},
            },
            "distributed": {"threads": 1}, "log": {"report": False, "tensorboard": False}, "output": str(output),
        }))
        ranks = [arguments.mpirun, "--allow-run-as-root", "--oversubscribe", "-n", "2"] if arguments.mpirun else []
        subprocess.run(ranks + [arguments.catena, "train", "--config", arguments.work / "run.yaml"], check=True,
                       capture_output=True)
        loss, gradients = expected(model, rows, strategy, temperature, quantile, token_aware)
        line = json.loads((output / "metrics.jsonl").read_text().splitlines()[0])
        after = load_file(output / "model/model.safetensors")
        worst, where = 0, ""
        for name, gradient in gradients.items():
            found = (before[name].astype(numpy.float64) - after[name]) / RATE
            error = numpy.linalg.norm(found - gradient) / max(numpy.linalg.norm(gradient), 1e-12)
            if error > worst:
                worst, where = error, name
        good = worst < TOLERANCE and abs(line["weighted_loss"] / loss - 1) < 1e-5
        passed, failed = passed + good, failed + (not good)
        print(f"{'ok' if good else 'FAILED'} {strategy} r={temperature} clip={quantile} token-aware={token_aware}: loss "
              f"{line['weighted_loss']:.6f} against {loss:.6f}, {len(gradients)} gradients, worst error {worst:.1e} ({where})")
    print(f"{passed} passed, {failed} failed")
    raise SystemExit(failed > 0)


if __name__ == "__main__":
    main()
