#!/usr/bin/env python3
"""Writes Tests/Fixtures/sequences/cases.jsonl: what `transformers` makes of one text and of two, with special tokens, types and truncation.

    python token_sequences.py --tokenizers Tests/Fixtures/tokenizers --out Tests/Fixtures/sequences

A line is a tokenizer with a post-processor and flags of tokenizer_config.json: {"tokenizer", "post_processor", "config", "cases"}; a case is
{"first", "second", "max_length", "ids", "types", "cut"}. Needs `transformers` and `tokenizers`.
"""
import argparse, json, pathlib, tempfile
from transformers import PreTrainedTokenizerFast

TEXTS = ["the king", "a", "Of the kings, and IT's done.", "don't stop; 日本 crème", "[MASK] x [SEP] y", "one two three four five six seven eight nine ten"]

def special(token): return {"SpecialToken": {"id": token, "type_id": 0}}
def text(which, kind): return {"Sequence": {"id": which, "type_id": kind}}
def template(single, pair, tokens): return {"type": "TemplateProcessing", "single": single, "pair": pair, "special_tokens": {t: {"id": t, "ids": [i], "tokens": [t]} for t, i in tokens.items()}}

def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--tokenizers", required=True, type=pathlib.Path); p.add_argument("--out", required=True, type=pathlib.Path)
    a = p.parse_args(); a.out.mkdir(parents=True, exist_ok=True); lines = []
    def ids(name): t = json.loads((a.tokenizers / name / "tokenizer.json").read_text()); return {**t["model"]["vocab"], **{x["content"]: x["id"] for x in t["added_tokens"]}}
    word, byte = ids("wordpiece"), ids("bpe-llama3")
    c, s = word["[CLS]"], word["[SEP]"]
    sep1 = {"SpecialToken": {"id": "[SEP]", "type_id": 1}}
    bert = template([special("[CLS]"), text("A", 0), special("[SEP]")], [special("[CLS]"), text("A", 0), special("[SEP]"), text("B", 1), sep1], {"[CLS]": c, "[SEP]": s})
    start, end = [x["content"] for x in json.loads((a.tokenizers / "bpe-llama3" / "tokenizer.json").read_text())["added_tokens"]][:2]
    llama = template([special(start), text("A", 0)], [special(start), text("A", 0), {"SpecialToken": {"id": start, "type_id": 1}}, text("B", 1)], {start: byte[start]})
    plain = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True}
    for name, processor, config in [
        ("wordpiece", bert, {}), ("wordpiece", {"type": "BertProcessing", "sep": ["[SEP]", s], "cls": ["[CLS]", c]}, {}),
        ("wordpiece", {"type": "RobertaProcessing", "sep": ["[SEP]", s], "cls": ["[CLS]", c], "trim_offsets": True, "add_prefix_space": False}, {}),
        ("bpe-llama3", {"type": "Sequence", "processors": [plain, llama]}, {"bos_token": start}), ("bpe-llama3", plain, {}), ("bpe-llama3", None, {"bos_token": start}),
        ("bpe-llama3", llama, {"bos_token": start, "add_bos_token": False}), ("bpe-llama3", plain, {"bos_token": start, "eos_token": end, "add_bos_token": True, "add_eos_token": True}),
    ]:
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder); t = json.loads((a.tokenizers / name / "tokenizer.json").read_text()); t["post_processor"] = processor
            (folder / "tokenizer.json").write_text(json.dumps(t)); (folder / "tokenizer_config.json").write_text(json.dumps({**config, "tokenizer_class": "PreTrainedTokenizerFast"}))
            tokenizer = PreTrainedTokenizerFast.from_pretrained(folder); cases = []
            for first in TEXTS:
                for second in [None, *TEXTS]:
                    for length in (512, 12, 9):
                        full = tokenizer(first, second, return_token_type_ids=True)
                        got = tokenizer(first, second, truncation=True, max_length=length, return_token_type_ids=True)
                        cases.append({"first": first, "second": second, "max_length": length, "ids": got["input_ids"], "types": got["token_type_ids"], "cut": len(full["input_ids"]) > length})
            cases = [x for i, x in enumerate(cases) if i % 3 == 0 or x["cut"]]
            lines.append(json.dumps({"tokenizer": name, "post_processor": processor, "config": config, "cases": cases}, ensure_ascii=False, separators=(",", ":")))
    (a.out / "cases.jsonl").write_text("\n".join(lines) + "\n")
    print(sum(len(json.loads(x)["cases"]) for x in lines), "cases")

if __name__ == "__main__": main()
