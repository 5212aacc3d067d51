#!/usr/bin/env python3
"""Trains the same adapter on a float32 and on an int8 base and draws the two loss curves.

    Benchmarks/int8_loss.py --catena .build/release/catena --model model.gguf --data gsm8k --work runs/int8 \\
        --json Benchmarks/results/int8-loss.json --svg docs/int8-loss.svg

--data holds train.jsonl and test.jsonl with {"question", "answer"} (openai/grade-school-math). LoRA r = 8 on all linear
layers; the last --validation rows of train.jsonl are the validation set. Reported: validation losses before and after, and of
the adapter trained on the int8 base when it stands on the float32 base, as other programs will use it; exact match of the
answers to the first --problems rows of test.jsonl, on the float32 base.

About 25 minutes on two cores with the defaults. An interrupted run goes on from its last checkpoint.
"""
import argparse
import json
import pathlib
import subprocess

COLOURS = {"float32": "#1f6fb4", "int8": "#d1495b"}


def prepare(arguments):
    def examples(name):
        with open(arguments.data / f"{name}.jsonl", encoding="utf-8") as file:
            rows = [json.loads(line) for line in file if line.strip()]
        return [{"prompt": row["question"], "completion": row["answer"]} for row in rows]

    rows = examples("train")
    arguments.work.mkdir(parents=True, exist_ok=True)
    for name, part in [("train", rows[: -arguments.validation]), ("validation", rows[-arguments.validation :]),
                       ("test", examples("test")[: arguments.problems])]:
        (arguments.work / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in part))


def train(arguments, compute, name, steps, learning_rate):
    """Runs one training and returns the lines of its metrics."""
    output = arguments.work / name
    if not (output / "adapter").exists():
        configuration = arguments.work / f"{name}.yaml"
        configuration.write_text(json.dumps({
            "model": str(arguments.model), "base-compute": compute,
            "adapter": {"method": "lora", "rank": 8, "alpha": 16},
            "data": {
                "train": str(arguments.work / "train.jsonl"), "validation": str(arguments.work / "validation.jsonl"),
                "max-length": arguments.max_length, "packing": False,
            },
            "training": {
                "steps": steps, "global-batch": arguments.batch, "micro-batch": arguments.batch,
                "learning-rate": learning_rate, "schedule": {"name": "cosine", "warmup-steps": min(10, steps)},
            },
            "distributed": {"placement": "replicated", "threads": arguments.threads},
            "checkpoint": {"every": 100, "keep": 1}, "output": str(output),
        }))
        subprocess.run([arguments.catena, "train", "--config", configuration, "--resume", "auto"], check=True)
    return [json.loads(line) for line in (output / "metrics.jsonl").read_text().splitlines()]


def evaluate(arguments, data, adapter=None, *options):
    """What `catena evaluate` says of an adapter, or of the model alone, on one of the prepared files."""
    command = [arguments.catena, "evaluate", "--model", arguments.model, "--data", arguments.work / f"{data}.jsonl",
               "--threads", str(arguments.threads), "--json", *options]
    command += ["--adapter", adapter] if adapter else []
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def matches(arguments, adapter=None):
    result = evaluate(arguments, "test", adapter, "--task", "exact-match", "--max-tokens", "200")
    return {key: result[key] for key in ("accuracy", "correct", "examples")}


def smoothed(losses, width=10):
    return [sum(losses[max(0, i - width + 1) : i + 1]) / min(i + 1, width) for i in range(len(losses))]


def draw(curves, path):
    """An SVG of the means over the last ten steps; light and dark backgrounds."""
    width, height, left, bottom = 720, 360, 60, 45
    lines = {name: smoothed(losses) for name, losses in curves.items()}
    low = min(min(line) for line in lines.values())
    high = max(max(line) for line in lines.values())
    count = max(len(line) for line in lines.values())

    def x(step):
        return left + (width - left - 20) * step / max(count - 1, 1)

    def y(loss):
        return 20 + (height - 20 - bottom) * (high - loss) / (high - low)

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
             'font-size="12" fill="#777">',
             '<title>Training loss on a float32 and on an int8 base</title>']
    for tick in range(5):
        loss = low + (high - low) * tick / 4
        parts.append(f'<path d="M{left} {y(loss):.1f}H{width - 20}" stroke="#9995"/>'
                     f'<text x="{left - 8}" y="{y(loss) + 4:.1f}" text-anchor="end">{loss:.2f}</text>')
    for step in range(0, count + 1, max(1, count // 6)):
        parts.append(f'<text x="{x(step):.1f}" y="{height - bottom + 18}" text-anchor="middle">{step}</text>')
    for index, (name, line) in enumerate(lines.items()):
        points = " ".join(f"{x(step):.1f},{y(loss):.1f}" for step, loss in enumerate(line))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{COLOURS[name]}" stroke-width="1.6" opacity="0.85"/>'
                     f'<text x="{width - 110}" y="{40 + 18 * index}" fill="{COLOURS[name]}">{name} base</text>')
    parts.append(f'<text x="{width / 2}" y="{height - 6}" text-anchor="middle">step (loss: mean of the last ten)</text></svg>')
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(parts) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ["catena", "model", "data", "work", "json", "svg"]:
        parser.add_argument("--" + name, type=pathlib.Path, required=True)
    for name, value in [("steps", 300), ("batch", 8), ("max-length", 256), ("validation", 512), ("problems", 300), ("threads", 2)]:
        parser.add_argument("--" + name, type=int, default=value)
    parser.add_argument("--learning-rate", type=float, default=5e-4)
    arguments = parser.parse_args()
    prepare(arguments)
    result = {"arguments": {key: getattr(arguments, key) for key in ["steps", "batch", "max_length", "validation", "problems"]},
              "exact_match_before": matches(arguments)}
    curves = {}
    for compute in ["float32", "int8"]:
        adapter = arguments.work / compute / "adapter"
        before = train(arguments, compute, f"{compute}-before", 1, 1e-12)
        lines = train(arguments, compute, compute, arguments.steps, arguments.learning_rate)
        curves[compute] = [line["loss"] for line in lines]
        result[compute] = {
            "validation_before": before[-1]["validation_loss"], "validation_after": lines[-1]["validation_loss"],
            "on_float32": evaluate(arguments, "validation", adapter, "--max-length", str(arguments.max_length))["loss"],
            "exact_match": matches(arguments, adapter),
            "seconds": sum(line["seconds"] for line in lines), "losses": curves[compute],
        }
    largest = max(abs(a - b) / a for a, b in zip(smoothed(curves["float32"]), smoothed(curves["int8"])))
    result["largest_relative_difference_of_smoothed_losses"] = largest
    arguments.json.write_text(json.dumps(result) + "\n")
    draw(curves, arguments.svg)
    for compute in ["float32", "int8"]:
        print(compute, {key: value for key, value in result[compute].items() if key != "losses"})


if __name__ == "__main__":
    main()
