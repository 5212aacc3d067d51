extension RunReport {
    static let style = """
        :root {
          color-scheme: light dark;
          --page: #fbfbfa; --card: #ffffff; --ink: #1f2328; --quiet: #5c6470; --line: #e2e4e8;
          --first: #1d5fd0; --faint: #9dbcf0; --second: #b3480b;
        }
        @media (prefers-color-scheme: dark) {
          :root {
            --page: #14171b; --card: #1c2026; --ink: #e6e8eb; --quiet: #a0a8b3; --line: #343a43;
            --first: #6ea8ff; --faint: #35588f; --second: #ffa25e;
          }
        }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
        main { max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
        h1 { font-size: 1.5rem; margin: 0 0 1rem; overflow-wrap: anywhere; }
        h2 { font-size: 1.05rem; margin: 0 0 .5rem; }
        h2 small { color: var(--quiet); font-weight: 400; }
        section { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: 1rem; margin: 1rem 0; }
        .facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: .75rem; margin: 0; }
        .facts div { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .6rem .8rem;
          display: flex; flex-direction: column; justify-content: space-between; }
        .facts dt { color: var(--quiet); font-size: .85rem; line-height: 1.3; }
        .facts dd { margin: .25rem 0 0; font-size: 1.2rem; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
        pre { margin: 0; overflow-x: auto; font: .85rem/1.5 ui-monospace, monospace; }
        .legend { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; font-size: .85rem; color: var(--quiet); margin: 0 0 .5rem; }
        .legend i { display: inline-block; width: 1.25rem; height: .2rem; border-radius: .1rem; margin-right: .4rem; vertical-align: middle; }
        i.first { background: var(--first); } i.faint { background: var(--faint); } i.second { background: var(--second); }
        svg { display: block; width: 100%; height: auto; }
        svg text { fill: var(--quiet); font: 12px system-ui, sans-serif; }
        svg .grid { stroke: var(--line); stroke-width: 1; }
        svg polyline { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
        svg polyline.first { stroke: var(--first); } svg polyline.faint { stroke: var(--faint); stroke-width: 1; }
        svg polyline.second { stroke: var(--second); }
        svg circle.first { fill: var(--first); } svg circle.faint { fill: var(--faint); } svg circle.second { fill: var(--second); }
        @media (max-width: 34rem) { svg text { font-size: 20px; } main { padding: 1rem .6rem 2rem; } section { padding: .75rem .5rem; }
          .facts { grid-template-columns: 1fr 1fr; } }
        """
}
