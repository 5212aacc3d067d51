import CatenaModels
import CatenaReporting
import Foundation

extension ComparisonTable {
    /// A column as people read it, and what is in it.
    struct Column {
        var title: String
        var isText = false
        var untrained = ""
        var cell: (Row) -> String
    }

    /// The columns of the printed table and of the page.
    var columns: [Column] {
        var columns = [
            Column(title: "method", isText: true, untrained: "untrained") { $0.name },
            Column(title: "rank") { $0.rank.map(String.init) ?? "" },
            Column(title: "parameters", untrained: "0") { (misses($0) ? "* " : "") + Self.grouped($0.parameters) },
            Column(title: "learning rate") { $0.learningRate.map { "\($0)" } ?? "all diverged" },
            Column(title: "seeds") { "\(seedCount($0))" },
            Column(
                title: "validation loss", untrained: untrained?.validationLoss.map { Self.decimal($0, 4) } ?? ""
            ) { Self.text($0.validationLoss, digits: 4) },
        ]
        for task in configuration.tasks {
            let scale = task.kind == .loss ? 1.0 : 100
            let digits = task.kind == .loss ? 4 : 1
            columns.append(
                Column(
                    title: task.kind == .loss ? "\(task.name), loss" : "\(task.name), %",
                    untrained: untrained?.scores[task.name].map { Self.decimal(scale * $0.value, digits) } ?? ""
                ) { Self.text($0.scores[task.name] ?? SeedSpread([]), scale: scale, digits: digits) })
        }
        if averagesTasks {
            columns.append(
                Column(
                    title: "mean of tasks, %",
                    untrained: untrained.flatMap(meanScore).map { Self.decimal(100 * $0, 1) } ?? ""
                ) {
                    Self.text(meanScore($0), scale: 100, digits: 1)
                })
        }
        return columns + [
            Column(title: "tokens/s") { Self.text($0.tokensPerSecond, digits: 0, withDeviation: false) },
            Column(title: "memory, GB") {
                Self.text(SeedSpread($0.peakResidentBytes.values.max().map { [$0] } ?? []), scale: 1e-9, digits: 2)
            },
            Column(title: "time") { DurationText.clock(seconds: $0.seconds.mean) },
        ]
    }

    /// Whether a method's size is not the one that was asked for.
    func misses(_ row: Row) -> Bool { configuration.budget.isMissed(by: row.parameters) }

    /// Tasks that are judged by a part of right answers.
    var accuracyTasks: [ComparisonConfiguration.Task] { configuration.tasks.filter { $0.kind != .loss } }

    /// Whether one number over several tasks says more than each.
    var averagesTasks: Bool { accuracyTasks.count > 1 }

    /// The unweighted mean over the tasks, for each seed.
    func meanScore(_ row: Row) -> SeedSpread {
        let lists = accuracyTasks.map { row.scores[$0.name]?.values ?? [] }
        let count = lists.map(\.count).min() ?? 0
        return SeedSpread((0..<count).map { seed in lists.reduce(0) { $0 + $1[seed] } / Double(lists.count) })
    }

    /// The same of the untrained model.
    func meanScore(_ untrained: TestResult) -> Double? {
        let values = accuracyTasks.compactMap { untrained.scores[$0.name]?.value }
        return values.count == accuracyTasks.count ? values.reduce(0, +) / Double(values.count) : nil
    }

    /// `0.5123 ± 0.0012`; without a deviation for one value, `-` for none.
    static func text(
        _ spread: SeedSpread, scale: Double = 1, digits: Int, withDeviation: Bool = true
    ) -> String {
        guard !spread.values.isEmpty else { return "-" }
        let mean = decimal(scale * spread.mean, digits)
        guard withDeviation, let deviation = spread.standardDeviation else { return mean }
        return "\(mean) ± \(decimal(scale * deviation, digits))"
    }

    static func decimal(_ value: Double, _ digits: Int) -> String {
        value.isFinite ? String(format: "%.\(digits)f", value) : "-"
    }

    /// Digits in groups of three with commas between.
    static func grouped(_ value: Int) -> String {
        let digits = Array(String(value))
        return digits.enumerated().map { index, digit in
            index > 0 && (digits.count - index).isMultiple(of: 3) ? ",\(digit)" : String(digit)
        }.joined()
    }

    /// What a reader must know to read the numbers rightly.
    package var notes: [String] {
        var notes = [
            "Budget: \(configuration.budget.summary), the same for every method; \(ranks.map(String.init).joined(separator: " or ")) \(ranks == [1] ? "rank" : "ranks").",
            "Numbers are mean ± sample standard deviation over the seeds \(configuration.seeds.map(String.init).joined(separator: ", "))"
                + (configuration.seeds.count == 1
                    ? ", so without a deviation: one seed cannot tell a difference from chance." : "."),
        ]
        if let note = configuration.budget.missNote(rows.map { ($0.name, $0.parameters) }) { notes.append("* " + note) }
        if configuration.methods.contains(where: { $0.learningRates.count > 1 }) {
            let seeds = configuration.selection == .firstSeed ? "with the first seed" : "over all seeds"
            notes.append(
                "Each method's learning rate is the one with the lowest validation loss \(seeds)"
                    + (configuration.tasks.isEmpty
                        ? "." : "; only runs at that rate were tested, once each, and no choice depends on a test."))
        } else if !configuration.tasks.isEmpty {
            notes.append(
                "Every method has one given learning rate; its runs were tested once each, after the last step.")
        }
        if configuration.methods.contains(where: { $0.run.chain != nil }) {
            notes.append(
                "A chain's parameters are those trained at one time; the adapter that it leaves holds every link.")
        }
        let diverged = rows.flatMap { row in
            row.trials.filter { $0.divergedCount > 0 }.map { (row.name, $0.learningRate) }
        }
        if !diverged.isEmpty {
            notes.append("Diverged: " + diverged.map { "\($0) at \($1)" }.joined(separator: ", ") + ".")
        }
        if rows.count < configuration.methods.count {
            notes.append(
                "Not finished: \(configuration.methods.count - rows.count) of \(configuration.methods.count) methods.")
        }
        return notes + [
            "Memory: the most that rank 0 held after a step of a run; time: in steps, of one run; both without tests."
        ]
    }
}
