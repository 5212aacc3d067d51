#!/usr/bin/env python3
"""Trains short chains and checks with peft_check.py that PEFT loads what they leave: the final adapter, a checkpoint between
two knots, and an adapter whose rank is above the layers' size.

    chain_check.py --catena .build/release/catena --model Examples/tiny

Needs what peft_check.py needs. Last line: N passed, N failed.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

CASES = {
    "COLA, ranks 8 and 4": ("{rank-schedule: [8, 4]}", "adapter"),
    "COLA between its knots": ("{links: 3, rank-schedule: [8, 4]}", "checkpoints/step-00000004"),
    "ReLoRA": ("{preset: relora, every-steps: 2, rewarm: 1}", "adapter"),
    "links in the weights": ("{at: [3, 5], merge: weights}", "adapter"),
    "rank 80 on layers of 64": ("{rank-schedule: [48, 32]}", "adapter"),
}

CONFIGURATION = """
model: {model}
data: {{train: {data}/train.jsonl, template: chatml, max-length: 128}}
training: {{steps: 6, global-batch: 8, learning-rate: 3.0e-3, seed: 1}}
checkpoint: {{every: 2, keep: 9}}
log: {{tensorboard: false, report: false}}
output: {output}
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--catena", default=".build/release/catena")
    parser.add_argument("--model", default="Examples/tiny", type=pathlib.Path)
    arguments = parser.parse_args()
    peft_check = pathlib.Path(__file__).with_name("peft_check.py")
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [arguments.catena, "demo-data", "--kind", "sums", "--train", "60", "--validation", "2",
             "--output", f"{folder}/data"], check=True, stdout=subprocess.DEVNULL)
        for index, (name, (chain, result)) in enumerate(CASES.items()):
            output = f"{folder}/{index}"
            configuration = pathlib.Path(f"{folder}/run.yaml")
            configuration.write_text(
                CONFIGURATION.format(model=arguments.model.resolve(), data=f"{folder}/data", output=output))
            subprocess.run(
                [arguments.catena, "train", "--config", configuration, "--set", f"chain={chain}"], check=True,
                stderr=subprocess.DEVNULL)
            check = subprocess.run(
                [sys.executable, peft_check, "--catena", arguments.catena, "--model", arguments.model,
                 "--adapter", f"{output}/{result}"], capture_output=True, text=True)
            failed += check.returncode != 0
            print("ok" if check.returncode == 0 else "FAILED", f"{name}:", check.stdout.splitlines()[:2] or check.stderr)
    print(f"{len(CASES) - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
