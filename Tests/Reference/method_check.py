#!/usr/bin/env python3
"""Compares every adapter method of the command with PEFT, transformers and the gguf package.

    .venv/bin/python Tests/Reference/method_check.py --catena .build/release/catena

    from PEFT   an adapter that PEFT wrote, with noise on all tensors: `catena probe --gradients` gives PEFT's logits (1e-4)
                and gradients (1e-3)
    ten steps   AdamW from such an adapter (`adapter.init`): the losses of `catena train` (1e-4) and its tensors after ten
                steps (1e-3) are those of a plain loop over PEFT
    start       PiSSA and OLoRA: the model is unchanged, B A, its singular values and A, B and their first gradients up to the
                sign of each pair are PEFT's; ten steps give the same losses
    AdaLoRA     ten steps with penalty and budget: the same losses and the same ranks
    export      each form that `catena export` writes of a short training of each method (and of each choice of its options)
                is read by PEFT, transformers or gguf and gives the logits of `catena probe` (1e-4); forms that a method does
                not have are refused with one line

Errors are relative, in the Euclidean norm, the worst over all tensors. Needs torch, transformers, peft, safetensors and gguf
(numbers in the suite are those of PEFT 0.21.2). One line for each check. Last line: N passed, N failed.
"""
import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import torch
import transformers
from safetensors.torch import load_file, save_file

import gguf_adapter
import peft_cases
import peft

LOGITS, GRADIENTS, LOSSES, TENSORS = 1e-4, 1e-3, 1e-4, 1e-3
STEPS, RATE = 10, 5e-3
# The models without which a method has nothing to train, and where all others are tried.
ONLY_ON = {"bitfit": ("qwen2", "gpt2")}
# Options that are no choices but change what is computed.
FURTHER = {"bone": ["mini: 4"], "linchain": ["mixers: 0", "mixers: 1"]}
# Adapters that PEFT 0.21.2 has no code for: MISS on the transposed matrices of GPT-2.
PEFT_LACKS = {("MISS", "gpt2")}
EXPORT_MODELS = ("llama-gqa", "gpt2", "qwen2")


def relative(found, expected):
    if found.shape != expected.shape:
        return float("inf")
    error = float((found.double() - expected.double()).norm() / max(float(expected.double().norm()), 1e-30))
    return error if error == error else float("inf")


def worst(found, expected):
    """The largest error over tensors by name; infinite if the names differ."""
    if set(found) != set(expected):
        return float("inf"), f"other names: {sorted(set(found) ^ set(expected))[:3]}"
    errors = {name: relative(found[name], expected[name]) for name in expected}
    name = max(errors, key=errors.get)
    return errors[name], f"at {name}" if errors[name] > 0 else ""


class Checks:
    def __init__(self, catena, folder, only):
        self.catena, self.folder, self.only = str(catena), pathlib.Path(folder), re.compile(only)
        self.passed = self.failed = self.count = 0
        for name in peft_cases.MODELS.iterdir():
            self.dress(name.name)
        self.methods = {method["name"]: method for method in json.loads(self.run("methods", "--json").stdout)}

    def run(self, *arguments):
        return subprocess.run([self.catena, *map(str, arguments)], capture_output=True, text=True)

    def dress(self, name):
        """A copy of a model of the parity cases with a tokenizer, which training asks for and ids do not use."""
        folder = self.folder / "models" / name
        folder.mkdir(parents=True)
        for file in (peft_cases.MODELS / name / "model").iterdir():
            (folder / file.name).symlink_to(file)
        for file in ("tokenizer.json", "tokenizer_config.json"):
            (folder / file).symlink_to(peft_cases.MODELS.parents[2] / "Examples" / "tiny" / file)

    def model(self, name):
        return self.folder / "models" / name

    def fresh(self):
        self.count += 1
        path = self.folder / str(self.count)
        path.mkdir()
        return path

    def report(self, name, passed, detail):
        self.passed, self.failed = self.passed + passed, self.failed + (not passed)
        print("PASS" if passed else "FAIL", f"{name}: {detail}", flush=True)

    def error(self, name, error, limit, note=""):
        self.report(name, error <= limit, f"{error:.1e}, at most {limit:.0e}" + (f" ({note})" if note else ""))

    def each(self, name, body, *arguments):
        """Runs a group of checks; what stops it is a failure."""
        if not self.only.search(name):
            return
        try:
            body(name, *arguments)
        except Exception as problem:  # noqa: BLE001
            text = str(problem).strip().replace("\n", " | ")
            self.report(name, False, f"{type(problem).__name__}: {text[:600]}")

    def probe(self, model, adapter, ids, labels, gradients=False):
        folder = self.fresh()
        save_file({"input_ids": ids, "labels": labels}, folder / "in.safetensors")
        arguments = ["probe", "--model", model, "--input", folder / "in.safetensors", "--output", folder / "out.safetensors"]
        if adapter:
            arguments += ["--adapter", adapter]
        if gradients:
            arguments.append("--gradients")
        done = self.run(*arguments, "--threads", 1)
        if done.returncode:
            raise RuntimeError(done.stderr.strip())
        return load_file(folder / "out.safetensors")

    def train(self, model, adapter, ids, labels, steps=STEPS, rate=RATE, trainable=None):
        """Trains on one batch with AdamW; `adapter` is the section's YAML without braces. Returns the run's folder."""
        folder = self.fresh()
        rows = [json.dumps({"input_ids": i, "labels": l}) for i, l in zip(ids.tolist(), labels.tolist())]
        (folder / "train.jsonl").write_text("\n".join(rows) + "\n")
        (folder / "run.yaml").write_text(f"""
model: {model}
adapter: {{{adapter}}}
data: {{train: {folder}/train.jsonl, max-length: {ids.shape[1]}, packing: false, shuffle: false}}
training:
  steps: {steps}
  global-batch: {len(rows)}
  micro-batch: {len(rows)}
  learning-rate: {rate}
  schedule: {{name: constant}}
  gradient-clip: none
  seed: 4
distributed: {{threads: 1}}
checkpoint: {{every: none}}
log: {{tensorboard: false, report: false}}
output: {folder}/run
""")
        done = self.run("train", "--config", folder / "run.yaml")
        if done.returncode:
            raise RuntimeError(done.stderr.strip().splitlines()[-1])
        return folder / "run"


def losses_of(run):
    return torch.tensor([json.loads(line)["loss"] for line in (run / "metrics.jsonl").read_text().splitlines()])


def batch(model, rows=2, length=12):
    return peft_cases.make_tokens(peft_cases.load_model(model), rows, length)


def loop(adapted, ids, labels, after=lambda step: None, penalty=lambda: 0):
    """Ten steps of AdamW; the mean losses without penalties."""
    parameters = [parameter for parameter in adapted.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(parameters, lr=RATE, betas=(0.9, 0.999), eps=1e-8, weight_decay=0)
    losses = []
    for step in range(STEPS):
        loss = peft_cases.mean_loss(adapted(input_ids=ids).logits, labels)
        (loss + penalty()).backward()
        optimizer.step()
        after(step)
        optimizer.zero_grad()
        losses.append(loss.item())
    return torch.tensor(losses)


def kept(tensors, folder):
    """Without the rows and columns that AdaLoRA has pruned: PEFT cuts them out, Catena keeps them for training."""
    pattern = json.loads((folder / "adapter_config.json").read_text()).get("rank_pattern") or {}
    result = {}
    for name, value in tensors.items():
        module = name.removeprefix("base_model.model.").rsplit(".lora_", 1)[0]
        mask = pattern.get(module + ".lora_E")
        if isinstance(mask, list) and len(mask) != sum(mask):
            value = value[:, mask] if name.endswith(".lora_B") else value[mask]
        if value.numel():
            result[name] = value
    return result


def from_peft(name, checks, case, model):
    folder = checks.fresh()
    peft_cases.write_adapter(case, model, "all-linear", folder)
    ids, labels = batch(model)
    logits, gradients = peft_cases.expectation(model, folder, ids, labels)
    found = checks.probe(checks.model(model), folder, ids, labels, gradients=True)
    checks.error(f"{name}, logits", relative(found["logits"], logits), LOGITS)
    own = {key.removeprefix("grad."): value for key, value in found.items() if key.startswith("grad.")}
    error, note = worst(kept(own, folder), gradients)
    checks.error(f"{name}, {len(gradients)} gradients", error, GRADIENTS, note)


def ten_steps(name, checks, case, model):
    folder = checks.fresh()
    peft_cases.write_adapter(case, model, "all-linear", folder)
    ids, labels = batch(model)
    adapted = peft_cases.load_adapter(model, folder, trainable=True)
    expected = loop(adapted, ids, labels)
    section = ", ".join(part for part in (f"method: {case.method}", case.adapter, f"init: {folder}") if part)
    run = checks.train(checks.model(model), section + targets_of(folder), ids, labels)
    checks.error(f"{name}, losses", relative(losses_of(run), expected), LOSSES, f"{expected[0]:.3f} to {expected[-1]:.3f}")
    after = peft.get_peft_model_state_dict(adapted)
    before = load_file(folder / "adapter_model.safetensors")
    moved = max(relative(after[key], before[key]) for key in before)
    error, note = worst(load_file(run / "adapter" / "adapter_model.safetensors"), dict(after))
    checks.error(f"{name}, tensors", error, TENSORS, f"{note}; they moved by {moved:.1e}")


def adalora(name, checks, model):
    """Ten steps with the penalty and with the budget going from 4 ranks a matrix to 2, all scored after the update."""
    case = next(case for case in peft_cases.CASES if case.method == "adalora" and not case.variant)
    folder = checks.fresh()
    peft_cases.write_adapter(case, model, "all-linear", folder)
    ids, labels = batch(model)
    adapted = peft_cases.load_adapter(model, folder, trainable=True)

    def penalty():
        factors = [
            p @ p.T if ".lora_A." in n else p.T @ p for n, p in adapted.named_parameters() if re.search(r"\.lora_[AB]\.", n)]
        return 0.1 * torch.stack([(f - torch.eye(len(f))).norm() for f in factors]).mean()

    expected = loop(
        adapted, ids, labels, after=lambda step: adapted.base_model.update_and_allocate(step + 1), penalty=penalty)
    section = (
        f"method: adalora, rank: 4, alpha: 8, target-rank: 2, tinit: 2, tfinal: 2, delta-t: 1, orthogonal-weight: 0.1, "
        f"init: {folder}, targets: all-linear")
    run = checks.train(checks.model(model), section, ids, labels)
    checks.error(f"{name}, losses", relative(losses_of(run), expected), LOSSES, f"{expected[0]:.3f} to {expected[-1]:.3f}")
    own = json.loads((run / "adapter" / "adapter_config.json").read_text())["rank_pattern"]
    after = peft.get_peft_model_state_dict(adapted)
    pattern = adapted.peft_config["default"].rank_pattern
    ranks = [sum(mask) for mask in pattern.values()]
    checks.report(
        f"{name}, ranks", own == pattern, f"{sum(ranks)} kept in {len(ranks)} matrices, from {min(ranks)} to {max(ranks)}")
    stored = load_file(run / "adapter" / "adapter_model.safetensors")
    error, note = worst(
        {key: value for key, value in stored.items() if value.numel()},
        {key: value for key, value in after.items() if value.numel()})
    checks.error(f"{name}, tensors", error, TENSORS, note)


def targets_of(folder):
    """The target modules of a PEFT folder as YAML; methods that choose by themselves get none."""
    configuration = json.loads((folder / "adapter_config.json").read_text())
    if configuration["peft_type"] in ("LN_TUNING",):
        return ""
    modules = configuration["target_modules"]
    return f", targets: {json.dumps(modules if isinstance(modules, str) else sorted(modules))}"


def start(name, checks, method, model):
    """PEFT puts the first values into the base; ours subtracts them. Both are functions of W, up to signs."""
    torch.manual_seed(0)
    adapted = peft.get_peft_model(peft_cases.load_model(model), peft.LoraConfig(
        r=3, lora_alpha=3, target_modules="all-linear", task_type="CAUSAL_LM", init_lora_weights=method)).eval()
    ids, labels = batch(model)
    base = peft_cases.load_model(model)(input_ids=ids).logits.detach()
    logits = adapted(input_ids=ids).logits
    peft_cases.mean_loss(logits, labels).backward()
    # A step that moves nothing leaves the first values in the adapter's files.
    section = f"method: {method}, rank: 3, alpha: 3, targets: all-linear"
    still = checks.train(checks.model(model), section, ids, labels, steps=1, rate="1.0e-30")
    folded = checks.fresh() / "lora"
    done = checks.run(
        "export", "--adapter", still / "adapter", "--model", checks.model(model), "--format", "lora", "--output", folded)
    if done.returncode:
        raise RuntimeError(done.stderr)
    probe = checks.probe(checks.model(model), folded, ids, labels, gradients=True)
    checks.error(f"{name}, unchanged model", relative(probe["logits"], base), LOGITS)
    checks.error(f"{name}, PEFT's unchanged model", relative(logits.detach(), base), LOGITS)
    tensors = load_file(folded / "adapter_model.safetensors")
    errors = {"B A": 0.0, "singular values": 0.0, "A and B up to signs": 0.0, "first gradients up to signs": 0.0}

    def note(kind, found, expected):
        errors[kind] = max(errors[kind], relative(found, expected))

    for key, parameter in adapted.named_parameters():
        if ".lora_A." not in key:
            continue
        module = key.split(".lora_A.")[0]
        a, b = parameter.detach(), adapted.get_parameter(key.replace("lora_A", "lora_B")).detach()
        rank = a.shape[0]
        own_a, own_b = tensors[module + ".lora_A.weight"][:rank], tensors[module + ".lora_B.weight"][:, :rank]
        note("B A", own_b @ own_a, b @ a)
        note("singular values", torch.linalg.svdvals(own_b @ own_a)[:rank], torch.linalg.svdvals(b @ a)[:rank])
        signs = torch.sign((own_a * a).sum(1))
        note("A and B up to signs", torch.cat([own_a.T * signs, own_b * signs]), torch.cat([a.T, b]))
        own = [probe[f"grad.{module}.lora_{part}.weight"] for part in "AB"]
        expected = [parameter.grad, adapted.get_parameter(key.replace("lora_A", "lora_B")).grad]
        note(
            "first gradients up to signs", torch.cat([own[0][:rank].T * signs, own[1][:, :rank] * signs]),
            torch.cat([expected[0].T, expected[1]]))
    for kind, error in errors.items():
        checks.error(f"{name}, {kind}", error, GRADIENTS)
    adapted.zero_grad()
    expected = loop(adapted, ids, labels)
    found = losses_of(checks.train(checks.model(model), section, ids, labels))
    checks.error(f"{name}, losses of ten steps", relative(found, expected), LOSSES, f"{expected[0]:.3f} to {expected[-1]:.3f}")


def variants(method):
    """The adapter section with defaults and with every other choice of each option."""
    yield "", ""
    for extra in FURTHER.get(method["name"], []):
        yield extra, ", " + extra
    for option in method["options"]:
        choices = option.get("choices") or (["true", "false"] if option.get("type") == "boolean" else [])
        for choice in choices:
            if str(choice) != option["default"]:
                yield f"{option['name']} {choice}", f", {option['name']}: {choice}"


def exports(name, checks, method, model, extra):
    ids, labels = batch(model)
    path = checks.model(model)
    try:
        rank = ", rank: 4" if "rank" in method["defaults"] else ""
        run = checks.train(path, f"method: {method['name']}{rank}{extra}", ids, labels, steps=4, rate="1.0e-2")
    except RuntimeError as refusal:
        # A choice that asks for more options, or for another model, is refused before anything is trained.
        expected = bool(extra) or (method["name"] in ONLY_ON and model not in ONLY_ON[method["name"]])
        checks.report(f"{name}, refused", expected and str(refusal).startswith("catena: error: "), str(refusal)[:200])
        return
    adapter = run / "adapter"
    base = peft_cases.load_model(model)(input_ids=ids).logits.detach()
    if not adapter.is_dir():  # the whole model was trained
        own = checks.probe(run / "model", None, ids, labels)["logits"]
        checks.report(f"{name}, trained", relative(own, base) > 10 * LOGITS, f"the logits changed by {relative(own, base):.1e}")
        checks.error(f"{name}, model", relative(whole_model(run / "model", ids), own), LOGITS)
        return
    own = checks.probe(path, adapter, ids, labels)["logits"]
    change = relative(own, base)
    checks.report(f"{name}, trained", change > 10 * LOGITS, f"the logits changed by {change:.1e}")
    kind = json.loads((adapter / "adapter_config.json").read_text())["peft_type"]
    for form in ("peft", "lora", "merged", "gguf"):
        export_form(f"{name}, {form}", checks, method, model, adapter, form, kind, own, ids)


def whole_model(folder, ids):
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    return model.eval()(input_ids=ids).logits.detach()


def export_form(name, checks, method, model, adapter, form, kind, own, ids):
    path = checks.model(model)
    output = checks.fresh() / form
    done = checks.run("export", "--adapter", adapter, "--model", path, "--format", form, "--output", output)
    offered = form == "peft" or form in method["exports"]
    if form == "gguf" and model == "gpt2":
        offered = False
    if not offered:
        refused = done.returncode != 0 and done.stderr.startswith("catena: error: ") and done.stderr.count("\n") == 1
        checks.report(f"{name} refused", refused and not output.exists(), done.stderr.strip() or "it was written")
        return
    if done.returncode:
        checks.report(name, False, done.stderr.strip())
        return
    labels = ids.clone()
    if form == "merged":
        checks.error(name, relative(whole_model(output, ids), own), LOGITS)
    elif form == "gguf":
        plain = output.parent / "lora"
        checks.run("export", "--adapter", adapter, "--model", path, "--format", "lora", "--output", plain)
        error, note = gguf_adapter.compare(output / "adapter.gguf", plain, path)
        checks.error(name, error, 1e-6, note)
    elif form == "peft" and (kind == "CATENA" or (kind, model) in PEFT_LACKS):
        again = checks.probe(path, output, ids, labels)["logits"]
        checks.error(f"{name} ({kind}), read by catena", relative(again, own), LOGITS)
        try:
            peft_cases.load_adapter(model, output)
            checks.report(f"{name} ({kind}) is refused by PEFT", False, "it was loaded")
        except (KeyError, TypeError, ValueError) as refusal:
            checks.report(f"{name} ({kind}) is refused by PEFT", True, f"{type(refusal).__name__} {refusal}"[:100])
    else:
        loaded = peft_cases.load_adapter(model, output)
        checks.error(f"{name} ({kind if form == 'peft' else 'LORA'})", relative(loaded(input_ids=ids).logits.detach(), own), LOGITS)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--catena", default=".build/release/catena", type=pathlib.Path)
    parser.add_argument("--only", default="", help="regular expression for the names of checks")
    arguments = parser.parse_args()
    peft_cases.quiet()
    with tempfile.TemporaryDirectory() as folder:
        checks = Checks(arguments.catena.resolve(), folder, arguments.only)
        for case in peft_cases.CASES:
            if case.method not in checks.methods:
                print(f"not yet {case.name}: the command has no such method")
                continue
            for model in case.models:
                checks.each(f"from PEFT: {case.name} on {model}", from_peft, checks, case, model)
                if case.trains:
                    checks.each(f"ten steps: {case.name} on {model}", ten_steps, checks, case, model)
        for method in ("pissa", "olora"):
            for model in ("llama-gqa", "qwen2"):
                if method in checks.methods:
                    checks.each(f"start: {method} on {model}", start, checks, method, model)
        if "adalora" in checks.methods:
            for model in ("llama-gqa", "gpt2"):
                checks.each(f"ten steps: adalora on {model}", adalora, checks, model)
        for method in checks.methods.values():
            for model in EXPORT_MODELS:
                for variant, extra in variants(method):
                    label = " ".join(part for part in ("export:", method["name"], variant, "on", model) if part)
                    checks.each(label, exports, checks, method, model, extra)
    print(f"{checks.passed} passed, {checks.failed} failed")
    sys.exit(1 if checks.failed or not checks.passed else 0)


if __name__ == "__main__":
    main()
