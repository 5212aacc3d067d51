#!/usr/bin/env python3
"""Writes offsets.jsonl beside each cases.jsonl of Tests/Fixtures/tokenizers: which characters each token stands for.

    python token_offsets.py FOLDER...

A line is {"text", "ids", "offsets"}: the text of a case, and the `offsets` that the Hugging Face `tokenizers` library gives (0.23),
in code points. The post-processor is taken out, because ByteLevel's cuts spaces off the offsets.
"""
import json, pathlib, sys
from tokenizers import Tokenizer

for folder in map(pathlib.Path, sys.argv[1:]):
    definition = json.loads((folder / "tokenizer.json").read_text())
    definition["post_processor"] = None
    tokenizer = Tokenizer.from_str(json.dumps(definition))
    with open(folder / "offsets.jsonl", "w") as out:
        for line in (folder / "cases.jsonl").read_text().split("\n"):
            if not line: continue
            text = json.loads(line)["text"]
            encoding = tokenizer.encode(text, add_special_tokens=False)
            out.write(json.dumps({"text": text, "ids": encoding.ids, "offsets": encoding.offsets}, ensure_ascii=False) + "\n")
