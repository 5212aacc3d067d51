#!/usr/bin/env python3
"""Weights of samples by their losses beside equal ones, where some samples are worth nothing.

    Benchmarks/sample_weighting.py --catena .build/release/catena --text-train TRAIN.jsonl --text-validation VALIDATION.jsonl \\
        --work runs/sample-weighting --json Benchmarks/results/sample-weighting.json --markdown Benchmarks/results/sample-weighting.md

Two tasks, each strategy with the same seeds (order, initialisation, and what is spoilt):

  text      the embedded tiny model, all of it trained on real text ({"text"} lines, Project Gutenberg in the committed results) of which 15 % are
            eight passages again and again, 15 % have their words shuffled, and 10 % are random letters; held out: clean text
  answers   LoRA on word problems of which 20 % have another problem's answer; held out: right ones, and how many of 100 are solved

Reported: held-out loss at the end, and steps until the loss that equal weights have (mean over seeds) after three quarters of the run, linear between
validations; mean and 95 % interval (t) over seeds, and of the difference to equal weights with the same seed. One process, one thread; some ten minutes on a
machine that does nothing else.
"""
import argparse
import json
import pathlib
import random
import shutil
import statistics
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
STRATEGIES = ["none", "linupper", "quadratic", "extremes", "upper"]
T95 = {2: 12.71, 3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 7: 2.447, 8: 2.365, 9: 2.306, 10: 2.262}
TASKS = {"text": {"steps": 60, "batch": 16, "rate": 1.0e-3}, "answers": {"steps": 60, "batch": 16, "rate": 4.0e-3}}


def write(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def passages(path, characters=200):
    """Whole words of some length, in the order of the file."""
    for line in path.open(encoding="utf-8"):
        words, length = [], 0
        for word in json.loads(line)["text"].split():
            words.append(word)
            length += len(word) + 1
            if length >= characters:
                yield " ".join(words)
                words, length = [], 0


def prepare_text(arguments, folder, seed, task):
    generator = random.Random(seed)
    clean = list(passages(arguments.text_train))
    generator.shuffle(clean)
    count = task["steps"] * task["batch"]
    repeated, rows = [clean.pop() for _ in range(8)], []
    for _ in range(count):
        kind, text = generator.random(), clean.pop()
        if kind < 0.15:
            text = generator.choice(repeated)
        elif kind < 0.30:
            words = text.split()
            generator.shuffle(words)
            text = " ".join(words)
        elif kind < 0.40:
            text = "".join(generator.choice("abcdefghijklmnopqrstuvwxyz     ") for _ in range(150))
        rows.append({"text": text})
    write(folder / "train.jsonl", rows)
    held_out = list(passages(arguments.text_validation))
    random.Random(1).shuffle(held_out)
    write(folder / "validation.jsonl", [{"text": text} for text in held_out[:48]])


def prepare_answers(arguments, folder, seed, task):
    made = arguments.work / "problems"
    if not made.exists():
        count = task["steps"] * task["batch"]
        subprocess.run([arguments.catena, "demo-data", "--kind", "problems", "--train", str(count), "--validation", "48", "--test", "100",
                        "--seed", "11", "--output", made], check=True, capture_output=True)
    rows = [json.loads(line) for line in (made / "train.jsonl").read_text().splitlines()]
    generator = random.Random(seed)
    answers = [row["completion"] for row in rows]
    for index, row in enumerate(rows):
        if generator.random() < 0.2:
            row["completion"] = generator.choice(answers[:index] + answers[index + 1:])
    write(folder / "train.jsonl", rows)
    for name in ["validation", "test"]:
        shutil.copy(made / f"{name}.jsonl", folder / f"{name}.jsonl")


def train(arguments, name, strategy, seed):
    """One run; its validation losses by step, and what else was measured."""
    task = TASKS[name]
    folder = arguments.work / f"{name}-{seed}"
    if not (folder / "train.jsonl").exists():
        folder.mkdir(parents=True, exist_ok=True)
        (prepare_text if name == "text" else prepare_answers)(arguments, folder, seed, task)
    output = folder / strategy
    training = {
        "steps": task["steps"], "global-batch": task["batch"], "micro-batch": task["batch"], "learning-rate": task["rate"], "seed": seed,
        "schedule": {"name": "cosine", "warmup-steps": 10, "minimum-ratio": 0.02}, "validation-every": 10,
    }
    if strategy != "none":
        training["sample-weighting"] = {"strategy": strategy, "temperature": arguments.temperature, "warmup-steps": task["steps"] // 10}
    configuration = {
        "model": str(ROOT / "Examples/tiny"), "training": training, "distributed": {"threads": 1}, "output": str(output),
        "data": {"train": str(folder / "train.jsonl"), "validation": str(folder / "validation.jsonl"), "max-length": 160, "packing": False},
        "checkpoint": {"every": "none"}, "log": {"report": False, "tensorboard": False},
    }
    if name == "text":
        training["trainable"] = "all"
    else:
        configuration["adapter"] = {"method": "lora", "rank": 16, "alpha": 32, "targets": "all-linear"}
        configuration["data"]["template"] = "auto"
    shutil.rmtree(output, ignore_errors=True)
    (folder / f"{strategy}.yaml").write_text(json.dumps(configuration))
    begun = time.monotonic()
    subprocess.run([arguments.catena, "train", "--config", folder / f"{strategy}.yaml"], check=True, capture_output=True)
    seconds = time.monotonic() - begun
    lines = [json.loads(line) for line in (output / "metrics.jsonl").read_text().splitlines()]
    result = {"validation": {line["step"]: line["validation_loss"] for line in lines if "validation_loss" in line}, "seconds": round(seconds, 1)}
    if strategy != "none":
        result["effective_sample_size"] = statistics.mean(line["effective_sample_size"] for line in lines[task["steps"] // 10:])
    if name == "answers":
        found = subprocess.run([arguments.catena, "evaluate", "--model", ROOT / "Examples/tiny", "--adapter", output / "adapter", "--data",
                                folder / "test.jsonl", "--task", "exact-match", "--json"], check=True, capture_output=True, text=True)
        result["solved"] = json.loads(found.stdout)["correct"]
    print(f"{name} {strategy} seed {seed}: {result['validation'][task['steps']]:.4f} after {seconds:.0f} s", flush=True)
    return result


def steps_to(losses, target):
    before = None
    for step, loss in sorted(losses.items()):
        if loss <= target:
            if before is None:
                return step
            return before[0] + (step - before[0]) * (before[1] - target) / (before[1] - loss)
        before = (step, loss)
    return None


def interval(values):
    if len(values) < 2:
        return None
    return T95[len(values)] * statistics.stdev(values) / len(values) ** 0.5


def shown(values, digits):
    if not values:
        return "-"
    half = interval(values)
    return f"{statistics.mean(values):.{digits}f}" + (f" ± {half:.{digits}f}" if half is not None else "")


def markdown(results, arguments):
    lines = [f"Temperature {arguments.temperature}, seeds {', '.join(map(str, arguments.seeds))}; mean ± 95 % interval over seeds. Δ: beside equal weights, same seed."]
    for name, runs in results.items():
        last, target_step = TASKS[name]["steps"], TASKS[name]["steps"] * 3 // 40 * 10
        target = statistics.mean(run["validation"][target_step] for run in runs["none"].values())
        lines += ["", f"## {name}", "", f"Steps to the loss {target:.4f}; {last} steps are all.", "",
                  "| strategy | held-out loss | Δ loss | steps to it | Δ steps | effective samples of 16 | solved of 100 |", "|---|---|---|---|---|---|---|"]
        for strategy, by_seed in runs.items():
            ends = [run["validation"][last] for run in by_seed.values()]
            differences = [run["validation"][last] - runs["none"][seed]["validation"][last] for seed, run in by_seed.items()]
            steps = {seed: steps_to(run["validation"], target) for seed, run in by_seed.items()}
            base = {seed: steps_to(run["validation"], target) for seed, run in runs["none"].items()}
            reached = [value for value in steps.values() if value is not None]
            pairs = [steps[seed] - base[seed] for seed in steps if steps[seed] is not None and base[seed] is not None]
            missed = len(steps) - len(reached)
            sizes = [run["effective_sample_size"] for run in by_seed.values() if "effective_sample_size" in run]
            right = [run["solved"] for run in by_seed.values() if "solved" in run]
            isBase = strategy == "none"
            lines.append(
                f"| {strategy} | {shown(ends, 4)} | {'' if isBase else shown(differences, 4)} | {shown(reached, 1)}"
                + (f" ({missed} of {len(steps)} never)" if missed else "")
                + f" | {'' if isBase else shown(pairs, 1)} | {shown(sizes, 1)} | {shown(right, 0)} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--catena", required=True, type=pathlib.Path)
    parser.add_argument("--text-train", required=True, type=pathlib.Path)
    parser.add_argument("--text-validation", required=True, type=pathlib.Path)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--json", type=pathlib.Path)
    parser.add_argument("--markdown", type=pathlib.Path)
    parser.add_argument("--temperature", type=float, default=0.4)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--tasks", nargs="+", default=list(TASKS), choices=list(TASKS))
    parser.add_argument("--steps", type=int, help="for all tasks")
    arguments = parser.parse_args()
    for name in ["catena", "text_train", "text_validation", "work"]:
        setattr(arguments, name, getattr(arguments, name).resolve())
    for task in TASKS.values():
        task["steps"] = arguments.steps or task["steps"]
    arguments.work.mkdir(parents=True, exist_ok=True)
    results = {name: {strategy: {} for strategy in STRATEGIES} for name in arguments.tasks}
    for name in arguments.tasks:
        for seed in arguments.seeds:
            for strategy in STRATEGIES:
                results[name][strategy][seed] = train(arguments, name, strategy, seed)
                if arguments.json:
                    arguments.json.write_text(json.dumps(results, indent=1) + "\n")
    text = markdown(results, arguments)
    print(text)
    if arguments.markdown:
        arguments.markdown.write_text(text)


if __name__ == "__main__":
    main()
