#!/usr/bin/env python3
"""Tokenising on one thread: `catena bench tokenize` and Hugging Face `tokenizers` in turn; the last line is JSON.

    Benchmarks/tokenizer_rate.py --catena .build/release/catena --tokenizer model/tokenizer.json --input corpus.txt

Each line of the text is one text for both. The peer's rate is the best of its ways: a batch, a batch without offsets, one by one.
The numbers of tokens have to be equal. The median of the pairwise ratios counts.
"""
import argparse
import json
import os
import statistics
import subprocess
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"

import tokenizers  # noqa: E402


def peer_pass(tokenizer, lines):
    """The peer's best rate in MB/s of one pass each, and its number of tokens."""
    byte_count = sum(len(line.encode()) for line in lines)
    ways = [
        lambda: tokenizer.encode_batch(lines, add_special_tokens=False),
        lambda: tokenizer.encode_batch_fast(lines, add_special_tokens=False),
        lambda: [tokenizer.encode(line, add_special_tokens=False) for line in lines],
    ]
    best, count = 0.0, 0
    for way in ways:
        start = time.perf_counter()
        encoded = way()
        best = max(best, byte_count / (time.perf_counter() - start) / 1e6)
        count = sum(len(one.ids) for one in encoded)
    return best, count


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--catena", default=".build/release/catena")
    parser.add_argument("--tokenizer", required=True, help="tokenizer.json")
    parser.add_argument("--input", required=True, help="text file")
    parser.add_argument("--pairs", type=int, default=5)
    arguments = parser.parse_args()

    tokenizer = tokenizers.Tokenizer.from_file(arguments.tokenizer)
    lines = open(arguments.input, encoding="utf-8", newline="\n").read().split("\n")
    lines = lines[:-1] if lines[-1] == "" else lines
    command = [arguments.catena, "bench", "tokenize", "--model", arguments.tokenizer, "--input", arguments.input, "--json"]
    ours, theirs = [], []
    for _ in range(arguments.pairs):
        run = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        rate, count = peer_pass(tokenizer, lines)
        if count != run["tokens"]:
            raise SystemExit(f"catena made {run['tokens']} tokens, tokenizers {count}.")
        ours.append(run["megabytes_per_second"]["median"])
        theirs.append(rate)
    ratios = [a / b for a, b in zip(ours, theirs)]
    print(json.dumps({
        "catena_megabytes_per_second": ours, "peer_megabytes_per_second": theirs, "ratios": ratios,
        "ratio": statistics.median(ratios), "tokens": run["tokens"], "tokenizers": tokenizers.__version__}))


if __name__ == "__main__":
    main()
