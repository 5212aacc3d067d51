#!/usr/bin/env python3
"""What a checkpoint after every step costs: runs with one after every step, and with none, in turn.

    Benchmarks/checkpoint_cost.py --catena .build/release/catena --model models/SmolLM2-135M-Instruct.Q4_1.gguf

The training is the quickstart's (Examples/quickstart.yaml) under mpirun. A step's time is that between two lines of metrics, from
the wall times in the TensorBoard file, so it has everything: the step, the snapshot, and what the writing thread takes away.
Steps differ by their data and shared machines drift, so the number that counts is the ratio of the same step in the two runs
of a pair, which alternate in order. Writes results/checkpoint-cost.json and .md beside this script.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import struct
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


def varint(data, place):
    value = shift = 0
    while True:
        byte = data[place]
        place += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, place


def step_times(folder):
    """Step -> wall time of its line, from the first record of each step: field 1 is the time, field 2 the step."""
    times = {}
    for path in sorted(folder.glob("events*")):
        data = path.read_bytes()
        place = 0
        while place < len(data):
            (length,) = struct.unpack_from("<Q", data, place)
            record = data[place + 12:place + 12 + length]
            place += length + 16
            if record[:1] == b"\x09" and record[9:10] == b"\x10":
                step, _ = varint(record, 10)
                times.setdefault(step, struct.unpack_from("<d", record, 1)[0])
    return times


def train(arguments, work, name, steps, every):
    output = work / name
    shutil.rmtree(output, ignore_errors=True)
    launcher = ["mpirun", "--bind-to", "none", "-n", str(arguments.ranks)]
    if os.geteuid() == 0:
        launcher.insert(1, "--allow-run-as-root")
    settings = {
        "model": arguments.model, "output": output, "data.train": work / "data/train.jsonl", "data.validation": "",
        "training.validation-every": "",
        "data.cache": work / "cache", "distributed.threads": arguments.threads, "training.steps": steps,
        "checkpoint.every": every, "checkpoint.keep": 2, "log.report": "false"}
    command = launcher + [arguments.catena, "train", "--config", arguments.config]
    for key, value in settings.items():
        command += ["--set", f"{key}={value}"]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}\nended with {run.returncode}: {run.stderr[-2000:]}")
    times = step_times(output)
    size = 0
    for folder in sorted((output / "checkpoints").glob("step-*"))[-1:]:
        size = sum(file.stat().st_size for file in folder.iterdir())
    shutil.rmtree(output, ignore_errors=True)
    # The first two steps fill the memory pool. intervals[s] is what follows the line of step s.
    return {step: times[step + 1] - times[step] for step in sorted(times) if step >= 2 and step + 1 in times}, size


def percent(values):
    return f"{100 * statistics.median(values):+.1f} % ({100 * min(values):+.1f} to {100 * max(values):+.1f})"


def processor():
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown processor"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--catena", default=".build/release/catena")
    parser.add_argument("--model", default="Examples/tiny")
    parser.add_argument("--config", default=str(HERE.parent / "Examples/quickstart.yaml"))
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--pairs", type=int, default=4)
    parser.add_argument("--steps", type=int, default=12, help="steps of each run of a pair")
    parser.add_argument("--folder", default=None, help="where the runs write (default: a temporary folder)")
    parser.add_argument("--name", default="checkpoint-cost", help="name of the result files")
    parser.add_argument("--note", default="", help="a sentence about the machine's state for the results")
    arguments = parser.parse_args()
    arguments.catena = os.path.abspath(arguments.catena)
    arguments.model = os.path.abspath(arguments.model)

    work = pathlib.Path(tempfile.mkdtemp(dir=arguments.folder))
    try:
        subprocess.run(
            [arguments.catena, "demo-data", "--output", str(work / "data"), "--seed", "0", "--train", "2400",
             "--validation", "10"], check=True, capture_output=True)
        pairs, size = [], 0
        for pair in range(arguments.pairs):
            order = ["1", "none"] if pair % 2 == 0 else ["none", "1"]
            intervals = {}
            for every in order:
                intervals[every], found = train(arguments, work, "run", arguments.steps, every)
                size = max(size, found)
            steps = sorted(intervals["1"].keys() & intervals["none"].keys())
            costs = [intervals["1"][step] / intervals["none"][step] - 1 for step in steps]
            pairs.append({
                "with_seconds": [intervals["1"][step] for step in steps],
                "without_seconds": [intervals["none"][step] for step in steps], "cost": statistics.median(costs)})
            print(f"pair {pair + 1}: {percent(costs)} over {len(costs)} steps", flush=True)
        filesystem = subprocess.run(
            ["stat", "-f", "-c", "%T", str(work)], capture_output=True, text=True).stdout.strip()
    finally:
        shutil.rmtree(work, ignore_errors=True)

    costs = [pair["cost"] for pair in pairs]
    steps = [a / b - 1 for pair in pairs for a, b in zip(pair["with_seconds"], pair["without_seconds"])]
    model = os.path.basename(arguments.model)
    result = {
        "machine": f"{processor()}, {os.cpu_count()} cores", "filesystem": filesystem, "note": arguments.note,
        "settings": {
            "model": model, "config": os.path.basename(arguments.config), "ranks": arguments.ranks,
            "threads": arguments.threads, "steps": arguments.steps},
        "checkpoint_bytes": size, "pairs": pairs}
    folder = HERE / "results"
    folder.mkdir(exist_ok=True)
    (folder / f"{arguments.name}.json").write_text(json.dumps(result, indent=1) + "\n")
    quartiles = statistics.quantiles(steps, n=4)
    seconds = statistics.median(second for pair in pairs for second in pair["without_seconds"])
    text = f"""# Cost of a checkpoint after every step

{model} with `{os.path.basename(arguments.config)}`, {arguments.ranks} ranks of {arguments.threads} thread(s); a step takes {seconds:.2f} s, a checkpoint has
{size / 1e6:.1f} MB on {filesystem}. {result['machine']}. {arguments.note}

| | cost of a checkpoint, of a step's time |
|---|---|
| median of a pair of runs, {len(pairs)} pairs: median (lowest to highest) | {percent(costs)} |
| one step, {len(steps)} steps: median (quartiles) | {100 * statistics.median(steps):+.1f} % ({100 * quartiles[0]:+.1f} to {100 * quartiles[2]:+.1f}) |

A step's time is the wall time between two lines of metrics. Made by `Benchmarks/checkpoint_cost.py`.
"""
    (folder / f"{arguments.name}.md").write_text(text)
    print(text)


if __name__ == "__main__":
    main()
