import CatenaReporting
import Foundation

/// A sequence of tasks as one HTML file that needs nothing else: curves, the matrix of tasks, what was taken for what.
package struct IncrementalReport: Sendable {
    private let title: String
    private let result: IncrementalResult
    private let configuration: IncrementalConfiguration

    /// A page called `title`.
    package init(title: String, result: IncrementalResult, configuration: IncrementalConfiguration) {
        (self.title, self.result, self.configuration) = (title, result, configuration)
    }

    /// The whole page.
    package var html: String {
        HTMLPage(
            title: title, style: ComparisonReport.style,
            body: """
                <section>
                <h2>After each task</h2>
                <pre>\(htmlEscaped(result.text))</pre>
                </section>
                <div class="charts">
                \(accuracies.html)
                \(tasks.html)
                \(gammas.html)
                </div>
                <section>
                <h2>Accuracy on each task's classes</h2>
                \(matrix)
                <h2>What test samples were taken for</h2>
                \(confusions)
                </section>
                <section>
                <details>
                <summary>Configuration, with all defaults</summary>
                <pre>\(htmlEscaped(configuration.resolvedYAML))</pre>
                </details>
                </section>
                """
        ).text
    }

    private func points(_ value: (TaskResult) -> Double?) -> [LineChart.Point] {
        result.tasks.enumerated().compactMap { number, task in
            value(task).map { LineChart.Point(x: Double(number + 1), y: $0) }
        }
    }

    private var accuracies: LineChart {
        LineChart(
            title: "accuracy on all classes seen", unit: "after each task", over: "tasks", startsAtZero: true,
            series: [
                .init(name: "aligned", style: .first, points: points(\.accuracy)),
                .init(name: "before aligning", style: .second, points: points(\.accuracyBeforeAligning)),
            ])
    }

    private var tasks: LineChart {
        LineChart(
            title: "accuracy on each task's classes", unit: "after each task", over: "tasks", startsAtZero: true,
            series: result.tasks.indices.map { index in
                .init(
                    name: "task \(index + 1)", style: .hue(index),
                    points: points { index < $0.perTask.count ? $0.perTask[index] : nil })
            })
    }

    private var gammas: LineChart {
        LineChart(
            title: "γ", unit: "after each task", over: "tasks", startsAtZero: true,
            series: [.init(name: "γ", style: .first, points: points(\.gamma))])
    }

    private var matrix: String {
        let header = "<tr><th>after task</th>" + result.tasks.indices.map { "<th>\($0 + 1)</th>" }.joined() + "</tr>"
        let rows = result.tasks.enumerated().map { number, task in
            "<tr><td>\(number + 1)</td>" + task.perTask.map { String(format: "<td>%.3f</td>", $0) }.joined() + "</tr>"
        }
        return "<table>\n" + ([header] + rows).joined(separator: "\n") + "\n</table>"
    }

    private var confusions: String {
        let columns = [
            "after task", "old, right", "old for another old", "old for a new", "new, right", "new for an old",
            "new for another new",
        ]
        let rows = result.tasks.enumerated().map { number, task in
            let own = task.confusion
            let numbers = [
                number + 1, own.oldRight, own.oldForOld, own.oldForNew, own.newRight, own.newForOld, own.newForNew,
            ]
            return "<tr>" + numbers.map { "<td>\($0)</td>" }.joined() + "</tr>"
        }
        return "<table>\n<tr>" + columns.map { "<th>\($0)</th>" }.joined() + "</tr>\n" + rows.joined(separator: "\n")
            + "\n</table>"
    }
}
