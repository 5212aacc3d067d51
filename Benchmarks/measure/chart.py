"""Bar charts as SVG, readable on light and dark pages."""
from xml.sax.saxutils import escape

STYLE = """
  text { font: 13px system-ui, sans-serif; fill: #1f2328 } .small { font-size: 11px; fill: #59636e }
  .title { font-weight: 600 } .bar { fill: #2f6fde } .peer { fill: #9aa4af } .line { stroke: #59636e } .goal { stroke: #c2410c }
  .key { fill: #c2410c }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .small { fill: #9198a1 } .bar { fill: #6ea0ff } .peer { fill: #6b7580 } .line { stroke: #9198a1 }
    .goal { stroke: #fb923c } .key { fill: #fb923c }
  }"""
LEFT, WIDTH, ROW, BAR = 360, 330, 24, 14


def panel(title, bars, top, reference):
    """SVG lines of one panel and the height it takes. `bars`: (label, spread, goal or None, whether it is a peer's)."""
    largest = max([reference] + [bar[1]["max"] for bar in bars] + [bar[2] for bar in bars if bar[2]]) * 1.05
    scale = WIDTH / largest
    lines = [f'<text class="title" x="12" y="{top + 16}">{escape(title)}</text>']
    start = top + 30
    end = start + ROW * len(bars)
    for index, (label, values, goal, is_peer) in enumerate(bars):
        y = start + ROW * index
        middle = y + BAR / 2
        length = values["median"] * scale
        lines.append(f'<text x="{LEFT - 8}" y="{y + 11}" text-anchor="end">{escape(label)}</text>')
        lines.append(f'<rect class="{"peer" if is_peer else "bar"}" x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR}" rx="2"/>')
        low, high = LEFT + values["min"] * scale, LEFT + values["max"] * scale
        lines.append(f'<line class="line" x1="{low:.1f}" x2="{high:.1f}" y1="{middle}" y2="{middle}"/>')
        if goal:
            place = LEFT + goal * scale
            lines.append(f'<line class="goal" x1="{place:.1f}" x2="{place:.1f}" y1="{y - 3}" y2="{y + BAR + 3}" stroke-width="2"/>')
        lines.append(f'<text x="{LEFT + WIDTH + 12}" y="{y + 11}">{values["median"]:.2f}</text>')
        if goal:
            lines.append(f'<text class="small" x="{LEFT + WIDTH + 60}" y="{y + 11}">goal {goal:g}</text>')
    place = LEFT + reference * scale
    lines.append(f'<line class="line" x1="{place:.1f}" x2="{place:.1f}" y1="{start - 6}" y2="{end - 4}" stroke-dasharray="3 3"/>')
    lines.append(f'<text class="small" x="{place:.1f}" y="{start - 9}" text-anchor="middle">{reference:g}</text>')
    return lines, end - top + 14


def draw(heading, panels):
    """`panels`: (title, bars, reference); those without bars are left out."""
    lines, top = [f'<text class="title" x="12" y="24" style="font-size: 15px">{escape(heading)}</text>'], 40
    for title, bars, reference in panels:
        if bars:
            drawn, height = panel(title, bars, top, reference)
            lines += drawn
            top += height
    lines.append(f'<text class="small" x="12" y="{top + 12}">Bars: medians over the rounds of alternation; thin lines: lowest to '
                 f'highest. <tspan class="key">|</tspan> goal.</text>')
    size = f'width="{LEFT + WIDTH + 130}" height="{top + 24}" viewBox="0 0 {LEFT + WIDTH + 130} {top + 24}"'
    return (f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">\n<title>{escape(heading)}</title>\n<style>{STYLE}\n</style>\n'
            + "\n".join(lines) + "\n</svg>\n")
