package import CatenaReporting
import Foundation

/// A comparison as one HTML file that needs nothing else: table, curves, accuracy against parameters, configuration.
package struct ComparisonReport: Sendable {
    /// Curves of one method at its chosen learning rate, over steps.
    package struct Curves: Sendable {
        /// Metrics of each seed.
        package var runs: [[MetricsLine]]

        /// Curves of these runs.
        package init(runs: [[MetricsLine]]) { self.runs = runs }

        /// The mean over the runs, of steps that all of them have.
        func mean(_ value: (MetricsLine) -> Double?) -> [LineChart.Point] {
            var sums: [Int: (sum: Double, count: Int)] = [:]
            for line in runs.joined() {
                guard let number = value(line), number.isFinite else { continue }
                sums[line.step, default: (0, 0)].sum += number
                sums[line.step, default: (0, 0)].count += 1
            }
            return sums.filter { $0.value.count == runs.count }.sorted { $0.key < $1.key }.map {
                LineChart.Point(x: Double($0.key), y: $0.value.sum / Double($0.value.count))
            }
        }
    }

    /// Heading of the page.
    package var title: String
    /// The results.
    package var table: ComparisonTable
    /// By the method's name.
    package var curves: [String: Curves]

    /// A report of a table with the curves of its methods.
    package init(title: String, table: ComparisonTable, curves: [String: Curves]) {
        self.title = title
        self.table = table
        self.curves = curves
    }

    /// The whole page.
    package var html: String {
        HTMLPage(
            title: title, style: Self.style,
            body: """
                \(results)
                <div class="charts">
                \(sections.joined(separator: "\n"))
                </div>
                \(trials)
                <section>
                <details>
                <summary>Configuration, with all defaults</summary>
                <pre>\(htmlEscaped(table.configuration.resolvedYAML))</pre>
                </details>
                </section>
                """
        ).text
    }

    private var hues: [String: Int] {
        Dictionary(uniqueKeysWithValues: table.configuration.methods.enumerated().map { ($0.element.name, $0.offset) })
    }

    private var sections: [String] {
        let hues = hues
        func series(_ points: (Curves) -> [LineChart.Point]) -> [LineChart.Series] {
            table.rows.compactMap { row in
                guard let curves = curves[row.name], let hue = hues[row.name] else { return nil }
                let points = points(curves)
                return points.isEmpty ? nil : LineChart.Series(name: row.name, style: .hue(hue), points: points)
            }
        }
        let mean = table.configuration.seeds.count > 1 ? ", mean over seeds" : ""
        let charts = [
            LineChart(
                title: "Training loss", unit: "nats per token, smoothed" + mean,
                series: series { RunReport.smoothed($0.mean(\.loss)) }),
            LineChart(
                title: "Validation loss", unit: "nats per token" + mean, series: series { $0.mean(\.validationLoss) }),
        ].filter { chart in chart.series.contains { $0.points.count > 1 } }
        return charts.map(\.html) + scatters
    }

    /// Test scores against trainable parameters; the validation loss where there are none.
    private var scatters: [String] {
        let hues = hues
        func chart(
            _ title: String, _ unit: String, scale: Double, untrained: Double?,
            _ value: (ComparisonTable.Row) -> SeedSpread
        ) -> String? {
            let points = table.rows.compactMap { row -> ScatterChart.Point? in
                let spread = value(row)
                guard !spread.values.isEmpty, spread.mean.isFinite, row.parameters > 0 else { return nil }
                return .init(
                    name: row.name, hue: hues[row.name] ?? 0, x: Double(row.parameters), y: scale * spread.mean,
                    deviation: spread.standardDeviation.map { scale * $0 })
            }
            guard !points.isEmpty else { return nil }
            return ScatterChart(
                title: title, unit: unit, xTitle: "trainable parameters", points: points,
                level: untrained.map { ("untrained", scale * $0) }
            ).html
        }
        let percent = "% right" + (table.configuration.seeds.count > 1 ? ", mean ± sd over seeds" : "")
        var charts: [String?] = []
        if table.averagesTasks {
            let untrained = table.untrained.flatMap(table.meanScore)
            charts.append(
                chart("Accuracy, mean of the tasks", percent, scale: 100, untrained: untrained) { table.meanScore($0) })
        }
        charts += table.accuracyTasks.map { task in
            chart("Accuracy: \(task.name)", percent, scale: 100, untrained: table.untrained?.scores[task.name]?.value) {
                $0.scores[task.name] ?? SeedSpread([])
            }
        }
        charts.append(
            chart("Validation loss against parameters", "nats per token", scale: 1, untrained: nil) {
                $0.validationLoss
            })
        return charts.compactMap(\.self)
    }
}
