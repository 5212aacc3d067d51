#!/usr/bin/env python3
"""Writes Tests/Fixtures/tokenizers: small tokenizers and what the Hugging Face `tokenizers` library makes of strings.

    python tokenizer_fixtures.py --source DIR --out DIR [--seed N] [--count N]

DIR of --source has one folder a tokenizer (bpe-gpt2, bpe-gpt2-digits, bpe-llama3, bpe-qwen2, bpe-metaspace, wordpiece)
with a trained tokenizer.json. Each vocabulary is cut to its first tokens, and variants with other options are added.
A case is a line of cases.jsonl: {"text", "ids", "decoded"}, without template tokens.
"""
import argparse, copy, json, pathlib, random
from tokenizers import Tokenizer

MARK = "\u2581"
STRINGS = ["", " ", "   ", "\n", "\t\n  x", "It's what we've DON'T, I'LL", "3.14159 or 1,000,000", "a\r\nb\r\n\r\n", "  lead and trail  ",
           "crème brûlée Ångström", "日本語、中文。한국어", "العربية ٣٤٥", "हिन्दी ५६७", "Привет, мир!", "😀👍🏽 👨‍👩‍👧 🇫🇷", "e\u0301 é", "zero\u200bwidth\ufeff", "\u00a0nbsp\u2003em",
           "a" * 90, "=" * 50, "def f(x):\n    return x**2  # y\n", "<|im_start|>user\nhi<|im_end|>\n", "</s><s> x </s>", "½ ² Ⅷ ﬁ ㎏", "𝕏 𝟙𝟚", "\u0000\u0001\u001f", "snake_case kebab-case",
           "...!!!???", "  \n\n  \n text", "İ ı ß ẞ ſ 'ſ", "a\u0308\u0323", "\ue000", "x <L> y<R>  z <LR> w", "zq xzq zq.", "the  king  of", MARK + "x" + MARK, "[MASK] un[MASK]able", "do not  n't 've"]
PIECES = ["'s", "'S", "'ll", " ", "  ", "\n", "\r\n", "\t", "\u00a0", "\u2028", "1", "23", "456", "²", "a", "the", "The", "é", "e\u0301", "中", "<L>", "<R>", "<|im_end|>", "</s>", MARK,
          "!", "...", "(", "don't", "<0x41>", "-", "_", "ß", "\u200b", "😀", "zq", "king", " and", " of", "ing "]

def cut(tokenizer, tokens):
    model = tokenizer["model"]
    bytes_ = sum(t.startswith("<0x") for t in model["vocab"])
    single = sum(len(t.removeprefix("##")) == 1 for t in model["vocab"])
    limit = tokens + bytes_ + single + 5
    model["vocab"] = {t: i for t, i in model["vocab"].items() if i < limit}
    known = lambda merge: all(t in model["vocab"] for t in (merge[0], merge[1], merge[0] + merge[1]))
    if "merges" in model: model["merges"] = [m for m in model["merges"] if known(m)]
    tokenizer["added_tokens"] = [a for a in tokenizer["added_tokens"] if not a["content"].startswith("<0x")]
    return tokenizer

def add(tokenizer, content, **options):
    token = dict(id=max(max(tokenizer["model"]["vocab"].values()), *(a["id"] for a in tokenizer["added_tokens"])) + 1, content=content,
                 single_word=False, lstrip=False, rstrip=False, normalized=False, special=False)
    tokenizer["added_tokens"].append({**token, **options})

def variants(base):
    made = dict(base)
    t = made["qwen2-nfc-added-tokens"] = copy.deepcopy(base["bpe-qwen2"])
    t["normalizer"] = {"type": "NFC"}; t["model"]["ignore_merges"] = True
    t["model"]["merges"] = [" ".join(m) for m in t["model"]["merges"]]
    add(t, "<L>", lstrip=True); add(t, "<R>", rstrip=True); add(t, "<LR>", lstrip=True, rstrip=True, special=True)
    add(t, "zq", single_word=True); add(t, "  ", normalized=True)
    t = made["gpt2-prefix-space"] = copy.deepcopy(base["bpe-gpt2"])
    t["pre_tokenizer"]["add_prefix_space"] = True
    for scheme, split in [("always", True), ("first", True), ("never", False)]:
        t = made["metaspace-" + scheme] = copy.deepcopy(base["bpe-metaspace"])
        t["normalizer"] = None; t["model"]["byte_fallback"] = scheme == "first"
        t["model"]["fuse_unk"] = scheme != "never"
        t["pre_tokenizer"] = {"type": "Metaspace", "replacement": MARK, "prepend_scheme": scheme, "split": split}
        t["decoder"] = dict(t["pre_tokenizer"])
    return made

def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--source", required=True, type=pathlib.Path); p.add_argument("--out", required=True, type=pathlib.Path)
    p.add_argument("--seed", type=int, default=0); p.add_argument("--count", type=int, default=25)
    a = p.parse_args(); rng = random.Random(a.seed)
    names = ["bpe-gpt2", "bpe-gpt2-digits", "bpe-llama3", "bpe-qwen2", "bpe-metaspace", "wordpiece"]
    base = {n: cut(json.loads((a.source / n / "tokenizer.json").read_text()), 150) for n in names}
    strings = STRINGS + ["".join(rng.choice(PIECES) for _ in range(rng.randint(2, 14))) for _ in range(a.count)]
    for name, tokenizer in variants(base).items():
        folder = a.out / name; folder.mkdir(parents=True, exist_ok=True)
        (folder / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":")) + "\n")
        reference = Tokenizer.from_file(str(folder / "tokenizer.json"))
        with open(folder / "cases.jsonl", "w") as out:
            for text in strings:
                ids = reference.encode(text, add_special_tokens=False).ids
                out.write(json.dumps({"text": text, "ids": ids, "decoded": reference.decode(ids, skip_special_tokens=False)}, separators=(",", ":")) + "\n")
main()
