"""W1 and W3: a training step on random weights, every position supervised."""
import peer_products
from turns import Peer, Skipped, alternate, alternate_in_groups

CATENA, INT8 = "Catena, float32", "Catena, int8 base"
EAGER, COMPILED, AUTOCAST = "PEFT", "PEFT, torch.compile", "PEFT, bfloat16 autocast"
# The first steps of a turn find memory as the neighbour left it; their median does not.
PEER_STEPS = 3
INSTALLED = EAGER + peer_products.AS_INSTALLED


def options(shape, batch, sequence, threads, *more):
    return ["--shape", shape, "--batch", batch, "--sequence", sequence, "--threads", threads, *more]


def int8(context, name, *arguments):
    context.has_int8()
    return context.bench_step(name, *arguments, None, "--base-compute", "int8")


def small_step(context):
    """W1."""
    shape, batch, sequence, threads = context.shape, 8, 256, context.cores
    processes = max(count for count in (1, 2, 4, 8) if count <= threads)
    distributed = f"PEFT, DDP {processes} x {threads // processes}"

    def peer(name, *more, batch=batch, threads=threads, processes=1):
        return name, lambda: Peer(
            name, context.python, "step.py", options(shape, batch, sequence, threads, *more), steps=PEER_STEPS,
            processes=processes)

    ours = [(CATENA, lambda: context.bench_step(CATENA, shape, batch, sequence, 2)),
            (INT8, lambda: int8(context, INT8, shape, batch, sequence, 2))]
    first = [peer(EAGER)]
    if processes > 1:
        first.append(peer(distributed, batch=batch // processes, threads=threads // processes, processes=processes))
    second = [peer(AUTOCAST, "--autocast")]
    if not context.quick:
        second.append(peer(COMPILED, "--compile"))
    groups = [(ours + first, context.rounds(3)), (ours + second, context.rounds(2))]
    if peer_products.library():
        groups.append((ours + [peer(INSTALLED)], context.rounds(2)))
    measured = alternate_in_groups(groups, "tokens/s")
    return measured | {
        "title": f"W1: training step of {shape}",
        "work": f"{shape} shapes with random weights, LoRA r = 8, alpha = 16 on all linear layers, {batch} x {sequence} tokens a "
                f"step, every position supervised, {threads} threads",
        "ours": [CATENA, INT8], "limit": CATENA,
        "peers": [EAGER, distributed, COMPILED], "further_peers": [AUTOCAST, INSTALLED],
        "goals": {CATENA: 1.2, INT8: 2.5}, "goal_of_limit": {CATENA: 0.9},
        "step": {"shape": shape, "batch": batch, "sequence": sequence, "threads": threads},
    }


def large_step(context):
    """W3."""
    shape, batch, sequence = ("tiny" if context.quick else "tinyllama-1.1b"), 2, 512
    bfloat16 = "Catena, bfloat16 storage"

    def stored():
        if not context.knows("bench step", "--base-storage"):
            raise Skipped("this catena has no --base-storage for bench step; its step holds float32 weights")
        return context.bench_step(bfloat16, shape, batch, sequence, 1, None, "--base-storage", "bfloat16")

    peer = "PEFT, bfloat16 base"
    measured = alternate([
        (CATENA, lambda: context.bench_step(CATENA, shape, batch, sequence, 1)),
        (bfloat16, stored),
        (INT8, lambda: int8(context, INT8, shape, batch, sequence, 1)),
        (peer, lambda: Peer(peer, context.python, "step.py", options(shape, batch, sequence, context.cores, "--dtype", "bfloat16"))),
    ], 1, "tokens/s")
    return measured | {
        "title": f"W3: training step of {shape}",
        "work": f"{shape} shapes with random weights, LoRA r = 8 on all linear layers, {batch} x {sequence} tokens a step, every "
                f"position supervised, {context.cores} threads; the peer's frozen weights and their products in bfloat16",
        "ours": [CATENA, bfloat16, INT8], "limit": CATENA,
        "peers": [peer], "goals": {}, "goal_of_limit": {},
        "step": {"shape": shape, "batch": batch, "sequence": sequence, "threads": context.cores},
    }
