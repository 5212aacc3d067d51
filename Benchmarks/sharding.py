#!/usr/bin/env python3
"""Sharded frozen weights measured: peak memory at several world sizes, and how far gathering hides behind computing.

  Benchmarks/sharding.py memory  --catena .build/release/catena [--ranks 1 2 4]
  Benchmarks/sharding.py overlap --catena .build/release/catena [--bandwidths 1gbit 10gbit] [--keep]     (needs root)

Models are random ones in bfloat16 that `catena new-model` makes: TinyLlama-1.1B's shapes for the memory, 170 M parameters for
the overlap, which runs on two hosts made by cluster/virtual, one rank with one thread on each. Results go to
Benchmarks/results/sharding-{memory,overlap}.{json,md}. Needs only the standard library.
"""

import argparse
import json
import os
import platform
import re
import resource
import statistics
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SHAPES = {
    "tinyllama-1.1b": dict(vocab_size=32000, hidden_size=2048, intermediate_size=5632, num_hidden_layers=22,
                           num_attention_heads=32, num_key_value_heads=4),
    "llama-170m": dict(vocab_size=8000, hidden_size=1024, intermediate_size=2816, num_hidden_layers=12,
                       num_attention_heads=16, num_key_value_heads=4),
}


def call(*command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **options)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: exit code {done.returncode}\n{done.stderr[-2000:]}")
    return done


def model_configuration(shape):
    """A Hugging Face config.json."""
    return dict(SHAPES[shape], architectures=["LlamaForCausalLM"], model_type="llama", rms_norm_eps=1e-5,
                max_position_embeddings=2048, hidden_act="silu", tie_word_embeddings=False, torch_dtype="bfloat16")


def make_inputs(catena, folder, shape):
    """A random model and a small data set in `folder`."""
    with open(f"{folder}/config.json", "w") as file:
        json.dump(model_configuration(shape), file)
    call(catena, "new-model", "--shape", f"{folder}/config.json", "--tokenizer", f"{ROOT}/Examples/tiny/tokenizer.json",
         "--storage", "bfloat16", "--output", f"{folder}/model")
    call(catena, "demo-data", "--kind", "sums", "--train", "200", "--validation", "2", "--seed", "3",
         "--output", f"{folder}/data")


def write_configuration(folder, **values):
    text = f"""
model: {folder}/model
adapter: {{method: lora, rank: 8, alpha: 16, targets: all-linear}}
data: {{train: {folder}/data/train.jsonl, template: chatml, max-length: {values["length"]}, packing: true}}
training:
  steps: {values["steps"]}
  global-batch: {values["global_batch"]}
  micro-batch: 1
  learning-rate: 1.0e-4
  seed: 5
distributed: {{threads: 1, placement: {values["placement"]}, accumulation: {values["accumulation"]},
  prefetch: {str(values["prefetch"]).lower()}}}
checkpoint: {{every: none}}
log: {{tensorboard: false, report: false}}
output: {values["output"]}
"""
    path = f"{folder}/run.yaml"
    with open(path, "w") as file:
        file.write(text)
    return path


def metrics(output):
    with open(f"{output}/metrics.jsonl") as file:
        return [json.loads(line) for line in file]


def machine():
    with open("/proc/cpuinfo") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), platform.machine())
    return f"{model}, {os.cpu_count()} cores"


def write_results(name, result, table):
    base = f"{ROOT}/Benchmarks/results/sharding-{name}"
    with open(base + ".json", "w") as file:
        json.dump(result, file, indent=1)
    with open(base + ".md", "w") as file:
        file.write(table)
    print(table)


def predicted_bytes(catena, configuration, ranks):
    """What `catena plan` says a rank needs."""
    plan = json.loads(call(catena, "plan", "--config", configuration, "--ranks", ranks, "--gflops-per-core", 60, "--json").stdout)
    return plan["memory"]["rank_bytes"]


def measure_memory(arguments):
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        make_inputs(arguments.catena, folder, "tinyllama-1.1b")
        for ranks in arguments.ranks:
            output = f"{folder}/run-{ranks}"
            # The same work for a rank at every world size.
            path = write_configuration(folder, length=128, steps=2, global_batch=2 * ranks, placement="sharded",
                                       accumulation="auto", prefetch=True, output=output)
            launcher = ["mpirun", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none",
                        "--mca", "mpi_yield_when_idle", "1", "-n", str(ranks)]
            done = call(*launcher, sys.executable, os.path.abspath(__file__), "child", arguments.catena,
                        "train", "--config", path)
            peaks = [int(peak) for peak in re.findall(r"PEAK (\d+)", done.stderr)]
            predicted = predicted_bytes(arguments.catena, path, ranks)
            rows.append(dict(ranks=ranks, peak_bytes=max(peaks), predicted_bytes=predicted,
                             error=predicted / max(peaks) - 1))
    table = (f"Peak resident memory of the fullest rank, sharded placement: random weights of TinyLlama-1.1B's shapes in "
             f"bfloat16 (2.20 GB), LoRA rank 8 on all linear layers, 2 micro-batches of 1 x 128 tokens a rank, 1 thread.\n"
             f"Machine: {machine()}. Command: `Benchmarks/sharding.py memory`.\n\n"
             "| ranks | measured | `catena plan` | error |\n|---|---|---|---|\n")
    for row in rows:
        table += (f"| {row['ranks']} | {row['peak_bytes'] / 1e9:.2f} GB | {row['predicted_bytes'] / 1e9:.2f} GB "
                  f"| {row['error']:+.1%} |\n")
    write_results("memory", dict(machine=machine(), rows=rows), table)


def child(command):
    code = subprocess.call(command)
    print(f"PEAK {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024}", file=sys.stderr)
    sys.exit(code)


class Cluster:
    """Two virtual hosts."""

    def __init__(self, bandwidth):
        self.command = [f"{ROOT}/cluster/virtual"]
        self.name = ["--name", "sharding"]
        call(*self.command, "up", "2", *self.name, "--bandwidth", bandwidth, "--owner", os.getpid())

    def run(self, *command):
        return call(*self.command, "run", *self.name, "-n", "2", *command)

    def sent_bytes(self):
        lines = call(*self.command, "counters", *self.name).stdout.splitlines()
        return [json.loads(line)["sent_bytes"] for line in lines]

    def down(self):
        call(*self.command, "down", *self.name)


def kept_rows(bandwidths):
    """The rows of the last results whose links are not measured again."""
    with open(f"{ROOT}/Benchmarks/results/sharding-overlap.json") as file:
        return [row for row in json.load(file)["rows"] if row["bandwidth"] not in bandwidths]


def measure_overlap(arguments):
    variants = [("compute alone", "replicated", "layer-major", True), ("layer-major, prefetch", "sharded", "layer-major", True),
                ("layer-major", "sharded", "layer-major", False), ("micro-major, prefetch", "sharded", "micro-major", True),
                ("micro-major", "sharded", "micro-major", False)]
    rows = kept_rows(arguments.bandwidths) if arguments.keep else []
    with tempfile.TemporaryDirectory() as folder:
        make_inputs(arguments.catena, folder, "llama-170m")
        for bandwidth in arguments.bandwidths:
            cluster = Cluster(bandwidth)
            try:
                for round_index in range(arguments.rounds):
                    for name, placement, accumulation, prefetch in variants:
                        output = f"{folder}/{bandwidth}-{placement}-{accumulation}-{prefetch}-{round_index}"
                        path = write_configuration(folder, length=96, steps=4, global_batch=8, placement=placement,
                                                   accumulation=accumulation, prefetch=prefetch, output=output)
                        before = cluster.sent_bytes()
                        cluster.run(arguments.catena, "train", "--config", path)
                        sent = max(after - first for after, first in zip(cluster.sent_bytes(), before))
                        lines = metrics(output)
                        # The first step warms up; its traffic counts, as the interface's does.
                        program = sum(line["gather_bytes"] + line["reduce_bytes"] for line in lines) / len(lines)
                        rows.append(dict(bandwidth=bandwidth, variant=name, seconds=[line["seconds"] for line in lines[1:]],
                                         gather_seconds=[line["gather_seconds"] for line in lines[1:]],
                                         program_bytes=program, interface_bytes=sent / len(lines)))
            finally:
                cluster.down()
    table = ("Step time of two hosts (one rank, one thread each) on shaped links: random Llama of 170 M parameters in bfloat16, "
             "LoRA rank 8, 4 micro-batches of up to 96 tokens a rank; medians over all "
             "steps but the first of runs in alternation.\n"
             f"Machine: {machine()}, shared by both hosts. Command: `Benchmarks/sharding.py overlap`.\n\n"
             "| link | order | step s (min to max) | against compute alone | waiting s | MB a step: program | interface |\n"
             "|---|---|---|---|---|---|---|\n")
    for bandwidth in dict.fromkeys(row["bandwidth"] for row in rows):
        base = None
        for name, *_ in variants:
            chosen = [row for row in rows if row["bandwidth"] == bandwidth and row["variant"] == name]
            seconds = [value for row in chosen for value in row["seconds"]]
            waiting = statistics.median(value for row in chosen for value in row["gather_seconds"])
            median = statistics.median(seconds)
            base = base or median
            table += (f"| {bandwidth} | {name} | {median:.2f} ({min(seconds):.2f} to {max(seconds):.2f}) | {median / base:.2f} | "
                      f"{waiting:.2f} | {statistics.median(r['program_bytes'] for r in chosen) / 1e6:.0f} | "
                      f"{statistics.median(r['interface_bytes'] for r in chosen) / 1e6:.0f} |\n")
    write_results("overlap", dict(machine=machine(), rows=rows), table)


def main():
    if sys.argv[1:2] == ["child"]:
        child(sys.argv[2:])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["memory", "overlap"])
    parser.add_argument("--catena", required=True)
    parser.add_argument("--ranks", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--bandwidths", nargs="+", default=["1gbit", "10gbit"])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--keep", action="store_true", help="keep the results of other bandwidths")
    arguments = parser.parse_args()
    arguments.catena = os.path.abspath(arguments.catena)
    measure_memory(arguments) if arguments.what == "memory" else measure_overlap(arguments)


if __name__ == "__main__":
    main()
