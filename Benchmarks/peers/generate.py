#!/usr/bin/env python3
"""Greedy generation by Hugging Face transformers on a Llama with random weights, float32, on CPU.

    peers/generate.py --shape smollm2-135m --batch 1 --prompt 64 --tokens 128 --threads 2 [--lora]

Random prompts of equal length, no stop token, cached keys and values. worker.py says how it is asked; the answer has the seconds of
each run, prompts included. Needs: pip install torch transformers, and peft for --lora.
"""
import argparse
import time

import torch
import transformers

from shapes import SHAPES
from worker import serve


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=SHAPES, default="smollm2-135m")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--prompt", type=int, default=64)
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--lora", action="store_true", help="an adapter of rank 8 on all linear layers")
    return parser.parse_args()


def main():
    arguments = parse()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    shape = SHAPES[arguments.shape]
    model = transformers.LlamaForCausalLM(transformers.LlamaConfig(**shape, max_position_embeddings=2048)).float()
    if arguments.lora:
        import peft
        model = peft.get_peft_model(model, peft.LoraConfig(r=8, lora_alpha=16, target_modules="all-linear"))
    model.eval()
    ids = torch.randint(0, shape["vocab_size"], (arguments.batch, arguments.prompt))

    def run():
        start = time.perf_counter()
        with torch.inference_mode():
            output = model.generate(
                input_ids=ids, attention_mask=torch.ones_like(ids), do_sample=False, use_cache=True,
                min_new_tokens=arguments.tokens, max_new_tokens=arguments.tokens, eos_token_id=None, pad_token_id=0)
        assert output.shape[1] == arguments.prompt + arguments.tokens
        return time.perf_counter() - start

    run()
    serve(lambda count: dict(seconds=[run() for _ in range(count)]), tokens=arguments.batch * arguments.tokens,
          torch=torch.__version__, transformers=transformers.__version__)


if __name__ == "__main__":
    main()
