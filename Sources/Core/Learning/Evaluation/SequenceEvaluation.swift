import CatenaAdapters
package import CatenaFiles
package import CatenaModels

/// What a model with a head for whole sequences makes of examples, in groups whose losses are computed together.
package struct SequenceEvaluation {
    /// One judged example.
    package struct Outcome {
        /// Where it is in its file.
        package let line: RecordPlace
        /// What it is and what it was taken for.
        package let judgement: SegmentJudgement
        /// Whether tokens were cut off.
        package let wasCut: Bool
    }

    /// The classes, in the order of the scores; nil where numbers are predicted.
    package let labels: ClassLabels?
    /// What is measured: classification or regression.
    package let task: Task
    private let model: LanguageModel
    private let objective: any Objective

    /// - Throws: ``EvaluationError/wrongHead(_:task:)`` for a model that does not judge sequences, or not for `task`.
    package init(_ task: Task, model: LanguageModel) throws(EvaluationError) {
        guard let head = model.configuration.sequenceHead else { throw .wrongHead("a language model", task: task) }
        guard (task == .regression) == (head.labels.count == 1) else {
            throw .wrongHead("a model with \(head.labels.count) scores", task: task)
        }
        guard Set(head.labels).count == head.labels.count else {
            throw .wrongHead("a model whose labels have one name twice", task: task)
        }
        // An adapter holds what the model's files do not; nothing else does.
        guard head.madeModules.isEmpty || model.attached != nil else {
            throw .wrongHead(
                "a model whose files do not hold \(head.madeModules.sorted().joined(separator: " and "))", task: task)
        }
        (self.task, self.model) = (task, model)
        labels = task == .classification ? ClassLabels(head.labels, from: .model) : nil
        objective = task == .classification ? CrossEntropy() : SquaredError()
    }

    /// Judges `examples` in their order, up to ``LossEvaluation/examplesOfGroup`` at once.
    ///
    /// - Returns: the outcomes and the loss sum of each group.
    /// - Throws: ``DataError`` with all examples that cannot be used; ``EvaluationError/notFinite(place:)``.
    package func run(
        _ examples: [SourcedExample], encoder: any ExampleEncoding, onProgress: (Int) -> Void = { _ in }
    ) throws -> (outcomes: [Outcome], lossSums: [Double]) {
        let encoded = try encoder.encode(all: examples).map { $0[0] }
        var (outcomes, lossSums): ([Outcome], [Double]) = ([], [])
        for first in stride(from: 0, to: examples.count, by: LossEvaluation.examplesOfGroup) {
            let range = first..<min(first + LossEvaluation.examplesOfGroup, examples.count)
            var batch = Batch()
            for index in range {
                try model.requirePositions(encoded[index].inputIds.count)
                batch.append(encoded[index], exampleIndex: index)
            }
            for (loss, judgements) in try model.judgements([batch], objective: objective) {
                lossSums.append(loss.sum)
                for (index, judgement) in zip(range, judgements) {
                    guard judgement.isFinite else {
                        throw EvaluationError.notFinite(place: "\(examples[index].file):\(examples[index].line)")
                    }
                    outcomes.append(
                        Outcome(line: examples[index].line, judgement: judgement, wasCut: encoded[index].wasCut))
                }
            }
            onProgress(range.upperBound)
        }
        return (outcomes, lossSums)
    }
}

extension LanguageModel {
    /// The classes that the model tells apart, in the order of the scores.
    ///
    /// - Throws: ``EvaluationError/wrongHead(_:task:)`` for a model without.
    package func classes() throws(EvaluationError) -> ClassLabels {
        let evaluation = try SequenceEvaluation(.classification, model: self)
        return evaluation.labels ?? ClassLabels([], from: .model)
    }
}

extension SequenceEvaluation {
    /// The outcome as a member of a report: `{"line", "label", "prediction"}`, with `"correct"` for classes.
    package func json(_ outcome: Outcome) -> JSONValue {
        func text(_ target: SegmentTarget) -> JSONValue {
            switch target {
            case .category(let place): labels.map { .string($0.names[Int(place)]) } ?? .integer(Int(place))
            case .value(let value): .number(Double(value))
            }
        }
        var members = outcome.line.json.merging([
            "label": text(outcome.judgement.target), "prediction": text(outcome.judgement.prediction),
        ])
        if labels != nil { members["correct"] = .bool(outcome.judgement.target == outcome.judgement.prediction) }
        return .object(members)
    }

    /// The metrics of all answers that ``json(_:)`` gave, on any number of processes.
    package func metrics(_ answers: [JSONValue]) -> JSONObject {
        guard let labels else {
            let metrics = RegressionMetrics(
                targets: answers.map { $0["label"]?.doubleValue ?? .nan },
                predictions: answers.map { $0["prediction"]?.doubleValue ?? .nan })
            return [
                "mean_squared_error": .number(metrics.meanSquaredError), "pearson": .number(metrics.pearson),
                "examples": .integer(metrics.exampleCount),
            ]
        }
        let places = Dictionary(uniqueKeysWithValues: labels.names.enumerated().map { ($1, $0) })
        var metrics = ClassificationMetrics(categoryCount: labels.count)
        for answer in answers {
            guard let target = answer["label"]?.stringValue.flatMap({ places[$0] }),
                let prediction = answer["prediction"]?.stringValue.flatMap({ places[$0] })
            else { continue }
            metrics.add(target: target, prediction: prediction)
        }
        return [
            "accuracy": .number(metrics.accuracy), "macro_f1": .number(metrics.macroF1),
            "matthews": .number(metrics.matthews), "correct": .integer(metrics.correctCount),
            "examples": .integer(metrics.exampleCount),
            "classes": .array(
                zip(labels.names, metrics.categories).map { name, category in
                    [
                        "label": .string(name), "examples": .integer(category.exampleCount),
                        "predicted": .integer(category.predictedCount), "correct": .integer(category.correctCount),
                        "f1": .number(category.f1),
                    ]
                }),
        ]
    }
}
