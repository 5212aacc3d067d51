#!/usr/bin/env python3
"""Writes Tests/Fixtures/template-ids/ids.json: token ids and assistant masks of conversations, as transformers gives them.

    python template_ids.py --tokenizers Tests/Fixtures/tokenizers --out Tests/Fixtures/template-ids/ids.json

Written with transformers 5.24 and tokenizers 0.23. The template is our own; its `{% generation %}` blocks give the masks. A case has the
name of a tokenizer, messages, `ids` and `mask` of apply_chat_template(tokenize=True, return_assistant_tokens_mask=True), and
`prompt_ids` with add_generation_prompt. The post-processor is taken out, because ByteLevel's cuts spaces off the offsets, and an answer
that begins with a space then has no mask.
"""
import argparse, json, pathlib
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast

TEMPLATE = ("{{ bos_token }}{% for m in messages %}{% if m.role == 'assistant' %}{{ '</s>assistant:' }}{% generation %}"
            "{{ m.content + eos_token }}{% endgeneration %}{% else %}{{ '</s>' + m.role + ': ' + m.content }}{% endif %}{% endfor %}"
            "{% if add_generation_prompt %}{{ '</s>assistant:' }}{% endif %}")
CONTENTS = [("Hi there", "the king of France"), ("  two  spaces ", " leading space"), ("a\nb", "\nnew line\n"), ("naïve café", "é"), ("日本語", "中文。"), ("x</s>y", "1234 </s> 5"),
            ("e\u0301", "e\u0301 Ångström"), ("", "."), ("<s> again", "don't 've")]

def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--tokenizers", required=True, type=pathlib.Path); p.add_argument("--out", required=True, type=pathlib.Path)
    a = p.parse_args()
    cases = []
    for folder in sorted(a.tokenizers.iterdir()):
        definition = json.loads((folder / "tokenizer.json").read_text())
        added = {t["content"] for t in definition["added_tokens"]}
        if not {"<s>", "</s>"} <= added: continue
        definition["post_processor"] = None
        tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer.from_str(json.dumps(definition)), bos_token="<s>", eos_token="</s>", chat_template=TEMPLATE)
        for index, (question, answer) in enumerate(CONTENTS):
            messages = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
            if index % 3 == 2: messages += [{"role": "user", "content": answer}, {"role": "assistant", "content": question + "!"}]
            whole = tokenizer.apply_chat_template(messages, tokenize=True, return_dict=True, return_assistant_tokens_mask=True)
            prompt = tokenizer.apply_chat_template(messages[:-1], tokenize=True, return_dict=True, add_generation_prompt=True)
            cases.append(dict(tokenizer=folder.name, messages=messages, ids=whole["input_ids"], mask=whole["assistant_masks"], prompt_ids=prompt["input_ids"]))
    a.out.parent.mkdir(parents=True, exist_ok=True)
    a.out.write_text(json.dumps({"chat_template": TEMPLATE, "cases": cases}, ensure_ascii=False) + "\n")
    print(len(cases), "cases of", len({c["tokenizer"] for c in cases}), "tokenizers")

if __name__ == "__main__": main()
