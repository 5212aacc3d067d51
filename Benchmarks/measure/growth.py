"""How a step grows with parameters, tokens, ranks and bandwidth: what was measured beside what `catena plan` says.

The plan is given the rate of a core that the products alone reached in the same turn, so its error is that of the model, not of a
guess at the machine. Part of the rate: all counted operations over the step's time, as a part of that rate; the plan assumes one
number for it (docs/planning.md).
"""
import json
import statistics

from sharding import model_configuration, write_configuration
from turns import Skipped, call, say


def planned(context, gigaflops, threads, *options, ranks=1, nodes=1):
    text = call(context.catena, "plan", *options, "--ranks", ranks, "--nodes", nodes, "--cores-per-node", threads,
                "--gflops-per-core", gigaflops, "--memory-per-node", "1TB", "--json")
    return json.loads(text)["time"]


def measured_step(context, shape, batch, sequence, threads):
    """A point of one process: the step's seconds and the rate of a core in the products alone, in turns."""
    turn = context.bench_step("", shape, batch, sequence, 1 if shape.startswith("tinyllama") else 3, threads).turn()
    return point_of_step(context, turn)


def point_of_step(context, turn):
    shape, batch, sequence, threads = turn["shape"], turn["batch"], turn["sequence"], turn["threads"]
    gigaflops = turn["gemm_gflops"] / threads
    plan = planned(context, gigaflops, threads, "--shape", shape, "--storage", "float32", "--sequence", sequence, "--micro-batch",
                   batch)
    return point(f"{shape}, {batch} x {sequence} tokens", turn["seconds"]["median"], plan, gigaflops)


def point(what, seconds, plan, gigaflops, **more):
    return dict(more, what=what, measured_seconds=seconds, planned_seconds=plan["step_seconds"],
                error=plan["step_seconds"] / seconds - 1, gigaflops_per_core=gigaflops)


def turns_of(context, section):
    """The float32 turns of a section that was measured before with this catena."""
    found = context.measured.get(section, {})
    if found.get("program") != context.program or found.get("quick") != context.quick:
        return []
    return [turn for turn in found.get("turns", {}).get("Catena, float32", []) if turn]


def section_step(context, section):
    """The point of a section's median turn, None if it was not measured."""
    done = turns_of(context, section)
    return point_of_step(context, sorted(done, key=lambda turn: turn["seconds"]["median"])[len(done) // 2]) if done else None


def usual_step(context):
    """The step of w1."""
    return section_step(context, "w1") or measured_step(context, context.shape, 8, 256, context.cores)


def parameters(context):
    points = [measured_step(context, "tiny", 8, 256, context.cores), usual_step(context), section_step(context, "w3")]
    return [point for point in points if point]


def tokens(context):
    return [measured_step(context, context.shape, batch, 256, context.cores) for batch in (2, 4)] + [usual_step(context)]


def ranks(context):
    """The section `ranks`, with the rate of one core from a step beside it."""
    section = context.measured.get("ranks", {})
    if "turns" not in section:
        return []
    step = section["step"]
    rate = context.bench_step("", step["shape"], step["micro_batch"], step["sequence"], 1, 1).turn()["gemm_gflops"]
    points = []
    for name, count in [("Catena, 1 rank x 1", 1), ("Catena, 2 ranks x 1", 2)]:
        done = [turn["step_seconds"] for turn in section["turns"].get(name, []) if turn]
        if done:
            plan = planned(context, rate, count, "--shape", step["shape"], "--storage", "float32", "--sequence", step["sequence"],
                           "--micro-batch", step["micro_batch"], "--global-batch", step["batch"], ranks=count)
            points.append(point(f"{count} rank(s) of one thread, one host", statistics.median(done), plan, rate))
    return points


def bits_per_second(link):
    """Of a rate as cluster/virtual writes it: 100mbit, 2.5gbit."""
    return float(link[:-4]) * {"mbit": 1e6, "gbit": 1e9}[link[-4:]]


def bandwidth(context):
    """results/sharding-overlap.json: two hosts with shaped links. The rate is the one at which the plan meets the step that
    gathers nothing, in the same rounds; what is tested is what gathering adds."""
    path = context.results / "sharding-overlap.json"
    if not path.exists():
        return []
    rows = json.loads(path.read_text())["rows"]
    (context.folder / "model").mkdir(exist_ok=True)
    (context.folder / "model/config.json").write_text(json.dumps(model_configuration("llama-170m")))

    def plan(link, placement, accumulation, prefetch, gigaflops):
        path = write_configuration(str(context.folder), length=96, steps=4, global_batch=8, placement=placement,
                                   accumulation=accumulation, prefetch=prefetch, output="none")
        rate = link.replace("gbit", "Gb").replace("mbit", "Mb")
        return planned(context, gigaflops, 1, "--config", path, "--bandwidth", rate, ranks=2, nodes=2)

    points = []
    for link in sorted({row["bandwidth"] for row in rows}, key=bits_per_second):
        def median(variant):
            chosen = [row for row in rows if row["bandwidth"] == link and row["variant"] == variant]
            return statistics.median(seconds for row in chosen for seconds in row["seconds"])

        alone = median("compute alone")
        first = plan(link, "replicated", "layer-major", True, 100)
        # The reduction does not depend on the rate of a core; computing is inversely proportional to it.
        gigaflops = 100 * first["compute_seconds"] / (alone - first["reduction_seconds"])
        for variant, accumulation, prefetch in [("layer-major", "layer-major", False), ("layer-major, prefetch", "layer-major", True)]:
            points.append(point(f"two hosts at {link}, {variant}", median(variant),
                                plan(link, "sharded", accumulation, prefetch, gigaflops), gigaflops,
                                alone_seconds=alone))
    return points


def growth(context):
    tables = {}
    for name, measure in [("parameters", parameters), ("tokens of a step", tokens), ("ranks", ranks), ("bandwidth", bandwidth)]:
        try:
            tables[name] = measure(context)
        except Skipped as reason:
            say(f"  {name}: skipped: {reason}")
            tables[name] = []
        for entry in tables[name]:
            say(f"  {entry['what']}: {entry['measured_seconds']:.3g} s, planned {entry['planned_seconds']:.3g} s")
    return {"title": "Growth of a step, and `catena plan`", "tables": tables}
