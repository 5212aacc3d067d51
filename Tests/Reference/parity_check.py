#!/usr/bin/env python3
"""Compares `catena probe` with every parity case below a folder.

    python3 Tests/Reference/parity_check.py Tests/Fixtures/parity --catena .build/release/catena

A case is a folder with model/, adapter-init/ and expected.safetensors, as `parity_cases.py` makes them. Checked are the
logits without and with the adapter (relative error 1e-4 in the Euclidean norm) and each gradient (1e-3). The
standard library suffices. The last line is `N passed, N failed`; the exit code is 1 if anything failed or no case was found.
"""

import argparse
import array
import json
import math
import pathlib
import subprocess
import sys
import tempfile

LOGIT_TOLERANCE, GRADIENT_TOLERANCE, LOSS_TOLERANCE = 1e-4, 1e-3, 1e-4
INPUTS = {"input_ids", "labels", "lengths", "token_type_ids"}
TYPES = {"F32": "f", "F64": "d", "I64": "q", "I32": "i"}


def read_tensors(path):
    """Name to (shape, flat values)."""
    data = pathlib.Path(path).read_bytes()
    header_length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + header_length])
    body = data[8 + header_length:]
    header.pop("__metadata__", None)
    return {
        name: (
            entry["shape"],
            array.array(TYPES[entry["dtype"]], body[entry["data_offsets"][0]:entry["data_offsets"][1]]))
        for name, entry in header.items()}


def write_integers(path, tensors):
    header, body = {}, b""
    for name, (shape, values) in tensors.items():
        raw = array.array("q", values).tobytes()
        header[name] = dict(dtype="I64", shape=shape, data_offsets=[len(body), len(body) + len(raw)])
        body += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    pathlib.Path(path).write_bytes(len(text).to_bytes(8, "little") + text + body)


def relative_error(found, expected):
    if found[0] != expected[0]:
        return math.inf
    difference = math.fsum((a - b) ** 2 for a, b in zip(found[1], expected[1]))
    norm = math.fsum(b * b for b in expected[1])
    error = math.sqrt(difference / max(norm, 1e-60))
    return error if math.isfinite(error) else math.inf


def probe(catena, case, adapter, expected, folder):
    source, target = folder / "in.safetensors", folder / "out.safetensors"
    write_integers(source, {name: tensor for name, tensor in expected.items() if name in INPUTS and tensor[1].typecode == "q"})
    target.unlink(missing_ok=True)
    command = [catena, "probe", "--model", case / "model", "--input", source, "--output", target]
    if adapter:
        command += ["--adapter", case / "adapter-init", "--gradients"]
    run = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if run.returncode != 0:
        raise RuntimeError(f"exit code {run.returncode}: {run.stderr.strip() or run.stdout.strip()}")
    return read_tensors(target)


def check_case(catena, case, folder):
    """The problems of one case, and its largest errors as text."""
    expected = read_tensors(case / "expected.safetensors")
    losses = json.loads((case / "expected.json").read_text())
    problems, worst = [], {}

    def compare(kind, name, error, tolerance):
        worst[kind] = max(worst.get(kind, 0.0), error)
        if not error <= tolerance:
            problems.append(f"{name} differs by {error:.2e}, allowed {tolerance:.0e}")

    for adapter, logits, loss in ((False, "base_logits", "base_loss"), (True, "lora_logits", "lora_loss")):
        found = probe(catena, case, adapter, expected, folder)
        compare("logits", logits, relative_error(found["logits"], expected[logits]), LOGIT_TOLERANCE)
        compare("loss", loss, abs(found["loss"][1][0] - losses[loss]), LOSS_TOLERANCE)
        if not adapter:
            continue
        names = {name for name in expected if name.startswith("grad.")}
        for name in sorted(names ^ {name for name in found if name.startswith("grad.")}):
            problems.append(f"{name} is {'missing' if name in names else 'not expected'}")
        for name in sorted(names & set(found)):
            compare("gradients", name, relative_error(found[name], expected[name]), GRADIENT_TOLERANCE)
    return problems, ", ".join(f"{kind} {error:.1e}" for kind, error in worst.items())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--catena", default=".build/release/catena")
    parser.add_argument("--skip", nargs="*", default=[], help="names of cases to leave out")
    arguments = parser.parse_args()
    passed = failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        for file in sorted(arguments.folder.rglob("expected.safetensors")):
            case = file.parent
            if case.name in arguments.skip:
                continue
            try:
                problems, summary = check_case(arguments.catena, case, pathlib.Path(scratch))
            except (RuntimeError, OSError, KeyError, ValueError) as error:
                problems, summary = [str(error)], "not compared"
            passed, failed = passed + (not problems), failed + bool(problems)
            print(f"{'FAIL' if problems else 'pass'} {case.name}: {summary}")
            for problem in problems:
                print(f"     {problem}")
    if passed + failed == 0:
        print(f"no case with an expected.safetensors below {arguments.folder}", file=sys.stderr)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
