"""Two ranks of one thread on one host beside one rank of one thread: `catena train` under mpirun, and DDP."""
import json
import random

from context import Training
from steps import PEER_STEPS
from turns import Peer, Skipped, alternate

ONE, TWO = "Catena, 1 rank x 1", "Catena, 2 ranks x 1"
PEER_ONE, PEER_TWO = "PEFT, 1 x 1", "PEFT, DDP 2 x 1"


def two_ranks(context):
    if context.cores < 2:
        raise Skipped("one core: two ranks would share it")
    shape, sequence, share = context.shape, 256, 4
    data = context.folder / "rows.jsonl"
    choose = random.Random(0)
    rows = [[choose.randrange(3, 1000) for _ in range(sequence)] for _ in range(2 * share)]
    data.write_text("".join(json.dumps({"input_ids": row}) + "\n" for row in rows))
    settings = {
        "model": context.random_model(shape), "data.train": data, "data.max-length": sequence, "data.cache": context.folder / "cache",
        "training.steps": 3, "training.global-batch": 2 * share, "training.micro-batch": share, "distributed.threads": 1}

    def options(name, processes):
        return name, lambda: Peer(name, context.python, "step.py", [
            "--shape", shape, "--batch", share, "--sequence", sequence, "--threads", 1], steps=PEER_STEPS, processes=processes)

    measured = alternate([
        (ONE, lambda: Training(context, ONE, settings)),
        (TWO, lambda: Training(context, TWO, settings, ranks=2)),
        options(PEER_ONE, 1), options(PEER_TWO, 2),
    ], context.rounds(2), "tokens/s")
    return measured | {
        "title": "Ranks: two on one host beside one",
        "work": f"{shape} shapes with random weights, micro-batches of {share} x {sequence} tokens, every position supervised, one "
                f"thread a rank. Catena: `catena train` (under mpirun), {2 * share} sequences a step whatever the ranks; PEFT: "
                f"{share} sequences a process",
        "pairs": [[TWO, ONE, 1.9], [PEER_TWO, PEER_ONE, None]],
        "step": {"shape": shape, "batch": 2 * share, "micro_batch": share, "sequence": sequence, "threads": 1},
    }
