import CatenaReporting

extension ComparisonReport {
    /// The table of the printed result with its notes.
    var results: String {
        let columns = table.columns
        func line(_ tag: String, _ cells: [String]) -> String {
            let parts = zip(columns, cells).map { column, cell in
                "<\(tag)\(column.isText ? " class=\"text\"" : "")>\(htmlEscaped(cell))</\(tag)>"
            }
            return "<tr>" + parts.joined() + "</tr>"
        }
        var body = table.rows.map { row in line("td", columns.map { $0.cell(row) }) }
        if table.untrained != nil { body.insert(line("td", columns.map(\.untrained)), at: 0) }
        return """
            <section>
            <h2>Results</h2>
            <div class="wide"><table>
            <thead>\(line("th", columns.map(\.title)))</thead>
            <tbody>
            \(body.joined(separator: "\n"))
            </tbody>
            </table></div>
            <ul class="notes">
            \(table.notes.map { "<li>\(htmlEscaped($0))</li>" }.joined(separator: "\n"))
            </ul>
            </section>
            """
    }

    /// Validation losses of all learning rates, where there was a choice.
    var trials: String {
        let rows = table.rows.filter { $0.trials.count > 1 }
        guard !rows.isEmpty else { return "" }
        let body = rows.flatMap { row in
            row.trials.map { trial in
                let isChosen = trial.learningRate == row.learningRate
                let loss = trial.divergedCount > 0 ? "diverged" : ComparisonTable.text(trial.validationLoss, digits: 4)
                return "<tr\(isChosen ? " class=\"chosen\"" : "")><td class=\"text\">\(htmlEscaped(row.name))</td>"
                    + "<td>\(trial.learningRate)</td><td>\(loss)</td><td class=\"text\">\(isChosen ? "chosen" : "")</td></tr>"
            }
        }
        return """
            <section>
            <h2>Learning rates</h2>
            <div class="wide"><table>
            <thead><tr><th class="text">method</th><th>learning rate</th><th>validation loss</th><th class="text"></th></tr></thead>
            <tbody>
            \(body.joined(separator: "\n"))
            </tbody>
            </table></div>
            </section>
            """
    }

    /// What a comparison's page has beside a run's.
    static let style = """
        main { max-width: 84rem; }
        .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(34rem, 100%), 1fr)); gap: 1rem; align-items: start; }
        .charts section { margin: 0; }
        :root { --h0: #1d5fd0; --h1: #c2570c; --h2: #1a7f37; --h3: #8250df; --h4: #c02675; --h5: #0b7285; }
        @media (prefers-color-scheme: dark) {
          :root { --h0: #6ea8ff; --h1: #ffa25e; --h2: #5bd075; --h3: #c39bff; --h4: #ff85b8; --h5: #4fd1dc; }
        }
        .wide { overflow-x: auto; }
        table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; width: 100%; }
        th, td { padding: .35rem .5rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
        th { color: var(--quiet); font-weight: 600; white-space: normal; vertical-align: bottom; }
        .text { text-align: left; }
        tr.chosen td { font-weight: 600; }
        .notes { color: var(--quiet); font-size: .9rem; margin: .75rem 0 0; padding-left: 1.2rem; }
        svg text.name { fill: var(--ink); }
        @media (max-width: 34rem) { svg text.name { font-size: 16px; } }
        svg .level { stroke: var(--quiet); stroke-width: 1; stroke-dasharray: 2 4; }
        svg polyline { stroke-width: 1.75; }
        svg polyline.d1 { stroke-dasharray: 7 4; } svg polyline.d2 { stroke-dasharray: 2 4; }
        .legend i.d0, .legend i.d1, .legend i.d2 { height: 0; border-top: .2rem solid; border-radius: 0; width: 1.6rem; }
        .legend i.d1 { border-top-style: dashed; } .legend i.d2 { border-top-style: dotted; }
        """
        + (0..<6).map { hue in
            "\nsvg polyline.h\(hue), svg line.h\(hue) { stroke: var(--h\(hue)); } "
                + "svg circle.h\(hue), svg polygon.h\(hue) { fill: var(--h\(hue)); } .legend i.h\(hue) { border-color: var(--h\(hue)); }"
        }.joined()
}
