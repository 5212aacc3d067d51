"""Programs that are measured in turns: shared machines drift, so only what ran in the same minutes is compared.

A contender has a name and `turn()`, which returns a dictionary with `rate` (units of work a second). `alternate` gives each its
turn, round by round; a ratio is taken within a round, and the median over the rounds counts.
"""
import json
import os
import pathlib
import select
import socket
import statistics
import subprocess
import tempfile
import time

import peer_products

PEERS = pathlib.Path(__file__).resolve().parent.parent / "peers"


class Skipped(Exception):
    """What cannot be measured here, and why."""


def say(text):
    print(text, flush=True)


def call(*command, environment=None, seconds=900):
    """Standard output of a command; what it said if it fails."""
    command = [str(part) for part in command]
    try:
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=seconds)
    except subprocess.TimeoutExpired:
        raise Skipped(f"{short(command)} took more than {seconds} s")
    except OSError as error:
        raise Skipped(f"{short(command)}: {error}")
    if done.returncode != 0:
        raise Skipped(f"{short(command)} ended with exit code {done.returncode}: {last_words(done.stderr)}")
    return done.stdout


def short(command):
    """The program and its verb, without folders and options."""
    words = [os.path.basename(word) for word in command if not word.startswith("-")]
    return " ".join(words[:4])


def last_words(text):
    """The line of an error message that says most."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower()]
    return (errors or lines or ["no message"])[-1][:300]


class Command:
    """A contender that is one run of a program for each turn; `read` makes the turn of what it printed."""

    def __init__(self, name, command, read):
        self.name, self.command, self.read = name, command, read

    def turn(self):
        return self.read(call(*self.command))

    def close(self):
        pass


class Peer:
    """A contender that stays loaded: processes of a script in peers/, asked as worker.py says."""

    def __init__(self, name, python, script, options, steps=1, processes=1, patience=600):
        self.name, self.steps, self.patience = name, steps, patience
        environment = dict(os.environ, TOKENIZERS_PARALLELISM="false", HF_HUB_OFFLINE="1", PYTHONWARNINGS="ignore")
        environment |= peer_products.environment(name)
        if processes > 1:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                port = free.getsockname()[1]
            environment |= {"WORLD_SIZE": str(processes), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
        self.log = tempfile.TemporaryFile("w+")
        self.running = []
        for rank in range(processes):
            own = environment | ({"RANK": str(rank)} if processes > 1 else {})
            self.running.append(subprocess.Popen(
                [python, "-u", PEERS / script, *map(str, options)], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE if rank == 0 else subprocess.DEVNULL, stderr=self.log, env=own))
        try:
            self.facts = self.answer()
        except BaseException:
            self.close()
            raise

    def answer(self):
        """The next RESULT line of process 0."""
        pipe, limit = self.running[0].stdout, time.monotonic() + self.patience
        line = b""
        while True:
            if not select.select([pipe], [], [], max(0, limit - time.monotonic()))[0]:
                raise Skipped(f"no answer in {self.patience} s")
            part = os.read(pipe.fileno(), 1)
            if not part:
                self.log.seek(0)
                raise Skipped(f"it ended: {last_words(self.log.read())}")
            line += part
            if part == b"\n":
                if line.startswith(b"RESULT "):
                    return json.loads(line[7:])
                line = b""

    def ask(self):
        try:
            for process in self.running:
                process.stdin.write(f"step {self.steps}\n".encode())
                process.stdin.flush()
        except OSError:
            pass  # It is gone; the answer says why.
        return self.answer()

    def turn(self):
        result = self.ask()
        return dict(result, rate=self.facts["tokens"] / statistics.median(result["seconds"]))

    def close(self):
        for process in self.running:
            try:
                process.stdin.close()
            except OSError:
                pass  # It is gone.
        for process in self.running:
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.log.close()


def alternate(makers, rounds, unit):
    """Turns of all contenders, round by round.

    `makers`: (name, function without arguments that makes the contender). One that raises Skipped, when it is made or in a turn,
    is left out from then on. Returns {name: [turn or None for each round]} and {name: why it is missing}.
    """
    turns, missing, versions, contenders = {}, {}, {}, []

    def drop(name, reason):
        missing[name] = str(reason)
        say(f"  {name}: skipped: {reason}")

    try:
        for name, make in makers:
            started = time.monotonic()
            try:
                contenders.append(make())
                turns[name] = []
                facts = getattr(contenders[-1], "facts", {})
                versions |= {key: facts[key] for key in ("torch", "transformers", "peft") if key in facts}
            except Skipped as reason:
                drop(name, reason)
            if time.monotonic() - started > 1:
                say(f"  {name}: ready after {time.monotonic() - started:.0f} s")
        for index in range(rounds):
            # Every other round the other way round, so that no one always follows the same neighbour.
            for contender in contenders if index % 2 == 0 else contenders[::-1]:
                if contender.name in missing:
                    turns[contender.name].append(None)
                    continue
                try:
                    turn = contender.turn()
                    say(f"  round {index + 1}, {contender.name}: {turn['rate']:.4g} {unit}")
                except Skipped as reason:
                    drop(contender.name, reason)
                    turn = None
                turns[contender.name].append(turn)
    finally:
        for contender in contenders:
            contender.close()
    return {"turns": turns, "missing": missing, "versions": versions, "unit": unit}


def alternate_in_groups(groups, unit):
    """As `alternate`, for (makers, rounds) one group after another, so that not all peers are in memory at once.

    A contender may be in several groups. The rounds are counted through; where a contender was not in the group it has no turn.
    """
    whole = {"turns": {}, "missing": {}, "versions": {}, "unit": unit}
    before = 0
    for makers, rounds in groups:
        part = alternate([maker for maker in makers if maker[0] not in whole["missing"]], rounds, unit)
        for name, turns in part["turns"].items():
            whole["turns"].setdefault(name, [None] * before).extend(turns)
        before += rounds
        for turns in whole["turns"].values():
            turns.extend([None] * (before - len(turns)))
        whole["missing"] |= part["missing"]
        whole["versions"] |= part["versions"]
    return whole


def spread(values):
    """Median, least and greatest; None without values."""
    values = [value for value in values if value is not None]
    if not values:
        return None
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "count": len(values)}


def ratios(turns, numerator, denominator, key="rate"):
    """The spread of numerator / denominator of the same round."""
    pairs = zip(turns.get(numerator, []), turns.get(denominator, []))
    return spread([a[key] / b[key] for a, b in pairs if a and b and a.get(key) and b.get(key)])


def share_of_limit(turns, name, limit_holder, key="limit"):
    """The spread of a contender's rate over the limit that `limit_holder` measured in the same round."""
    pairs = zip(turns.get(name, []), turns.get(limit_holder, []))
    return spread([a["rate"] / b[key] for a, b in pairs if a and b and b.get(key)])


