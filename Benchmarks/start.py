#!/usr/bin/env python3
"""Time from the start of `catena train` to the beginning and the end of its first step; the last line is JSON.

    Benchmarks/start.py --catena .build/release/catena --model model.gguf --data train.jsonl

Each repetition trains one step of one sequence, once with nothing prepared and once with the data of the run before. Processor
seconds are of the whole run with its adapter written, and steadier than the clock where other programs run.
"""
import argparse
import json
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import tempfile
import time

CONFIGURATION = """model: {model}
adapter: {{method: lora, rank: 8, alpha: 16, targets: all-linear}}
data: {{train: {data}, max-length: 256, packing: false, cache: {folder}/cache}}
training: {{steps: 1, global-batch: 1, micro-batch: 1, learning-rate: 2.0e-4, seed: 0}}
output: {folder}/run
"""


def start(catena, folder):
    """Seconds to the beginning and the end of the first step, and the processor seconds of the run."""
    shutil.rmtree(folder / "run", ignore_errors=True)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.perf_counter()
    process = subprocess.Popen([catena, "train", "--config", str(folder / "run.yaml")], stderr=subprocess.PIPE, text=True)
    first_step = first_end = None
    for line in process.stderr:
        if first_step is None and "trainable parameters" in line:
            first_step = time.perf_counter() - begin
        if first_end is None and line.startswith("step 1"):
            first_end = time.perf_counter() - begin
    if process.wait() != 0:
        raise SystemExit("catena train failed; run it by hand to see why.")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return first_step, first_end, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--catena", default=".build/release/catena")
    parser.add_argument("--model", required=True, help="a Hugging Face folder or a .gguf file")
    parser.add_argument("--data", required=True, help="JSONL of prompts and completions")
    parser.add_argument("--repetitions", type=int, default=5)
    arguments = parser.parse_args()
    result = {"model": arguments.model}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "run.yaml").write_text(CONFIGURATION.format(
            model=os.path.abspath(arguments.model), data=os.path.abspath(arguments.data), folder=folder))
        runs = {"cold": [], "prepared": []}
        for _ in range(arguments.repetitions):
            shutil.rmtree(folder / "cache", ignore_errors=True)
            for kind in runs:
                runs[kind].append(start(arguments.catena, folder))
        for kind, values in runs.items():
            for index, key in enumerate(("seconds_to_first_step", "seconds_to_its_end", "processor_seconds")):
                column = [value[index] for value in values if value[index] is not None]
                result[f"{kind}_{key}"] = {"median": statistics.median(column), "min": min(column)} if column else None
    print(json.dumps(result))


if __name__ == "__main__":
    main()
