#!/usr/bin/env python3
"""Writes the data and the compare.yaml files of a comparison of methods, from the user's own copies of the data sets.

The sets are not part of this repository and keep their own licences. Expected under --data (JSON Lines; a set that is
not there is left out and said so):

  gsm8k/train.jsonl, test.jsonl {"question", "answer"} with "#### N" at the end                 openai/grade-school-math
  arithmetic/train_mawps.jsonl, test_AddSub.jsonl, test_MultiArith.jsonl    {"instruction", "answer"}    LLM-Adapters
  commonsense/train_15k.jsonl, test_boolq.jsonl, test_ARC-Easy.jsonl, test_piqa.jsonl
                                {"instruction", "response", "answer", "task"}                   LLM-Adapters
  glue/sst2_train.jsonl, sst2_dev.jsonl    {"sentence", "label": 0 or 1}
  glue/rte_train.jsonl, rte_dev.jsonl      {"sentence1", "sentence2", "label": "entailment" or "not_entailment"}
  superglue/BoolQ_val.jsonl     {"question", "passage", "label"}; its rows are divided into train, validation and test

Training rows become {"prompt", "completion"}, tests with options {"prompt", "choices", "answer"}. Subsets are drawn with
--seed; validation rows come out of the training files and are never trained on; a training row whose prompt is also
a test's is dropped. Equal arguments give equal bytes.
"""
import argparse
import json
import pathlib
import random
import re
import sys

TASKS = {
    "arithmetic": ["gsm8k", "mawps"],
    "commonsense": ["commonsense"],
    "classification": ["sst2", "rte", "boolq-passage"],
}


def rows(path):
    with open(path, encoding="utf-8") as file:
        return [json.loads(line) for line in file if line.strip()]


def number(text):
    value = float(text.replace(",", ""))
    return str(int(value)) if value == int(value) else str(value)


def question(text):
    return " ".join(text.split())


class Sets:
    """Training rows by set, and tests: choice, exact match or loss."""

    def __init__(self, folder):
        self.folder = folder
        self.training, self.choice, self.exact, self.loss, self.missing = {}, {}, {}, {}, []

    def load(self, *names):
        paths = [self.folder / name for name in names]
        absent = [str(path) for path in paths if not path.exists()]
        if absent:
            self.missing += absent
            return None
        return [rows(path) for path in paths]

    def arithmetic(self):
        def gsm8k(row):
            return row["question"].strip(), re.sub(r"<<.*?>>", "", row["answer"])

        if loaded := self.load("gsm8k/train.jsonl", "gsm8k/test.jsonl"):
            self.training["gsm8k"] = [gsm8k(row) for row in loaded[0]]
            # A small model after a short run solves hardly any, and writing the answers takes long.
            self.loss["gsm8k"] = [gsm8k(row) for row in loaded[1]]
        if loaded := self.load("arithmetic/train_mawps.jsonl"):
            self.training["mawps"] = [
                (question(row["instruction"]), "#### " + number(row["answer"])) for row in loaded[0]]
        for name in ["AddSub", "MultiArith"]:
            if loaded := self.load(f"arithmetic/test_{name}.jsonl"):
                self.exact[name] = [
                    (question(row["instruction"]), "#### " + number(row["answer"])) for row in loaded[0]]

    def commonsense(self):
        if loaded := self.load("commonsense/train_15k.jsonl"):
            self.training["commonsense"] = [(row["instruction"], row["response"]) for row in loaded[0]]
        for name in ["boolq", "ARC-Easy", "piqa"]:
            if not (loaded := self.load(f"commonsense/test_{name}.jsonl")):
                continue
            self.choice[name] = []
            for row in loaded[0]:
                words = row["instruction"].rsplit("Answer format:", 1)[1].strip().split("/")
                self.choice[name].append(
                    (row["instruction"], ["the correct answer is " + word for word in words], words.index(row["answer"])))

    def classification(self):
        def sst2(row):
            return (f"Is the sentiment of this sentence positive or negative?\n{row['sentence'].strip()}",
                    ["negative", "positive"], row["label"])

        def rte(row):
            return (f"{row['sentence1'].strip()}\nDoes it follow that: {row['sentence2'].strip()} Answer yes or no.",
                    ["yes", "no"], 0 if row["label"] == "entailment" else 1)

        def boolq(row):
            passage = " ".join(row["passage"].split()[:120])
            return f"{passage}\nQuestion: {row['question'].strip()}? Answer yes or no.", ["yes", "no"], 0 if row["label"] else 1

        if loaded := self.load("glue/sst2_train.jsonl", "glue/sst2_dev.jsonl"):
            self.add("sst2", map(sst2, loaded[0]), map(sst2, loaded[1]))
        if loaded := self.load("glue/rte_train.jsonl", "glue/rte_dev.jsonl"):
            self.add("rte", map(rte, loaded[0]), map(rte, loaded[1]))
        if loaded := self.load("superglue/BoolQ_val.jsonl"):
            every = [boolq(row) for row in loaded[0]]
            random.Random("boolq").shuffle(every)
            self.add("boolq-passage", every[500:], every[:500])

    def add(self, name, training, test):
        self.training[name] = [(prompt, choices[answer]) for prompt, choices, answer in training]
        self.choice[name] = list(test)


def write(path, lines):
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, type=pathlib.Path, help="folder with the sets")
    parser.add_argument("--model", required=True, help="model folder or .gguf")
    parser.add_argument("--output", required=True, type=pathlib.Path, help="folder for data and configurations")
    parser.add_argument("--hours", type=float, default=2, help="how long each comparison may take (2)")
    parser.add_argument("--seconds-per-step", type=float, default=2.5, help="of 8 sequences of about 128 tokens (2.5)")
    parser.add_argument("--seconds-per-test", type=float, default=60, help="of one model on all tests (60)")
    parser.add_argument("--parameters", type=int, default=600_000, help="trainable parameters of every method, by its rank (600000); 0: each method's own rank")
    parser.add_argument("--seeds", type=int, default=2, help="runs of each method at its chosen rate (2)")
    parser.add_argument("--train", type=int, default=4000, help="most training rows of a set (4000)")
    parser.add_argument("--test", type=int, default=60, help="test questions of each task (60)")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()

    sets = Sets(arguments.data)
    sets.arithmetic(), sets.commonsense(), sets.classification()
    for path in sets.missing:
        print(f"left out, because it is not there: {path}", file=sys.stderr)
    if not sets.training:
        sys.exit(f"prepare.py: no training data under {arguments.data}; see --help for the files that are expected")
    output = arguments.output
    (output / "test").mkdir(parents=True, exist_ok=True)
    tests = {prompt for group in (sets.choice, sets.exact, sets.loss) for items in group.values() for prompt, *_ in items}

    def draw(name, items, count):
        return random.Random(f"{arguments.seed} {name}").sample(items, min(count, len(items)))

    for name, items in sets.choice.items():
        write(output / "test" / f"{name}.jsonl", [
            {"prompt": prompt, "choices": choices, "answer": answer}
            for prompt, choices, answer in draw(name, items, arguments.test)])
    for name, items in (sets.exact | sets.loss).items():
        write(output / "test" / f"{name}.jsonl", [
            {"prompt": prompt, "completion": completion} for prompt, completion in draw(name, items, arguments.test)])
    training, validation = {}, {}
    for name, items in sets.training.items():
        clean = [item for item in dict.fromkeys(items) if item[0] not in tests]
        picked = draw("train " + name, clean, arguments.train + 24)
        validation[name], training[name] = picked[:24], picked[24:]

    methods = (pathlib.Path(__file__).parent / "methods.yaml").read_text()
    count = len(re.findall(r"^  - name:", methods, re.M))
    # Each method: its learning rates with the first seed, the chosen one with the others, then tests of all seeds.
    runs = sum(len(rates.split(",")) + arguments.seeds - 1 for rates in re.findall(r"learning-rates: \[(.*)\]", methods))
    everything = {name: [set_ for set_ in parts if set_ in training] for name, parts in TASKS.items()}
    everything["mixed"] = [set_ for parts in everything.values() for set_ in parts]
    for task, parts in everything.items():
        if not parts:
            continue
        for kind, source in [("train", training), ("validation", validation)]:
            lines = [line for part in parts for line in source[part]]
            random.Random(f"{arguments.seed} {task} {kind}").shuffle(lines)
            write(output / f"{task}.{kind}.jsonl", [{"prompt": p, "completion": c} for p, c in lines])
        choice = [name for name in sets.choice if task == "mixed" or (name in sets.training) == (task == "classification")]
        if task == "arithmetic":
            choice = []
        loss = [name for name in sets.loss if task in ("mixed", "arithmetic")]
        exact = [name for name in sets.exact if task in ("mixed", "arithmetic")]
        tested = arguments.seconds_per_test * (count * arguments.seeds + 1)
        validated = 0.15 * 3600 * arguments.hours
        steps = int((3600 * arguments.hours - tested - validated) / arguments.seconds_per_step / runs)
        if steps < 20:
            sys.exit(f"prepare.py: {arguments.hours} hours leave {steps} steps for each of {runs} runs; "
                     "give more hours or fewer seeds")
        path = output / f"{task}.yaml"
        path.write_text(f"""# {task}: {', '.join(parts)}. Written by Benchmarks/compare/prepare.py; run from the same directory:
#   launch/local -n 2 compare --config {path}
# Sized for {arguments.hours:g} hours: {runs} runs ({count} methods, {arguments.seeds} seeds, learning rates with the first seed) of {steps} steps of
# {arguments.seconds_per_step:g} s, {count * arguments.seeds + 1} tests of {arguments.seconds_per_test:g} s, and 15 % for validation, loading and checkpoints.
base:
  model: {arguments.model}
  data: {{train: {output}/{task}.train.jsonl, validation: {output}/{task}.validation.jsonl, max-length: 256, packing: false}}
  training:
    global-batch: 8
    micro-batch: 4
    schedule: {{name: cosine, warmup-steps: {max(2, steps // 15)}}}
    validation-every: {max(10, steps // 3)}
  checkpoint: {{every: 50, keep: 1}}
  log: {{tensorboard: false}}
seeds: {list(range(arguments.seeds))}
selection: first-seed
budget: {{steps: {steps}{f", parameters: {arguments.parameters}" if arguments.parameters else ""}}}
evaluate:
""" + ("  choice:\n" + "".join(f"    - {output}/test/{name}.jsonl\n" for name in choice) if choice else "")
            + ("  exact-match:\n" + "".join(
                f"    - {{file: {output}/test/{name}.jsonl, max-tokens: 96, batch: 30}}\n" for name in exact) if exact else "")
            + ("  loss:\n" + "".join(f"    - {output}/test/{name}.jsonl\n" for name in loss) if loss else "")
            + f"output: runs/compare-{task}\n" + methods.split("\n", 2)[2])
        print(f"{path}: {len(parts)} sets, {runs} runs of {steps} steps")


if __name__ == "__main__":
    main()
