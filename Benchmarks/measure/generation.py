"""W4: generation beside Hugging Face's generate, and batch 1 beside the memory's read rate."""
import json

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
            makers += contenders(context, work, options + ["--batch", batch], ours, theirs)
            pairs.append([f"Catena, {work}", f"generate, {work}", 2])
    measured = alternate(makers, context.rounds(3), "tokens/s")
    notes = []
    for batch in (1, 8):
        share = spread([turn["share"] for turn in measured["turns"].get(f"Catena, batch {batch}", []) if turn])
        if share:
            goal = f", goal 0.6: {'reached' if share['median'] >= 0.6 else 'not reached'}" if batch == 1 else ""
            notes.append(f"- Weights read a second while decoding batch {batch}, over a plain read of them: {share['median']:.2f}{goal}.")
    return measured | {
        "title": f"W4: greedy generation with {shape}'s shapes",
        "work": f"random weights in float32, prompts of {prompt} tokens, {tokens} new ones, prompts included in the rate, "
                f"{context.cores} threads; LoRA of rank 8 on all linear layers, not merged",
        "ours": [], "peers": [], "pairs": pairs, "notes": notes,
    }


def contenders(context, work, options, ours, theirs):
    """Catena and the peer with the same work."""
    repetitions = 1 if context.quick else 2

    def read(text):
        result = json.loads(text.strip().splitlines()[-1])
        return dict(result, rate=result["tokens_per_second"]["median"])

    command = [context.catena, "bench", "generate", *options, "--repetitions", repetitions, "--json", *ours]
    return [
        (f"Catena, {work}", lambda: Command(f"Catena, {work}", command, read)),
        (f"generate, {work}", lambda: Peer(
            f"generate, {work}", context.python, "generate.py", options + theirs, steps=repetitions)),
    ]
