#!/usr/bin/env python3
"""A training step of Hugging Face transformers + PEFT LoRA on a Llama with random weights, on CPU.

    peers/step.py --shape smollm2-135m --batch 8 --sequence 256 --threads 2 [--dtype bfloat16] [--autocast] [--compile]

Every position is supervised, as in `catena bench step`; LoRA with alpha = 2 r on all linear layers; torch's AdamW. With
WORLD_SIZE, RANK, MASTER_ADDR and MASTER_PORT set it is one of several processes of DistributedDataParallel over gloo, and
--batch is the share of each. worker.py says how it is asked; the answer has the seconds of each step.
Needs: pip install torch transformers peft.
"""
import argparse
import os
import time

import peft
import torch
import transformers

from shapes import SHAPES
from worker import serve


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=SHAPES, default="smollm2-135m")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--sequence", type=int, default=256)
    parser.add_argument("--rank", type=int, default=8)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32", help="of the frozen weights")
    parser.add_argument("--autocast", action="store_true", help="torch.autocast to bfloat16")
    parser.add_argument("--compile", action="store_true", help="torch.compile")
    return parser.parse_args()


def main():
    arguments = parse()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world > 1:
        torch.distributed.init_process_group("gloo")
    shape = SHAPES[arguments.shape]
    torch.set_default_dtype(getattr(torch, arguments.dtype))
    base = transformers.LlamaForCausalLM(transformers.LlamaConfig(**shape, use_cache=False))
    torch.set_default_dtype(torch.float32)
    model = peft.get_peft_model(
        base, peft.LoraConfig(r=arguments.rank, lora_alpha=2 * arguments.rank, target_modules="all-linear"))
    model.train()
    network = torch.nn.parallel.DistributedDataParallel(model) if world > 1 else model
    if arguments.compile:
        network = torch.compile(network)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-4)
    tokens = torch.randint(0, shape["vocab_size"], (arguments.batch, arguments.sequence))

    def step():
        start = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16, enabled=arguments.autocast):
            loss = network(input_ids=tokens, labels=tokens).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return time.perf_counter() - start

    warming = [step()]
    if arguments.compile:
        warming.append(step())
    serve(
        lambda count: dict(seconds=[step() for _ in range(count)]), tokens=arguments.batch * arguments.sequence * world,
        warming_seconds=warming, torch=torch.__version__, transformers=transformers.__version__, peft=peft.__version__)


if __name__ == "__main__":
    main()
