#!/usr/bin/env python3
"""Runs `catena bench step` and peft_step.py in turn and writes what came out.

    Benchmarks/compare_step.py --catena .build/release/catena --python .venv/bin/python --pairs 5

Shared machines drift by a factor of two within an hour, so the two programs alternate, and the number that
counts is the median of the pairwise ratios. Writes results/step.json and results/step.md beside this script.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess

HERE = pathlib.Path(__file__).resolve().parent


def last_json_line(command, environment=None):
    output = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
    return json.loads(output.strip().splitlines()[-1])


def spread(values, digits=2):
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f} to {max(values):.{digits}f})"


def processor():
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown processor"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--catena", default=".build/release/catena")
    parser.add_argument("--python", default="python3", help="an interpreter with torch, transformers and peft")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--shape", default="smollm2-135m")
    parser.add_argument("--rank", type=int, default=8)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--sequence", type=int, default=256)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=3, help="timed steps of each program in each turn")
    parser.add_argument("--name", default="step", help="name of the result files")
    arguments = parser.parse_args()

    common = [
        "--shape", arguments.shape, "--rank", str(arguments.rank), "--batch", str(arguments.batch),
        "--sequence", str(arguments.sequence), "--threads", str(arguments.threads), "--steps", str(arguments.steps)]
    ours_command = [arguments.catena, "bench", "step", "--method", "lora", "--json"] + common
    theirs_command = [arguments.python, str(HERE / "peft_step.py")] + common
    ours, theirs = [], []
    for pair in range(arguments.pairs):
        ours.append(last_json_line(ours_command))
        theirs.append(last_json_line(theirs_command, dict(os.environ, TOKENIZERS_PARALLELISM="false")))
        print(f"pair {pair + 1}: catena {ours[-1]['tokens_per_second']:.0f} tokens/s, "
              f"PEFT {theirs[-1]['tokens_per_second']:.0f} tokens/s", flush=True)

    speed = [a["tokens_per_second"] / b["tokens_per_second"] for a, b in zip(ours, theirs)]
    memory = [a["peak_gb"] / b["peak_gb"] for a, b in zip(ours, theirs)]
    result = {
        "machine": f"{processor()}, {os.cpu_count()} cores", "settings": vars(arguments),
        "versions": {key: theirs[0][key] for key in ("torch", "transformers", "peft")},
        "catena": ours, "peft": theirs, "speed_ratio": speed, "memory_ratio": memory}
    for key in ("catena", "python"):
        result["settings"].pop(key)
    folder = HERE / "results"
    folder.mkdir(exist_ok=True)
    (folder / f"{arguments.name}.json").write_text(json.dumps(result, indent=1) + "\n")
    table = f"""# Training step: Catena beside Hugging Face PEFT

{arguments.shape} shapes, LoRA rank {arguments.rank} on all linear layers, {arguments.batch} x {arguments.sequence} tokens a step, every position
supervised, float32, {arguments.threads} threads. {result['machine']}. torch {theirs[0]['torch']}, transformers {theirs[0]['transformers']},
peft {theirs[0]['peft']}. {arguments.pairs} pairs of runs in alternation, {arguments.steps} timed steps each: median (lowest to highest).

| | Catena | PEFT | Catena / PEFT |
|---|---|---|---|
| tokens/s | {spread([a['tokens_per_second'] for a in ours], 0)} | {spread([b['tokens_per_second'] for b in theirs], 0)} | {spread(speed)} |
| peak memory, GB | {spread([a['peak_gb'] for a in ours])} | {spread([b['peak_gb'] for b in theirs])} | {spread(memory)} |
| products alone / step | {spread([a['roofline_ratio'] for a in ours])} | | |

The last row is the time of the frozen layers' matrix products alone, measured between the steps of the same process, divided by
the time of a step: 1 would mean that everything else is free. Made by `Benchmarks/compare_step.py`.
"""
    (folder / f"{arguments.name}.md").write_text(table)
    print(table)


if __name__ == "__main__":
    main()
