"""The side of a peer that answers the benchmark: it stays loaded, and measures when it is asked.

Asked on standard input with lines `step N`, it prints `RESULT {json}` for each; `end` or the end of input finishes it. Only
process 0 of several prints; every one is asked.
"""
import json
import os
import resource
import sys


def answer(value):
    if int(os.environ.get("RANK", "0")) == 0:
        print("RESULT " + json.dumps(value), flush=True)


def peak_gb():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9


def serve(measure, **facts):
    """Says that it is ready, with `facts`; then answers each `step N` with measure(N)."""
    answer(dict(facts, ready=True))
    for line in sys.stdin:
        words = line.split()
        if words[:1] != ["step"]:
            break
        answer(dict(measure(int(words[1])), peak_gb=peak_gb()))
