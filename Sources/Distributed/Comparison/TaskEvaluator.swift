import CatenaLearning
import CatenaModels

/// Measures a model on the test data of a comparison, the examples divided over the processes.
///
/// The number for an example depends on nothing but the example and the model, so scores do not depend on the number of
/// processes.
struct TaskEvaluator {
    /// Test examples, read once for all cells.
    enum Examples {
        case sourced([SourcedExample])
        case choices([ChoiceExample])

        init(_ task: ComparisonConfiguration.Task, report: (String) -> Void) throws {
            let limit = task.limit ?? .max
            switch task.kind {
            case .loss, .exactMatch:
                let file = try ExampleReader.read(path: task.file, columns: task.columns ?? [])
                for note in file.notes { report(note) }
                self = .sourced(Array(file.examples.prefix(limit)))
            case .choice:
                let file = try ChoiceFile(path: task.file, columns: task.columns ?? [])
                for note in file.notes { report(note) }
                self = .choices(Array(file.examples.prefix(limit)))
            }
        }

        var count: Int {
            switch self {
            case .sourced(let examples): examples.count
            case .choices(let examples): examples.count
            }
        }
    }

    private let trainer: Trainer
    private let encoder: any ExampleEncoding
    /// For tasks that write prompts, which need a tokenizer.
    private let textEncoder: Result<ExampleEncoder, any Error>
    private let note: (String) -> Void

    /// Tests the model of `trainer`.
    ///
    /// - Parameter note: receives what the user should know about the examples.
    init(_ trainer: Trainer, note: @escaping (String) -> Void) throws {
        self.trainer = trainer
        self.note = note
        let encoders = try trainer.testEncoders()
        encoder = try encoders.encoder()
        textEncoder = Result { try encoders.textEncoder() }
    }

    /// Examples of a process between two looks for a signal.
    private static let examplesAtOnce = 8

    /// Collective: the score on one task; nil if a signal asked to stop.
    func score(_ task: ComparisonConfiguration.Task, _ examples: Examples) throws -> TestResult.Score? {
        let communicator = trainer.communicator
        let share = ReductionTree.share(of: examples.count, rank: communicator.rank, size: communicator.size)
        let atOnce = task.kind == .exactMatch ? task.batch : Self.examplesAtOnce
        // Found on one process in the middle of a round, an example that is too long would leave the others waiting.
        try communicator.agree("encode the questions of \(task.name)") {
            guard case .choices(let all) = examples, !share.isEmpty else { return }
            let accuracy = ChoiceAccuracy(encoder: try textEncoder.get(), isLengthNormalised: false)
            for example in all[share] { _ = try accuracy.encode(example) }
        }
        // Every process has equally many rounds, some of them empty.
        let most = (examples.count + communicator.size - 1) / communicator.size
        var own: [Double] = []
        var cutCount = 0
        for first in stride(from: 0, to: most, by: atOnce) {
            let range = (share.lowerBound + first..<share.lowerBound + first + atOnce).clamped(to: share)
            let failure = Result { own += try numbers(task, examples, range, &cutCount) }
            try communicator.agree("evaluate \(task.name)") { try failure.get() }
            if try communicator.isStopRequested() { return nil }
        }
        var cut = [Double(cutCount)]
        try communicator.allReduceSum(&cut)
        if cut[0] > 0 {
            note(
                "\(task.file): \(Int(cut[0])) of \(examples.count) examples were cut to \(encoder.maximumLength) tokens."
            )
        }
        return try combine(own, task, count: examples.count)
    }

    /// What the examples of a range add: for a loss pairs of sum and weight, else 1 or 0 for each.
    private func numbers(
        _ task: ComparisonConfiguration.Task, _ examples: Examples, _ range: Range<Int>,
        _ cutCount: inout Int
    ) throws -> [Double] {
        guard !range.isEmpty || trainer.isSharded else { return [] }
        switch (task.kind, examples) {
        case (.choice, .choices(let all)):
            return try ChoiceAccuracy(encoder: try textEncoder.get(), isLengthNormalised: task.isLengthNormalised)
                .run(Array(all[range]), model: trainer.model).map { $0.isCorrect ? 1 : 0 }
        case (.exactMatch, .sourced(let all)):
            guard !trainer.isSharded else {
                throw TrainingError.unsupported(
                    key: "distributed.placement", value: "sharded",
                    supported: "node or replicated, because \(task.name) generates answers")
            }
            let pattern = try task.answerPattern.map { try AnswerPattern($0) } ?? .finalNumber
            return try ExactMatch(
                encoder: try textEncoder.get(), tokenizer: try trainer.tokenizer(), pattern: pattern
            )
            .run(Array(all[range]), model: trainer.model, maximumTokens: task.maximumTokens, batch: task.batch)
            .map { $0.isCorrect ? 1 : 0 }
        case (_, .sourced(let all)):
            let all = try encoder.encode(all: all[range]).joined()
            cutCount += all.count { $0.wasCut }
            let encoded = all.filter { $0.supervisedCount > 0 }
            let inputs = encoded.map { example in
                var batch = Batch()
                batch.append(example, exampleIndex: 0)
                return batch
            }
            return try trainer.model.losses(inputs).flatMap { [$0.sum, $0.weight] }
        case (_, .choices): return []
        }
    }

    /// All processes' numbers in the order of the examples, as one.
    private func combine(_ own: [Double], _ task: ComparisonConfiguration.Task, count: Int) throws -> TestResult.Score {
        let parts = unsafe try trainer.communicator.allGather(own.withUnsafeBytes { unsafe Array($0) })
        let all = parts.flatMap { part in unsafe part.withUnsafeBytes { unsafe Array($0.bindMemory(to: Double.self)) } }
        guard task.kind == .loss else {
            return .init(value: all.reduce(0, +) / Double(max(count, 1)), examples: count)
        }
        let (sum, weight) = stride(from: 0, to: all.count, by: 2).reduce((0.0, 0.0)) {
            ($0.0 + all[$1], $0.1 + all[$1 + 1])
        }
        guard weight > 0 else { throw EvaluationError.nothingSupervised(path: task.file) }
        return .init(value: sum / weight, examples: count)
    }
}
