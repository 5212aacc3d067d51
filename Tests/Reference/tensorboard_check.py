#!/usr/bin/env python3
"""Checks that the real `tensorboard` package reads a run's event files, and that they say what metrics.jsonl says.

Usage: tensorboard_check.py RUN_FOLDER
Needs: pip install tensorboard
Exit code 0 when every value agrees (to float32), 1 otherwise.
"""

import json
import pathlib
import struct
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

TAGS = {
    "train/loss": "loss",
    "train/learning_rate": "learning_rate",
    "train/gradient_norm": "gradient_norm",
    "train/tokens_per_second": "tokens_per_second",
    "train/resident_bytes": "resident_bytes",
    "validation/loss": "validation_loss",
}


def float32(value: float) -> float:
    return struct.unpack("<f", struct.pack("<f", value))[0]


def main() -> int:
    folder = pathlib.Path(sys.argv[1])
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    steps = [line["step"] for line in lines]
    if steps != sorted(set(steps)):
        print("metrics.jsonl: steps are not strictly increasing")
        return 1

    accumulator = EventAccumulator(str(folder), size_guidance={"scalars": 0})
    accumulator.Reload()
    found = set(accumulator.Tags()["scalars"])
    compared = 0
    for tag, key in TAGS.items():
        expected = [(line["step"], float32(line[key])) for line in lines if line.get(key) is not None]
        if not expected:
            continue
        if tag not in found:
            print(f"{tag}: missing in the event files, which have {sorted(found)}")
            return 1
        actual = [(event.step, event.value) for event in accumulator.Scalars(tag)]
        if actual != expected:
            first = next((pair for pair in zip(actual, expected) if pair[0] != pair[1]), None)
            print(f"{tag}: {len(actual)} events against {len(expected)} lines; first difference (event, line): {first}")
            return 1
        compared += len(expected)
    if compared == 0:
        print("nothing to compare")
        return 1
    print(f"tensorboard reads {compared} values of {len(lines)} steps, all equal to metrics.jsonl")
    return 0


if __name__ == "__main__":
    sys.exit(main())
