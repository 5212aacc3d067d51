#!/usr/bin/env python3
"""Writes rows of gsm8k as token ids with masked prompts, for both sides of W2, and the tokenizer as a folder.

    peers/tokenize_examples.py --tokenizer models/SmolLM2-135M-Instruct.Q4_1.gguf --data gsm8k/train.jsonl --count 48 --output DIR

A row is question, newline, answer, end of text; the labels of question and newline are -100. Writes DIR/examples.jsonl
({"input_ids", "labels"}) and DIR/tokenizer.
"""
import argparse
import json
import pathlib

import transformers


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokenizer", type=pathlib.Path, required=True)
    parser.add_argument("--data", required=True)
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    path = arguments.tokenizer
    if path.suffix == ".gguf":
        tokenizer = transformers.AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
    else:
        tokenizer = transformers.AutoTokenizer.from_pretrained(path)
    tokenizer.save_pretrained(arguments.output / "tokenizer")
    with open(arguments.data, encoding="utf-8") as source:
        rows = [json.loads(line) for _, line in zip(range(arguments.count), source)]
    with open(arguments.output / "examples.jsonl.part", "w") as target:
        for row in rows:
            prompt = tokenizer(row["question"] + "\n", add_special_tokens=False)["input_ids"]
            answer = tokenizer(row["answer"], add_special_tokens=False)["input_ids"] + [tokenizer.eos_token_id]
            target.write(json.dumps({"input_ids": prompt + answer, "labels": [-100] * len(prompt) + answer}) + "\n")
    (arguments.output / "examples.jsonl.part").rename(arguments.output / "examples.jsonl")


if __name__ == "__main__":
    main()
