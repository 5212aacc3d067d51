"""What all sections share: the programs, how long to measure, and a folder to work in."""
import dataclasses
import functools
import hashlib
import json
import os
import pathlib
import statistics
import subprocess

from turns import Command, Skipped, call


@dataclasses.dataclass(eq=False)
class Context:
    catena: str
    python: str
    folder: pathlib.Path
    results: pathlib.Path
    cores: int
    quick: bool
    tokenizer: str | None
    data: str | None
    kernels: str
    measured: dict

    @functools.cached_property
    def program(self):
        """Digest of the measured binary."""
        return hashlib.sha256(open(self.catena, "rb").read()).hexdigest()[:12]

    @functools.cache
    def knows(self, verb, option):
        """Whether `catena VERB --help` names the option; None asks for the verb itself."""
        done = subprocess.run([self.catena, *verb.split(), "--help"], capture_output=True, text=True)
        return done.returncode == 0 and f"catena {verb} " in done.stdout and (option is None or option in done.stdout)

    def has_int8(self):
        """Skips with the reason where the binary has no int8 base."""
        if not self.knows("bench step", "--base-compute"):
            raise Skipped("this catena has no --base-compute int8")

    def rounds(self, usual):
        return 1 if self.quick else usual

    @property
    def shape(self):
        """The shape of W1, W2 and the ranks."""
        return "tiny" if self.quick else "smollm2-135m"

    def bench_step(self, name, shape, batch, sequence, steps, threads=None, *options):
        """`catena bench step`: tokens a second, and of the products alone by OpenBLAS and by Catena's kernels."""

        def read(text):
            result = json.loads(text.strip().splitlines()[-1])
            limits = {name: batch * sequence / result[floor]["median"]
                      for name, floor in [("limit", "openblas_floor_seconds"), ("own_limit", "floor_seconds")]}
            return dict(result, rate=result["tokens_per_second"], **limits)

        return Command(
            name, [self.catena, "bench", "step", "--shape", shape, "--rank", 8, "--batch", batch, "--sequence", sequence,
                   "--steps", steps, "--threads", threads or self.cores, "--json", *options], read)

    def random_model(self, shape, tokenizer=None):
        """A model folder with random float32 weights, made once; the tokenizer only bounds the token ids."""
        from shapes import SHAPES

        folder = self.folder / f"model-{shape}-{'own' if tokenizer else 'tiny'}"
        if not folder.exists():
            configuration = dict(
                SHAPES[shape], architectures=["LlamaForCausalLM"], model_type="llama", rms_norm_eps=1e-6,
                max_position_embeddings=2048, hidden_act="silu", torch_dtype="float32")
            (self.folder / "config.json").write_text(json.dumps(configuration))
            root = pathlib.Path(__file__).resolve().parents[2]
            call(self.catena, "new-model", "--shape", self.folder / "config.json", "--tokenizer",
                 tokenizer or root / "Examples/tiny/tokenizer.json", "--output", folder)
        return folder

    def mpirun(self, ranks):
        root = ["--allow-run-as-root"] if os.geteuid() == 0 else []
        return ["mpirun", *root, "--bind-to", "none", "-n", ranks] if ranks > 1 else []


class Training:
    """A contender that is one `catena train` for each turn; the steps after the first, which warms up, count."""

    def __init__(self, context, name, settings, ranks=1):
        self.context, self.name, self.settings, self.ranks = context, name, settings, ranks

    def turn(self):
        output = self.context.folder / "run"
        call("rm", "-rf", output)
        path = self.context.folder / "run.yaml"
        path.write_text(f"""
adapter: {{method: lora, rank: 8, alpha: 16, targets: all-linear}}
training: {{learning-rate: 1.0e-4, seed: 5}}
checkpoint: {{every: none}}
log: {{tensorboard: false, report: false}}
output: {output}
""")
        options = [f"--set={key}={value}" for key, value in self.settings.items()]
        call(*self.context.mpirun(self.ranks), self.context.catena, "train", "--config", path, *options)
        lines = [json.loads(line) for line in open(output / "metrics.jsonl")][1:]
        seconds = sum(line["seconds"] for line in lines)
        totals = {key: sum(line[key] for line in lines) for key in ("tokens", "supervised_tokens")}
        return dict(totals, rate=totals["tokens"] / seconds, steps=len(lines), step_seconds=statistics.median(
            line["seconds"] for line in lines), busy_seconds=seconds, peak_gb=max(line["resident_bytes"] for line in lines) / 1e9)

    def close(self):
        pass
