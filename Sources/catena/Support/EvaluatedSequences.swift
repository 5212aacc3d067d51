import CatenaAdapters
import CatenaLearning
import CatenaDistributed
import CatenaFiles
import CatenaModels
import CatenaReporting
import Foundation

extension Evaluate.Task {
    /// Whether whole sequences are judged.
    var isJudged: Bool { self == .classification || self == .regression }

    /// What the examples are for.
    var ofData: CatenaModels.Task {
        switch self {
        case .classification: .classification
        case .regression: .regression
        case .loss, .exactMatch, .choice: .languageModel
        }
    }
}

extension Evaluate {
    /// What is measured: what was asked for, else what the adapter, or the model, was made for.
    func task() throws -> Task {
        if let chosenTask { return chosenTask }
        let purpose = try models.adapter.map { try ModelPurpose(adapter: $0) } ?? ModelPurpose()
        guard let head = try ModelFiles(modelAt: models.model, for: purpose).configuration.sequenceHead else {
            return .loss
        }
        return head.labels.count == 1 ? .regression : .classification
    }

    /// Collective: what the model makes of whole sequences; empty on all but process 0.
    func judge(_ part: Part, _ communicator: any Communicator) throws -> JSONObject {
        var (own, sums): ([JSONValue], [Double]) = ([], [])
        let evaluation = try communicator.agree("judging sequences") {
            let evaluation = try SequenceEvaluation(part.task.ofData, model: part.model)
            let progress = communicator.isRoot ? CountProgress("judged", total: part.examples.count) : nil
            let result = try evaluation.run(part.examples, encoder: try part.encoders.encoder()) {
                progress?.update($0)
            }
            progress?.finish()
            own = result.outcomes.map(evaluation.json)
            sums = [Double(result.outcomes.count { $0.wasCut })] + result.lossSums
            return evaluation
        }
        let bytes = unsafe sums.withUnsafeBytes { unsafe Array($0) }
        let gathered = try communicator.allGather(bytes).map { part in
            unsafe part.withUnsafeBytes { unsafe Array($0.bindMemory(to: Double.self)) }
        }
        guard let answers = try gather(own, communicator) else { return [:] }
        var result = evaluation.metrics(answers)
        result["loss"] = .number(gathered.flatMap { $0.dropFirst() }.reduce(0, +) / Double(max(answers.count, 1)))
        result["cut"] = .integer(Int(gathered.reduce(0) { $0 + ($1.first ?? 0) }))
        result["answers"] = .array(answers)
        return result
    }

    /// The metrics for people, with the classes where they are few.
    func judgementText(_ result: JSONObject, examples: String) -> String {
        func number(_ key: String) -> String { String(format: "%.4f", result[key]?.doubleValue ?? .nan) }
        let cut = result["cut"]?.intValue ?? 0
        let over = "over        \(examples)\(cut > 0 ? ", \(cut) cut to the maximal length" : "")\n"
        guard let classes = result["classes"]?.arrayValue else {
            return """
                mean squared error  \(number("mean_squared_error"))
                Pearson             \(number("pearson"))
                over                \(examples)\(cut > 0 ? ", \(cut) cut to the maximal length" : "")

                """
        }
        let isShort = classes.count <= 30
        let rows =
            [["class", "examples", "predicted", "correct", "F1"]]
            + (isShort ? classes : []).map { one in
                ["label", "examples", "predicted", "correct"].map { key in
                    one[key]?.stringValue.map { PrintableText.escaped(name: $0) } ?? "\(one[key]?.intValue ?? 0)"
                } + [String(format: "%.4f", one["f1"]?.doubleValue ?? .nan)]
            }
        return """
            accuracy    \(number("accuracy")) (\(result["correct"]?.intValue ?? 0) right)
            macro F1    \(number("macro_f1"))
            Matthews    \(number("matthews"))
            loss        \(number("loss"))

            """ + over
                + (isShort
                    ? TextTable.lines(rows).joined(separator: "\n") + "\n"
                    : "--json has each of the \(classes.count) classes\n")
    }
}
