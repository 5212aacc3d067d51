import CatenaFiles
import Foundation

/// A run as one HTML file that needs nothing else: curves, numbers and the configuration.
package struct RunReport: Sendable {
    /// Heading of the page.
    package var title: String
    /// As `RunConfiguration.resolvedYAML` gives it.
    package var configurationYAML: String
    /// Steps in order, as `MetricsLine.read` gives them.
    package var lines: [MetricsLine]
    /// Of the loss.
    package var lossUnit: String
    /// Further numbers for the head of the page.
    package var facts: [Fact]

    /// A labelled number or word.
    package struct Fact: Sendable, Equatable {
        /// What it is.
        package var label: String
        /// As it is shown.
        package var value: String

        /// Pairs a label with its value.
        package init(_ label: String, _ value: String) {
            self.label = label
            self.value = value
        }
    }

    /// A report of the given steps.
    package init(
        title: String, configurationYAML: String, lines: [MetricsLine], lossUnit: String = "nats per token",
        facts: [Fact] = []
    ) {
        self.lossUnit = lossUnit
        self.title = title
        self.configurationYAML = configurationYAML
        self.lines = lines
        self.facts = facts
    }

    /// Writes the page as a whole or not at all.
    package func write(to path: String) throws(ReportingError) {
        do {
            try DurableFile.write(Array(html.utf8), to: path)
        } catch {
            throw ReportingError(error, path: path)
        }
    }

    /// The whole page.
    package var html: String {
        HTMLPage(
            title: title,
            body: """
                <dl class="facts">
                \((summary + facts).map { "<div><dt>\(htmlEscaped($0.label))</dt><dd>\(htmlEscaped($0.value))</dd></div>" }.joined(separator: "\n"))
                </dl>
                \(charts.map(\.html).joined(separator: "\n"))
                <section>
                <h2>Configuration</h2>
                <pre>\(htmlEscaped(configurationYAML))</pre>
                </section>
                """
        ).text
    }

    private var charts: [LineChart] {
        func points(_ value: (MetricsLine) -> Double?) -> [LineChart.Point] {
            lines.compactMap { line in
                value(line).flatMap { $0.isFinite ? .init(x: Double(line.step), y: $0) : nil }
            }
        }
        let loss = points(\.loss)
        var lossSeries = [LineChart.Series(name: "training, each step", style: .faint, points: loss)]
        if loss.count >= 20 {
            lossSeries.append(.init(name: "training, smoothed", style: .first, points: Self.smoothed(loss)))
        } else {
            lossSeries[0] = .init(name: "training", style: .first, points: loss)
        }
        let validation = points(\.validationLoss)
        if !validation.isEmpty {
            lossSeries.append(.init(name: "validation", style: .second, points: validation))
        }
        return [
            LineChart(title: "Loss", unit: lossUnit, series: lossSeries)
        ] + sampleCharts + meanCharts
            + [
                LineChart(
                    title: "Learning rate", unit: "",
                    series: [.init(name: "learning rate", style: .first, points: points(\.learningRate))]),
                LineChart(
                    title: "Speed", unit: "tokens/s", startsAtZero: true,
                    series: [.init(name: "tokens/s", style: .first, points: points(\.tokensPerSecond))]),
                LineChart(
                    title: "Gradient norm", unit: "before clipping",
                    series: [.init(name: "gradient norm", style: .first, points: points(\.gradientNorm))]),
            ].filter { chart in chart.series.contains { !$0.points.isEmpty } }
    }

    /// A chart for each mean that the objective gives beside the loss.
    private var meanCharts: [LineChart] {
        let means = lines.flatMap { line in line.means.filter { $0.value.isFinite }.map { (line.step, $0) } }
        var metrics: [String] = []
        let drawn = SampleMetric.allCases.map(\.rawValue)
        for (_, mean) in means where !(drawn + metrics).contains(mean.metric) { metrics.append(mean.metric) }
        return metrics.map { metric in
            func points(ofValidation: Bool) -> [LineChart.Point] {
                means.filter { $1.metric == metric && $1.isOfValidation == ofValidation }.map {
                    .init(x: Double($0), y: $1.value)
                }
            }
            let title = MetricsLine.Mean(metric, 0).title
            return LineChart(
                title: title.prefix(1).uppercased() + title.dropFirst(), unit: "",
                series: [
                    .init(name: "training", style: .first, points: points(ofValidation: false)),
                    .init(name: "validation", style: .second, points: points(ofValidation: true)),
                ].filter { !$0.points.isEmpty })
        }
    }

    /// Means over windows centred on each point (which do not lag behind as a running mean does), a twentieth of the run wide.
    package static func smoothed(_ points: [LineChart.Point]) -> [LineChart.Point] {
        let sums = points.reduce(into: [0.0]) { sums, point in sums.append((sums.last ?? 0) + point.y) }
        let reach = max(2, points.count / 40)
        return points.indices.map { index in
            let window = max(0, index - reach)..<min(points.count, index + reach + 1)
            let mean = (sums[window.upperBound] - sums[window.lowerBound]) / Double(window.count)
            return LineChart.Point(x: points[index].x, y: mean)
        }
    }
}
