#!/usr/bin/env python3
"""Greedy generation: `catena bench generate` and Hugging Face `generate` in turn; the last line is JSON.

    Benchmarks/generate.py --catena .build/release/catena --python .venv/bin/python --batch 8 --lora

The interpreter needs torch, transformers and (with --lora) peft. Both take SmolLM2-135M's shape, random weights, float32, the
same number of threads, random prompts of equal length and no stop token. Machines drift, so the number that counts is the median
of the pairwise ratios of tokens per second, prompts included.
"""
import argparse
import json
import statistics
import subprocess
import sys
import time


def measure_peer(arguments):
    """One process of the peer: a JSON line with its tokens per second."""
    import torch
    import transformers

    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    configuration = transformers.LlamaConfig(
        hidden_size=576, num_hidden_layers=30, num_attention_heads=9, num_key_value_heads=3, intermediate_size=1536,
        vocab_size=49152, tie_word_embeddings=True, max_position_embeddings=2048)
    model = transformers.LlamaForCausalLM(configuration).float()
    if arguments.lora:
        import peft
        model = peft.get_peft_model(model, peft.LoraConfig(r=8, lora_alpha=16, target_modules="all-linear"))
    model.eval()
    ids = torch.randint(0, 49152, (arguments.batch, arguments.prompt))
    rates = []
    with torch.inference_mode():
        for _ in range(arguments.repetitions + 1):
            start = time.perf_counter()
            output = model.generate(
                input_ids=ids, attention_mask=torch.ones_like(ids), do_sample=False, use_cache=True,
                min_new_tokens=arguments.tokens, max_new_tokens=arguments.tokens, eos_token_id=None, pad_token_id=0)
            seconds = time.perf_counter() - start
            assert output.shape[1] == arguments.prompt + arguments.tokens
            rates.append(arguments.batch * arguments.tokens / seconds)
    print(json.dumps({"tokens_per_second": statistics.median(rates[1:]), "transformers": transformers.__version__,
                      "torch": torch.__version__}))


def last_line(command):
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip().splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--catena", default=".build/release/catena")
    parser.add_argument("--python", default=sys.executable, help="an interpreter with torch and transformers")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--prompt", type=int, default=64)
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repetitions", type=int, default=2, help="timed runs of each program in each turn")
    parser.add_argument("--lora", action="store_true", help="with a LoRA adapter of rank 8 on all linear layers")
    parser.add_argument("--peer", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.peer:
        return measure_peer(arguments)

    shared = []
    for name in ("batch", "prompt", "tokens", "threads", "repetitions"):
        shared += [f"--{name}", str(getattr(arguments, name))]
    ours_command = [arguments.catena, "bench", "generate", "--shape", "smollm2-135m", "--json"] + shared
    ours_command += ["--method", "lora", "--rank", "8"] if arguments.lora else []
    theirs_command = [arguments.python, __file__, "--peer"] + shared + (["--lora"] if arguments.lora else [])
    ours, theirs = [], []
    for _ in range(arguments.pairs):
        ours.append(last_line(ours_command))
        theirs.append(last_line(theirs_command))
    speeds = [run["tokens_per_second"]["median"] for run in ours]
    peers = [run["tokens_per_second"] for run in theirs]
    ratios = [a / b for a, b in zip(speeds, peers)]
    print(json.dumps({
        "batch": arguments.batch, "prompt": arguments.prompt, "tokens": arguments.tokens, "threads": arguments.threads,
        "lora": arguments.lora, "catena_tokens_per_second": speeds, "peer_tokens_per_second": peers, "ratios": ratios,
        "ratio": statistics.median(ratios), "share_of_read_rate": statistics.median(run["share"] for run in ours),
        "peer": {key: theirs[0][key] for key in ("torch", "transformers")}}))


if __name__ == "__main__":
    main()
