"""W4: generation beside Hugging Face's generate, and batch 1 beside the memory's read rate."""
import json

import peer_products
from turns import Command, Peer, Skipped, alternate, spread


def generation(context):
    if not context.knows("bench generate", None):
        raise Skipped("this catena has no `bench generate`")
    shape, prompt, tokens = context.shape, 64, 16 if context.quick else 128
    options = ["--shape", shape, "--prompt", prompt, "--tokens", tokens, "--threads", context.cores]
    makers, pairs = [], []
    for batch in (1, 8):
        for adapter, ours, theirs in [("", [], []), (" with LoRA", ["--method", "lora", "--rank", 8], ["--lora"])]:
            work = f"batch {batch}{adapter}"
            theirs_name, float32, int8 = f"generate, {work}", f"Catena, {work}", f"Catena, int8 base, {work}"
            shared = options + ["--batch", batch]
            if peer_products.library() and not adapter:
                installed = theirs_name + peer_products.AS_INSTALLED
                makers.append(peer(context, installed, shared + theirs))
                pairs.append([theirs_name, installed, None])
            makers += [peer(context, theirs_name, shared + theirs), own(context, float32, shared + ours),
                       own(context, int8, shared + ours + ["--base-compute", "int8"])]
            pairs += [[float32, theirs_name, 2], [int8, theirs_name, 2]]
    measured = alternate(makers, context.rounds(3), "tokens/s")
    notes = []
    for batch in (1, 8):
        share = spread([turn["share"] for turn in measured["turns"].get(f"Catena, batch {batch}", []) if turn])
        if share:
            goal = f", goal 0.6: {'reached' if share['median'] >= 0.6 else 'not reached'}" if batch == 1 else ""
            notes.append(f"- Weights read a second while decoding batch {batch}, over a plain read of them: {share['median']:.2f}{goal}.")
    return measured | {
        "title": f"W4: greedy generation with {shape}'s shapes",
        "work": f"random weights, float32 but where int8 is said, prompts of {prompt} tokens, {tokens} new ones, prompts included in the rate, "
                f"{context.cores} threads; LoRA of rank 8 on all linear layers, not merged",
        "ours": [], "peers": [], "pairs": pairs, "notes": notes,
    }


def repetitions(context):
    return 1 if context.quick else 2


def own(context, name, options):
    def read(text):
        result = json.loads(text.strip().splitlines()[-1])
        return dict(result, rate=result["tokens_per_second"]["median"])

    command = [context.catena, "bench", "generate", *options, "--repetitions", repetitions(context), "--json"]
    return name, lambda: Command(name, command, read)


def peer(context, name, options):
    return name, lambda: Peer(name, context.python, "generate.py", options, steps=repetitions(context))
