"""W2: real instruction data at its natural lengths, prompts masked: packed for Catena, padded for HF Trainer."""
import json
import os

from context import Training
import peer_products
from turns import Peer, Skipped, alternate_in_groups, call

PEERS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "peers")
CATENA, INT8, TRAINER = "Catena, float32", "Catena, int8 base", "PEFT, HF Trainer"
INSTALLED = TRAINER + peer_products.AS_INSTALLED


def instruction(context):
    for value, option in [(context.tokenizer, "--tokenizer"), (context.data, "--data")]:
        if not value:
            raise Skipped(f"{option} is not given")
    examples = context.folder / "examples.jsonl"
    count = 16 if context.quick else 32
    if not examples.exists():
        call(context.python, os.path.join(PEERS, "tokenize_examples.py"), "--tokenizer", context.tokenizer, "--data", context.data,
             "--count", count, "--output", context.folder)
    rows = [json.loads(line) for line in open(examples)]
    supervised = sum(sum(label != -100 for label in row["labels"][1:]) for row in rows)
    real = sum(len(row["input_ids"]) for row in rows)
    shape = "tiny-49152" if context.quick else "smollm2-135m"
    settings = {
        "model": context.random_model(shape, context.folder / "tokenizer/tokenizer.json"), "data.train": examples, "data.max-length": 512, "data.packing": "true",
        "data.cache": context.folder / "cache", "training.epochs": 2, "training.global-batch": 4, "training.micro-batch": 4,
        "distributed.threads": context.cores}

    mean = real / len(rows)

    # Examples a second are real tokens a second over the tokens of a mean example: a turn has a few rows of the data only.
    class Packed(Training):
        def turn(self):
            turn = super().turn()
            return dict(turn, rate=turn["tokens"] / turn["busy_seconds"] / mean, real_tokens_per_second=turn["rate"])

    class Padded(Peer):
        def turn(self):
            turn = self.ask()
            speed = turn["real_tokens"] / turn["busy_seconds"]
            return dict(turn, rate=speed / mean, real_tokens_per_second=speed)

    def int8():
        context.has_int8()
        return Packed(context, INT8, settings | {"base-compute": "int8"})

    def trainer(name):
        return name, lambda: Padded(name, context.python, "instruction.py", [
            "--shape", shape, "--folder", context.folder, "--threads", context.cores], steps=1 if context.quick else 3)

    ours = [(CATENA, lambda: Packed(context, CATENA, settings)), (INT8, int8)]
    groups = [(ours + [trainer(TRAINER)], context.rounds(2))]
    if peer_products.library():
        groups.append((ours + [trainer(INSTALLED)], 1))
    measured = alternate_in_groups(groups, "examples/s")
    return measured | {
        "title": "W2: instruction data",
        "work": f"{len(rows)} rows of {os.path.basename(os.path.dirname(os.path.abspath(context.data)))}, on average "
                f"{mean:.0f} tokens of which {supervised / len(rows):.0f} are supervised; {shape} shapes with random "
                f"weights, LoRA r = 8 on all linear layers, {context.cores} threads. Catena: rows packed to 512 tokens, 4 a step; "
                "HF Trainer: 8 examples a step, padded by DataCollatorForSeq2Seq to the longest",
        "ours": [CATENA, INT8], "peers": [TRAINER], "further_peers": [INSTALLED],
        "goals": {CATENA: 2.0, INT8: 4.0}, "goal_of_limit": {},
    }
