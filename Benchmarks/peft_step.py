#!/usr/bin/env python3
"""One training step of Hugging Face transformers + PEFT LoRA on random weights, timed, on CPU.

Needs: pip install torch transformers peft. Prints one JSON line with the steps' seconds (the first, which
warms up, left out), tokens per second from their median, and the peak resident memory in GB.
"""
import argparse
import json
import resource
import statistics
import time

import peft
import torch
import transformers

SHAPES = {
    "smollm2-135m": dict(
        hidden_size=576, num_hidden_layers=30, num_attention_heads=9, num_key_value_heads=3,
        intermediate_size=1536, vocab_size=49152, tie_word_embeddings=True),
    "tinyllama-1.1b": dict(
        hidden_size=2048, num_hidden_layers=22, num_attention_heads=32, num_key_value_heads=4,
        intermediate_size=5632, vocab_size=32000, tie_word_embeddings=False),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shape", choices=SHAPES, default="smollm2-135m")
    parser.add_argument("--rank", type=int, default=8)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--sequence", type=int, default=256)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=3)
    arguments = parser.parse_args()

    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    shape = SHAPES[arguments.shape]
    base = transformers.LlamaForCausalLM(transformers.LlamaConfig(**shape))
    model = peft.get_peft_model(
        base, peft.LoraConfig(r=arguments.rank, lora_alpha=2 * arguments.rank, target_modules="all-linear"))
    model.train()
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-4)
    tokens = torch.randint(0, shape["vocab_size"], (arguments.batch, arguments.sequence))
    seconds = []
    for _ in range(arguments.steps + 1):
        start = time.perf_counter()
        model(input_ids=tokens, labels=tokens).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        seconds.append(time.perf_counter() - start)
    median = statistics.median(seconds[1:])
    print(json.dumps({
        "seconds": seconds[1:],
        "tokens_per_second": arguments.batch * arguments.sequence / median,
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9,
        "torch": torch.__version__, "transformers": transformers.__version__, "peft": peft.__version__,
    }))


if __name__ == "__main__":
    main()
