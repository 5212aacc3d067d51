"""Kernels beside their plain forms and beside PyTorch's operations."""
import json
import os

from turns import Command, Peer, Skipped, alternate, spread

OURS, PYTORCH = "Catena", "PyTorch"


def kernels(context):
    if not os.access(context.kernels, os.X_OK):
        raise Skipped(f"{context.kernels} is not there; build it with: swift build -c release --package-path Benchmarks/Kernels")
    milliseconds = 20 if context.quick else 150

    def read(text):
        operations = json.loads(text)
        return {"operations": operations, "rate": operations["product"]["rate"]}

    class Operations(Peer):
        def turn(self):
            rates = self.ask()["rates"]
            return {"operations": rates, "rate": rates["product"]}

    measured = alternate([
        (OURS, lambda: Command(OURS, [context.kernels, context.cores, milliseconds], read)),
        (PYTORCH, lambda: Operations(PYTORCH, context.python, "operations.py", ["--threads", context.cores], steps=milliseconds)),
    ], context.rounds(3), "GFLOP/s of a product")
    turns, rows = measured["turns"], {}
    first_turn = next((turn for turn in turns.get(OURS, []) if turn), None)
    if first_turn is None:
        raise Skipped(measured["missing"].get(OURS, "no turn of the kernels' program"))
    for name, first in first_turn["operations"].items():
        ours = [turn and turn["operations"][name] for turn in turns[OURS]]
        theirs = [turn and turn["operations"].get(name) for turn in turns.get(PYTORCH, [None] * len(ours))]
        plain = [turn["rate"] / turn["plain_rate"] for turn in ours if turn and turn["plain_rate"]]
        rows[name] = {
            "shape": first["shape"], "unit": "GFLOP/s" if "product" in name or "attention" in name else "10⁹/s",
            "rate": spread([turn["rate"] for turn in ours if turn]), "of_plain": spread(plain),
            "of_pytorch": spread([a["rate"] / b for a, b in zip(ours, theirs) if a and b])}
    return {
        "title": "Kernels", "rows": rows, "missing": measured["missing"], "versions": measured["versions"],
        "work": f"the sizes of a SmolLM2-135M step of 8 x 256 tokens, float32, {context.cores} threads each; the fastest repetition "
                f"of {milliseconds} ms in each of {context.rounds(3)} rounds. Plain: the formula as loops in Swift, on as many "
                "threads. Rates: GFLOP/s of products and attention, else billions of numbers of the largest operand a second"}
