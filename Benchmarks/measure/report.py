"""The results of this machine: a JSON file of everything measured, a Markdown file of tables, a chart."""
import json
import pathlib
import re
import statistics

import chart
from turns import ratios, share_of_limit, spread

ORDER = ["w1", "w2", "w3", "w4", "ranks", "kernels", "growth"]


def show(values, digits=2):
    if values is None:
        return ""
    return f"{values['median']:.{digits}f} ({values['min']:.{digits}f} to {values['max']:.{digits}f})"


def rates(section, name):
    return spread([turn["rate"] for turn in section["turns"].get(name, []) if turn])


def best_peer(section):
    """The peer with the highest median rate, of those that compute as exactly as float32; None if none was measured."""
    measured = [name for name in section["peers"] if rates(section, name)]
    return max(measured, key=lambda name: rates(section, name)["median"], default=None)


def goal_words(values, goal):
    return f"goal {goal:g}: {'reached' if values['median'] >= goal else 'not reached'}"


def table_of_turns(section):
    """Contenders of a workload, and Catena's goals."""
    turns, ours = section["turns"], [name for name in section["ours"] if rates(section, name)]
    limit = section.get("limit")
    rows = [f"| | {section['unit']} |" + (" of OpenBLAS's products alone |" if limit else "") + " peak memory, GB |"
            + "".join(f" {name} ÷ it |" for name in ours), "|---|---|" + ("---|" if limit else "") + "---|" + "---|" * len(ours)]
    for name in turns:
        rate = rates(section, name)
        if rate is None:
            continue
        memory = spread([turn.get("peak_gb") for turn in turns[name] if turn])
        part = f" {show(share_of_limit(turns, name, limit))} |" if limit else ""
        digits = 0 if rate["median"] >= 100 else 2
        compared = "".join(f" {show(ratios(turns, own, name)) if own != name else ''} |" for own in ours)
        rows.append(f"| {name} | {show(rate, digits)} |{part} {'' if memory is None else format(memory['max'], '.2f')} |{compared}")
    peer = best_peer(section)
    notes = []
    for name in ours:
        goal = section["goals"].get(name)
        if goal and peer and ratios(turns, name, peer):
            ratio = ratios(turns, name, peer)
            notes.append(f"- {name} ÷ {peer}, the best peer: {ratio['median']:.2f}, {goal_words(ratio, goal)}.")
        goal = section["goal_of_limit"].get(name)
        if goal and limit:
            part = share_of_limit(turns, name, limit)
            own = share_of_limit(turns, name, limit, "own_limit")
            notes.append(f"- {name} ÷ products alone by OpenBLAS: {part['median']:.2f}, {goal_words(part, goal)}; "
                         f"÷ products alone by Catena's own kernels: {show(own)}.")
    return rows + [""] + notes


def table_of_pairs(section):
    rows = ["| | tokens/s | ratio | peak memory of process 0, GB |", "|---|---|---|---|"]
    notes, shown = [], set()
    for two, one, goal in section["pairs"]:
        for name in (one, two):
            if rates(section, name) is None or name in shown:
                continue
            shown.add(name)
            gain = ratios(section["turns"], two, one) if name == two else None
            beside = f"{show(gain)} times {one}" if gain else ""
            memory = spread([turn.get("peak_gb") for turn in section["turns"][name] if turn])
            peak = "" if memory is None else format(memory["max"], ".2f")
            rows.append(f"| {name} | {show(rates(section, name), 0)} | {beside} | {peak} |")
        gain = ratios(section["turns"], two, one)
        if goal and gain:
            notes.append(f"- {two} ÷ {one}: {gain['median']:.2f}, {goal_words(gain, goal)}.")
    return rows + [""] + notes + section.get("notes", [])


def table_of_kernels(section):
    rows = ["| kernel | sizes | rate | ÷ plain form | ÷ PyTorch |", "|---|---|---|---|---|"]
    for name, row in section["rows"].items():
        rows.append(f"| {name} | {row['shape']} | {row['rate']['median']:.3g} {row['unit']} | "
                    f"{show(row['of_plain'], 1)} | {show(row['of_pytorch'])} |")
    return rows


def table_of_growth(section):
    rows = []
    for axis, points in section["tables"].items():
        if not points:
            continue
        rows += [f"**{axis}**", "", "| | measured s | `catena plan` s | error | GFLOP/s a core | times the first row |",
                 "|---|---|---|---|---|---|"]
        first = points[0]
        for point in points:
            measured, planned = point["measured_seconds"], point["planned_seconds"]
            grown = f"{measured / first['measured_seconds']:.2f}, planned {planned / first['planned_seconds']:.2f}"
            rows.append(f"| {point['what']} | {measured:.3g} | {planned:.3g} | {point['error']:+.0%} | "
                        f"{point['gigaflops_per_core']:.0f} | {grown} |")
        rows.append("")
    return rows


def body(section):
    if "pairs" in section:
        return table_of_pairs(section)
    if "rows" in section:
        return table_of_kernels(section)
    if "tables" in section:
        return table_of_growth(section)
    return table_of_turns(section)


class Results:
    def __init__(self, folder, facts):
        self.folder, self.facts = pathlib.Path(folder), facts
        self.path = self.folder / f"{facts['slug']}.json"
        self.sections, self.skipped = {}, {}
        if self.path.exists():
            stored = json.loads(self.path.read_text())
            self.sections, self.skipped = stored["sections"], stored["skipped"]

    def has(self, name, program):
        return self.sections.get(name, {}).get("program") == program and not self.sections[name]["quick"]

    def store(self, name, section):
        self.sections[name] = section
        self.skipped.pop(name, None)
        self.write()

    def skip(self, name, reason):
        """What was measured before stays, and says which catena it was."""
        self.skipped[name] = reason
        self.write()

    def write(self):
        sections = {name: self.sections[name] for name in ORDER if name in self.sections}
        value = {"machine": self.facts, "sections": sections, "skipped": self.skipped}
        self.path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n")
        self.path.with_suffix(".svg").write_text(self.chart())
        self.path.with_suffix(".md").write_text(self.page())

    def chart(self):
        against, limits = [], []
        for name in ("w1", "w2", "w3", "w4"):
            section = self.sections.get(name)
            if not section:
                continue
            peer = best_peer(section)
            short = section["title"].split(":")[0]
            for own in section["ours"]:
                ratio = ratios(section["turns"], own, peer) if peer else None
                if ratio:
                    against.append((f"{short}: {own} ÷ {peer}", ratio, section["goals"].get(own), False))
            if section.get("limit"):
                for contender in section["turns"]:
                    part = share_of_limit(section["turns"], contender, section["limit"])
                    if part:
                        limits.append((f"{short}: {contender}", part, section["goal_of_limit"].get(contender),
                                       contender not in section["ours"]))
        generation = []
        for own, peer, goal in self.sections.get("w4", {}).get("pairs", []):
            gain = ratios(self.sections["w4"]["turns"], own, peer)
            if gain:
                generation.append((own if goal else f"{own} ÷ as installed", gain, goal, not goal))
        ranks = self.sections.get("ranks")
        speedups = []
        for two, one, goal in ranks["pairs"] if ranks else []:
            gain = ratios(ranks["turns"], two, one)
            if gain:
                speedups.append((two, gain, goal, goal is None))
        heading = f"{self.facts['processor']}, {self.facts['cores']} cores, OpenBLAS's kernels for {self.facts['kernels']}"
        return chart.draw(heading, [
            ("Catena's rate over the best peer's", against, 1), ("Generation over transformers' generate", generation, 1),
            ("Rate over that of the float32 products alone by OpenBLAS", limits, 1),
            ("Speed-up of two ranks on one host over one", speedups, 2)])

    def page(self):
        facts = self.facts
        versions = ", ".join(f"{name} {version}" for name, version in self.versions().items())
        lines = [
            f"# Benchmarks: {facts['processor']}, {facts['cores']} cores", "",
            f"Features: {', '.join(facts['features'])}; {facts['memory_gb']} GB. OpenBLAS uses its kernels for {facts['kernels']}. "
            + (f"Peers: {versions}. {facts['peers']}" if versions else ""), "", f"![chart]({self.path.stem}.svg)", "",
            "Rates are medians over rounds of alternation (lowest to highest); a ratio is taken within a round, and its median given. "
            "What each number means and what limits it: [performance.md](../../docs/performance.md). Made by `Benchmarks/run`.", ""]
        if facts["warning"]:
            lines += [f"**Warning**: {facts['warning']}", ""]
        for name in ORDER:
            if name in self.sections:
                lines += self.chapter(name)
            elif name in self.skipped:
                lines += [f"## {name}", "", f"Skipped: {self.skipped[name]}", ""]
        return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))

    def summary(self):
        """The goals in one table, for docs/performance.md."""
        rows = ["| | measured: median (lowest to highest) | goal | of OpenBLAS's products alone |", "|---|---|---|---|"]
        for name in ORDER:
            section = self.sections.get(name, {})
            title = section.get("title", name).split(":")[0]
            best = best_peer(section) if "peers" in section else None
            for own in section.get("ours", []):
                for peer in [best, *section.get("further_peers", [])]:
                    ratio = ratios(section["turns"], own, peer) if peer else None
                    if ratio:
                        part = share_of_limit(section["turns"], own, section["limit"]) if section.get("limit") else None
                        goal = section["goals"].get(own, "") if peer == best else ""
                        rows.append(f"| {title}: {own} ÷ {peer} | {show(ratio)} | {goal} | {show(part)} |")
            for two, one, goal in section.get("pairs", []):
                gain = ratios(section["turns"], two, one)
                if gain:
                    rows.append(f"| {two} ÷ {one} | {show(gain)} | {goal or ''} | |")
        skipped = [f"{name} is not measured: {reason}." for name, reason in self.skipped.items() if name not in self.sections]
        where = f"{self.facts['processor']}, {self.facts['cores']} cores, OpenBLAS's kernels for {self.facts['kernels']}"
        link = f"../Benchmarks/results/{self.path.stem}"
        return "\n".join([f"{where}; everything measured: [{self.path.stem}.md]({link}.md).", "", *rows, "", *skipped, "",
                          f"![chart]({link}.svg)"]).replace("\n\n\n", "\n\n")

    def write_into(self, page):
        """Puts the summary between the markers of a Markdown page."""
        text = page.read_text()
        begin, end = "<!-- begin: written by Benchmarks/run -->", "<!-- end: written by Benchmarks/run -->"
        if begin in text and end in text:
            head, tail = text.split(begin)[0], text.split(end)[1]
            page.write_text(f"{head}{begin}\n{self.summary()}\n{end}{tail}")

    def versions(self):
        """The peers' libraries, of whatever section told them."""
        found = {}
        for section in self.sections.values():
            found |= section.get("versions", {})
        return found

    def chapter(self, name):
        section = self.sections[name]
        lines = [f"## {section['title']}", ""]
        if section.get("work"):
            work = section["work"]
            lines += [f"{work[0].upper()}{work[1:]}.", ""]
        lines += body(section) + [""]
        for contender, reason in section.get("missing", {}).items():
            lines += [f"{contender} is missing: {reason}", ""]
        if name in self.skipped:
            lines += [f"Measured with another catena; now skipped: {self.skipped[name]}", ""]
        programs = statistics.multimode(other["program"] for other in self.sections.values())
        if section["program"] != programs[0]:
            lines += [f"Measured with catena {section['program']}, most of this page with {programs[0]}.", ""]
        if section.get("versions") and section.get("peers_run") != self.facts["peers"]:
            lines += [section.get("peers_run", "Here PyTorch's products ran as installed."), ""]
        if section["quick"]:
            lines += ["A trial (`--quick`): these numbers say nothing.", ""]
        return lines
