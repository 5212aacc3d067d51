#!/usr/bin/env python3
"""PyTorch's operations for the kernels of Benchmarks/Kernels, same names, sizes and units.

    peers/operations.py --threads 2

worker.py says how it is asked, with the milliseconds of each operation in the place of steps; the answer has {name: rate}, of
the fastest repetition. Needs: pip install torch.
"""
import argparse
import time

import torch
import torch.nn.functional as functional

from worker import serve

TOKENS, WIDTH, INNER, HEADS, GROUPS, HEAD_WIDTH = 2048, 576, 1536, 9, 3, 64


def backward(make, *inputs):
    """A function that runs only the backward pass of make(*inputs)."""
    leaves = [tensor.requires_grad_() for tensor in inputs]
    output = make(*leaves)
    gradient = torch.ones_like(output)
    return lambda: torch.autograd.grad(output, leaves, gradient, retain_graph=True)


def operations():
    """{name: (work, function)}: GFLOP of products and attention, else billions of numbers of the largest operand."""
    def product(out):
        x, w = torch.rand(TOKENS, WIDTH) - 0.5, torch.rand(out, WIDTH) - 0.5
        return 2e-9 * TOKENS * WIDTH * out, lambda: functional.linear(x, w)

    def norm(x):
        return functional.rms_norm(x, (WIDTH,), weight, 1e-6)

    def swiglu(gate, up):
        return functional.silu(gate) * up

    def attention(q, k, v):
        return functional.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)

    def loss():
        leaf = logits.detach().requires_grad_()
        functional.cross_entropy(leaf, targets, reduction="sum").backward()

    weight = torch.rand(WIDTH)
    gate, up = torch.rand(TOKENS, INNER) - 0.5, torch.rand(TOKENS, INNER) - 0.5
    q = torch.rand(8, HEADS, 256, HEAD_WIDTH)
    k, v = torch.rand(8, GROUPS, 256, HEAD_WIDTH), torch.rand(8, GROUPS, 256, HEAD_WIDTH)
    logits, targets = torch.rand(256, 49152), torch.arange(256) * 191
    parameter = torch.nn.Parameter(torch.rand(2_442_240))
    parameter.grad = torch.rand(2_442_240)
    adam = torch.optim.AdamW([parameter], lr=1e-4, weight_decay=0, fused=True)
    scores = 4e-9 * TOKENS * HEADS * HEAD_WIDTH * 128.5
    rows, inner = 1e-9 * TOKENS * WIDTH, 1e-9 * TOKENS * INNER
    x = torch.rand(TOKENS, WIDTH)
    return {
        "product": product(960),
        "narrow product": product(8),
        "RMSNorm": (rows, lambda: norm(x)),
        "RMSNorm backward": (rows, backward(norm, torch.rand(TOKENS, WIDTH))),
        "SwiGLU": (inner, lambda: swiglu(gate, up)),
        "SwiGLU backward": (inner, backward(swiglu, gate.clone(), up.clone())),
        "attention": (scores, lambda: attention(q, k, v)),
        "attention backward": (2.5 * scores, backward(attention, q.clone(), k.clone(), v.clone())),
        "cross-entropy and its gradient": (1e-9 * logits.numel(), loss),
        "AdamW": (1e-9 * parameter.numel(), adam.step),
    }


def fastest(function, seconds):
    function()
    best, end = float("inf"), time.perf_counter() + seconds
    while time.perf_counter() < end or best == float("inf"):
        start = time.perf_counter()
        function()
        best = min(best, time.perf_counter() - start)
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=2)
    torch.set_num_threads(parser.parse_args().threads)
    all_of_them = operations()
    for _, function in all_of_them.values():
        function()
    serve(lambda milliseconds: {
        "rates": {name: work / fastest(function, milliseconds / 1000) for name, (work, function) in all_of_them.items()}},
        torch=torch.__version__)


if __name__ == "__main__":
    main()
