package import CatenaFiles
import CatenaSchema
import Foundation

extension ComparisonTable {
    /// The table as it is printed, with its notes below.
    package var text: String {
        let columns = columns
        var lines = [columns.map(\.title)]
        if untrained != nil { lines.append(columns.map(\.untrained)) }
        lines += rows.map { row in columns.map { $0.cell(row) } }
        let widths = columns.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        func padded(_ text: String, _ column: Int) -> String {
            let space = String(repeating: " ", count: widths[column] - text.count)
            return columns[column].isText ? text + space : space + text
        }
        var result = lines.map { line in
            let text = line.enumerated().map { padded($0.element, $0.offset) }.joined(separator: "  ")
            return String(text.reversed().drop { $0 == " " }.reversed())
        }
        result.insert(String(repeating: "-", count: widths.reduce(0, +) + 2 * (widths.count - 1)), at: 1)
        return (result + [""] + notes).joined(separator: "\n") + "\n"
    }

    /// One line for each method, numbers in full precision, by RFC 4180.
    package var csv: String {
        var head = [
            "name", "method", "rank", "parameters", "learning_rate", "seeds", "validation_loss_mean",
            "validation_loss_sd",
            "training_loss_mean",
        ]
        for task in configuration.tasks { head += ["\(task.name)_mean", "\(task.name)_sd"] }
        head += ["tokens_per_second_mean", "peak_resident_bytes", "seconds_mean"]
        func number(_ value: Double?) -> String { value.flatMap { $0.isFinite ? "\($0)" : nil } ?? "" }
        let lines = rows.map { row in
            var fields = [
                row.name, row.method ?? "all", row.rank.map(String.init) ?? "", "\(row.parameters)",
                number(row.learningRate), "\(seedCount(row))", number(row.validationLoss.mean),
                number(row.validationLoss.standardDeviation), number(row.trainingLoss.mean),
            ]
            for task in configuration.tasks {
                fields += [number(row.scores[task.name]?.mean), number(row.scores[task.name]?.standardDeviation)]
            }
            return fields + [
                number(row.tokensPerSecond.mean), row.peakResidentBytes.values.max().map { "\(Int($0))" } ?? "",
                number(row.seconds.mean),
            ]
        }
        return ([head] + lines).map { $0.map(Self.quoted).joined(separator: ",") + "\n" }.joined()
    }

    private static func quoted(_ field: String) -> String {
        guard field.contains(where: { "\",\r\n".contains($0) }) else { return field }
        return "\"" + field.replacingOccurrences(of: "\"", with: "\"\"") + "\""
    }

    /// Everything in the table, and every learning rate that was tried.
    package var json: JSONValue {
        var members: JSONObject = [
            "budget": .object(
                JSONObject(configuration.budget.entries.map { ($0.key, .integer($0.value.integer ?? 0)) })),
            "seeds": .array(configuration.seeds.map { .integer($0) }),
            "selection": .string(configuration.selection.rawValue), "ranks": .array(ranks.map { .integer($0) }),
            "tasks": .array(
                configuration.tasks.map {
                    ["name": .string($0.name), "kind": .string($0.kind.rawValue), "file": .string($0.file)]
                }),
            "methods": .array(rows.map(json)), "notes": .array(notes.map { .string($0) }),
            "is_complete": .bool(rows.count == configuration.methods.count),
        ]
        if let untrained { members["untrained"] = untrained.json }
        return .object(members)
    }

    private func json(_ row: Row) -> JSONValue {
        [
            "name": .string(row.name), "method": row.method.map { .string($0) } ?? .null,
            "rank": row.rank.map { .integer($0) } ?? .null, "parameters": .integer(row.parameters),
            "misses_budget": .bool(misses(row)),
            "learning_rate": row.learningRate.map { .number($0) } ?? .null,
            "learning_rates": .array(
                row.trials.map {
                    [
                        "learning_rate": .number($0.learningRate), "validation_loss": $0.validationLoss.json,
                        "diverged": .integer($0.divergedCount),
                    ]
                }),
            "validation_loss": row.validationLoss.json, "training_loss": row.trainingLoss.json,
            "scores": .object(JSONObject(row.scores.mapValues(\.json))), "tokens_per_second": row.tokensPerSecond.json,
            "peak_resident_bytes": row.peakResidentBytes.json, "seconds": row.seconds.json,
        ]
    }
}
