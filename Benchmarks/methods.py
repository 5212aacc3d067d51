#!/usr/bin/env python3
"""What a training step costs with each adapter method, relative to LoRA, and the methods' memory against `catena plan`.

    Benchmarks/methods.py --catena .build/release/catena --batch 2 --sequence 256 --threads 1

`catena bench step --method NAME --against lora` keeps both adapters on one model in one process and lets their steps take
turns, so a machine that drifts or is shared moves both alike. The number that counts is the median ratio of the time on cores
(with one thread that is the step's own time, without what others took); the ratio of the clock stands beside it. Ranks are the
methods' own. With --layers N the model is N layers of SmolLM2-135M's shapes over a vocabulary of 2048, which is quicker and shows
the layers alone; without it all 30 and the head over 49152. Writes results/methods.json and .md beside this script; --methods runs some of them and keeps the others' numbers.
"""
import argparse
import json
import os
import pathlib
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent

SMOLLM2 = {
    "model_type": "llama", "vocab_size": 2048, "hidden_size": 576, "intermediate_size": 1536, "num_attention_heads": 9,
    "num_key_value_heads": 3, "max_position_embeddings": 2048, "rms_norm_eps": 1e-5, "rope_theta": 100000,
    "tie_word_embeddings": True, "hidden_act": "silu"}

# Name in the table, method, options. The first factors of a decomposition cost no step, so a quick one is enough.
ROWS = [
    ("lora", "lora", []), ("moslora", "moslora", []), ("linchain", "linchain", []),
    ("tied-lora tl6", "tied-lora", []), ("tied-lora vectors", "tied-lora", ["adapter.preset=vectors"]), ("vera", "vera", []),
    ("pissa", "pissa", ["adapter.iterations=2"]), ("olora", "olora", []), ("lora-ga", "lora-ga", []),
    ("sorsa", "sorsa", ["adapter.iterations=2"]), ("adalora", "adalora", []), ("bone", "bone", []), ("bat", "bat", []),
    ("dora", "dora", []), ("ia3", "ia3", []), ("compacter", "compacter", []), ("compacter++", "compacter++", []),
    ("houlsby", "houlsby", []), ("pfeiffer", "pfeiffer", []), ("ln-tuning", "ln-tuning", []), ("full", "full", []),
]


def last_json(command):
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}\nended with {run.returncode}: {run.stderr[-2000:]}")
    return json.loads(run.stdout if run.stdout.startswith("{\n") else run.stdout.strip().splitlines()[-1])


def measure(arguments, shape, method, options):
    sets = [part for option in options for part in ("--set", option)]
    work = ["--shape", shape, "--batch", str(arguments.batch), "--sequence", str(arguments.sequence),
            "--threads", str(arguments.threads)]
    row = last_json(
        [arguments.catena, "bench", "step", "--method", method, "--against", "lora", "--steps", str(arguments.steps),
         "--json"] + work + sets)
    # catena plan knows full fine-tuning by training.trainable, with a configuration.
    if arguments.memory and method != "full":
        row["peak_gb"] = last_json(
            [arguments.catena, "bench", "step", "--method", method, "--steps", "1", "--json"] + work + sets)["peak_gb"]
        plan = last_json(
            [arguments.catena, "plan", "--shape", shape, "--storage", "float32", "--ranks", "1",
             "--micro-batch", str(arguments.batch), "--sequence", str(arguments.sequence), "--gflops-per-core", "100",
             "--memory-per-node", "64GB", "--set", "distributed.placement=replicated", "--set", f"adapter.method={method}", "--json"]
            + sets)
        row["planned_gb"] = plan["memory"]["rank_bytes"] / 1e9
    return row


def processor():
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown processor"


def table(result):
    settings = result["settings"]
    layers = settings["layers"]
    shapes = f"{layers} layers of SmolLM2-135M's shapes over a vocabulary of 2048" if layers else "SmolLM2-135M's shapes"
    lines = [
        "# A step with each method", "",
        f"{shapes}, {settings['batch']} x {settings['sequence']} tokens, every position but the last of a "
        f"sequence supervised, float32,", f"{settings['threads']} thread(s), all linear layers or the method's own places, "
        f"default ranks. {result['machine']}.", "",
        "Steps with the method and with LoRA of rank 8 in turns in one process: median ratio of the time on cores (lowest to "
        "highest),", "and of the clock, which others on the machine disturb. Peak memory of the process after two steps, and what "
        "`catena plan` says.", "",
        "| method | rank | trained | step / LoRA's | by the clock | peak, GB | planned, GB |", "|---|---|---|---|---|---|---|"]
    for name, _, _ in ROWS:
        row = result["methods"].get(name)
        if row is None:
            continue
        ratio = row["processor_ratio"]
        memory = [f"{row[key]:.2f}" if key in row else "" for key in ("peak_gb", "planned_gb")]
        lines.append(
            f"| {name} | {row['rank']} | {row['trainable_parameters']:,} | {ratio['median']:.2f} ({ratio['min']:.2f} to "
            f"{ratio['max']:.2f}) | {row['ratio']['median']:.2f} | {memory[0]} | {memory[1]} |")
    return "\n".join(lines + ["", "Made by `Benchmarks/methods.py`.", ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--catena", default=".build/release/catena")
    parser.add_argument("--layers", type=int, help="layers of SmolLM2-135M's shapes (default: the whole model)")
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--sequence", type=int, default=256)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--steps", type=int, default=5, help="pairs of steps, after two that are not counted")
    parser.add_argument("--methods", nargs="*", default=[name for name, _, _ in ROWS], help="names of the table")
    parser.add_argument("--no-memory", dest="memory", action="store_false", help="leave the peak and the plan out")
    parser.add_argument("--name", default="methods", help="name of the result files")
    arguments = parser.parse_args()

    folder = HERE / "results"
    folder.mkdir(exist_ok=True)
    path = folder / f"{arguments.name}.json"
    settings = {key: getattr(arguments, key) for key in ("layers", "batch", "sequence", "threads", "steps")}
    result = {"machine": f"{processor()}, {os.cpu_count()} cores", "settings": settings, "methods": {}}
    if path.exists():
        earlier = json.loads(path.read_text())
        if earlier["settings"] == settings and earlier["machine"] == result["machine"]:
            result["methods"] = earlier["methods"]
    with tempfile.TemporaryDirectory() as work:
        shape = "smollm2-135m"
        if arguments.layers:
            shape = os.path.join(work, "config.json")
            pathlib.Path(shape).write_text(json.dumps(dict(SMOLLM2, num_hidden_layers=arguments.layers)))
        for name, method, options in ROWS:
            if name not in arguments.methods:
                continue
            row = result["methods"][name] = measure(arguments, shape, method, options)
            row.pop("shape")
            print(f"{name}: {row['processor_ratio']['median']:.3f}", flush=True)
            path.write_text(json.dumps(result, indent=1) + "\n")
    (folder / f"{arguments.name}.md").write_text(table(result))
    print(table(result))


if __name__ == "__main__":
    main()
