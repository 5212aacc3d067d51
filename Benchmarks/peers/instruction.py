#!/usr/bin/env python3
"""HF Trainer with PEFT LoRA on rows of tokens, padded to the longest of a batch, as Trainer's users have it by default.

    peers/instruction.py --shape smollm2-135m --folder DIR --threads 2

DIR is what tokenize_examples.py wrote. Random weights; LoRA r = 8, alpha = 16 on all linear layers; 8 examples a step in a random
order. worker.py says how it is asked: a callback waits before a step until it is asked for it. The answer has examples, seconds,
and the tokens that went through the model, with padding and without.
Needs: pip install torch transformers peft accelerate.
"""
import argparse
import json
import pathlib
import sys
import time

import peft
import torch
import transformers

from shapes import SHAPES
from worker import answer, peak_gb


class Asked(transformers.TrainerCallback):
    """Answers for the steps since it was asked, then waits to be asked again. The first step warms up."""

    def __init__(self, counted):
        self.counted, self.left, self.started = counted, 1, 0.0

    def on_step_begin(self, arguments, state, control, **_):
        if self.left == 0:
            self.counted.clear()
            words = sys.stdin.readline().split()
            if words[:1] != ["step"]:
                sys.exit(0)
            self.left, self.started = int(words[1]), time.perf_counter()

    def on_step_end(self, arguments, state, control, **_):
        self.left -= 1
        if self.left > 0:
            return
        if self.started == 0.0:
            answer({"ready": True, "torch": torch.__version__, "transformers": transformers.__version__, "peft": peft.__version__})
            return
        seconds = time.perf_counter() - self.started
        total = {key: sum(batch[key] for batch in self.counted) for key in ("examples", "real_tokens", "padded_tokens")}
        answer(dict(total, busy_seconds=seconds, peak_gb=peak_gb()))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=SHAPES, required=True)
    parser.add_argument("--folder", type=pathlib.Path, required=True)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()

    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    tokenizer = transformers.AutoTokenizer.from_pretrained(arguments.folder / "tokenizer")
    rows = [json.loads(line) for line in open(arguments.folder / "examples.jsonl")]
    base = transformers.LlamaForCausalLM(transformers.LlamaConfig(**SHAPES[arguments.shape], use_cache=False))
    model = peft.get_peft_model(
        base, peft.LoraConfig(r=8, lora_alpha=16, target_modules="all-linear", task_type="CAUSAL_LM"))
    counted = []

    def count(_, __, batch):
        counted.append({"examples": batch["input_ids"].shape[0], "real_tokens": int(batch["attention_mask"].sum()),
                        "padded_tokens": batch["input_ids"].numel()})

    model.register_forward_pre_hook(count, with_kwargs=True)
    collator = transformers.DataCollatorForSeq2Seq(tokenizer, padding=True)
    transformers.Trainer(
        model=model, train_dataset=rows, data_collator=collator, callbacks=[Asked(counted)],
        args=transformers.TrainingArguments(
            output_dir=str(arguments.folder / "trainer"), per_device_train_batch_size=8, max_steps=1_000_000, learning_rate=1e-4,
            use_cpu=True, report_to="none", save_strategy="no", disable_tqdm=True, logging_strategy="no",
            dataloader_drop_last=True),
    ).train()


if __name__ == "__main__":
    main()
