import ArgumentParser
import CatenaLearning
import CatenaDistributed
import CatenaEngine
import CatenaFiles
import CatenaModels
import CatenaText
import Foundation

/// `catena evaluate`.
struct Evaluate: ParsableCommand, RunsOnAllRanks {
    /// What is measured.
    enum Task: String, ExpressibleByArgument, CaseIterable {
        case loss
        case exactMatch = "exact-match"
        case choice
        case classification
        case regression
    }

    static let configuration = CommandConfiguration(
        abstract:
            "Measure a model on data: loss and perplexity, answers that match, options chosen, classes or numbers.",
        discussion: """
            --task loss: mean loss per learned token and perplexity, with prompts and masks as in training.
            --task exact-match: generates the last answer of every example greedily and compares it with the example's own \
            by --answer-pattern, a regular expression whose first group is the answer; its last match counts. Without it: \
            the number after "####" or "the answer is", else the last number.
            --task choice: lines of {"prompt", "choices": [...], "answer": index}; the option with the lowest loss is chosen \
            (--length-normalised: the lowest loss for each byte of its text).

            --task classification: texts with a "label", judged by a model with a classification head: accuracy, macro F1, Matthews' \
            correlation, and what each class got. --task regression: mean squared error and Pearson's correlation. Either is \
            the default for an adapter that was trained for it.

            Under mpirun the examples are split over the ranks.

            EXAMPLES:
              catena evaluate --model models/smollm2 --data dev.jsonl
              mpirun -n 2 catena evaluate --model m --adapter a --data test.jsonl --task exact-match --output result.json
              catena evaluate --model m --data test.jsonl --task exact-match --answer-pattern 'Answer: (\\w+)' --limit 100
            """)

    @OptionGroup var models: ModelOptions
    @Option(help: ArgumentHelp("Examples: .jsonl, .json or .txt.", valueName: "file"), transform: expandedPath)
    var data: String
    @OptionGroup var mapping: ColumnOptions
    @Option(
        name: .customLong("task"),
        help: ArgumentHelp(
            "What is measured: loss, exact-match, choice, classification or regression. (default: what the model judges, or loss)",
            valueName: "task"))
    var chosenTask: Task?
    @Option(help: ArgumentHelp("Regular expression with one group, the answer.", valueName: "regex"))
    var answerPattern: String?
    @Option(help: "Only the first examples, this many.")
    var limit: Int?
    @Option(help: "Most tokens of a generated answer.")
    var maxTokens = 256
    @Flag(help: "choice: divide an option's loss by its length.")
    var lengthNormalised = false
    @Option(help: "Answers generated at the same time.")
    var batch = 16
    @Option(help: "loss: longer examples are cut. (default: the model's positions, at most 2048)")
    var maxLength: Int?
    @Option(help: "Chat template: auto (the model's own), chatml, llama2, llama3, alpaca, plain or a .jinja file.")
    var template = "auto"
    @Option(help: ArgumentHelp("Day that the template writes where it asks for the time.", valueName: "day"))
    var date = TemplateDate.standard.description
    @Option(
        help: ArgumentHelp("Write the result, with every answer, to this JSON file.", valueName: "file"),
        transform: expandedPath)
    var output: String?
    @Flag(help: "Print the result as one JSON object.")
    var json = false
    @OptionGroup var base: BaseComputeOption
    @OptionGroup var compute: ComputeOptions

    func validate() throws {
        for (name, value) in [("limit", limit), ("max-tokens", maxTokens), ("batch", batch)] {
            if let value, value < 1 { throw ValidationError("--\(name) is \(value), expected at least 1.") }
        }
        if TemplateDate(date) == nil {
            throw ValidationError("--date is \(date), expected a day such as \(TemplateDate.standard).")
        }
        if chosenTask != .exactMatch, answerPattern != nil {
            throw ValidationError("--answer-pattern belongs to --task exact-match.")
        }
        if chosenTask != .choice, lengthNormalised {
            throw ValidationError("--length-normalised belongs to --task choice.")
        }
    }

    func run() throws {
        try Job.run { communicator in
            let start = MonotonicClock.seconds()
            let engine = try compute.engine(communicator)
            let part = try communicator.agree("reading the model and the data") {
                if communicator.isRoot, let output { try DurableFile.requireWritable(output) }
                return try prepare(engine, communicator)
            }
            var result: JSONObject
            switch part.task {
            case .loss: result = try loss(part, communicator)
            case .exactMatch: result = try exactMatch(part, communicator)
            case .choice: result = try choice(part, communicator)
            case .classification, .regression: result = try judge(part, communicator)
            }
            try communicator.agree("checking the model's files") { try part.model.requireUnchangedBeforeResult() }
            guard communicator.isRoot else { return }
            result["seconds"] = .number(MonotonicClock.seconds() - start)
            result["ranks"] = .integer(communicator.size)
            result["task"] = .string(part.task.rawValue)
            result["data"] = .string(data)
            result["model"] = .string(models.model)
            if let adapter = models.adapter { result["adapter"] = .string(adapter) }
            if base.baseCompute != .float32 { result["base_compute"] = .string(base.baseCompute.rawValue) }
            if let output { try JSONValue.object(result).write(to: output) }
            show(result, of: part.task)
        }
    }

    struct Part {
        let task: Task
        let model: LanguageModel
        let tokenizer: Result<Tokenizer, any Error>
        let encoders: DataEncoders
        let pattern: AnswerPattern
        /// This process's examples; none for choice.
        let examples: [SourcedExample]
        /// This process's questions; only for choice.
        let questions: [ChoiceExample]
    }

    private func prepare(_ engine: Engine, _ communicator: any Communicator) throws -> Part {
        let pattern = try answerPattern.map { try AnswerPattern($0) } ?? .finalNumber
        _ = try WeightFiles.open(models.model)
        let task = try task()
        let tokenizer = Result { try Tokenizer.load(model: models.model) }
        let file =
            task == .choice
            ? nil : try ExampleReader.read(path: data, columns: mapping.columns, task: task.ofData)
        let choices = task == .choice ? try ChoiceFile(path: data, columns: mapping.columns) : nil
        let questions = choices?.examples.prefix(limit ?? Int.max) ?? []
        let all = file?.examples.prefix(limit ?? Int.max) ?? []
        // Whole groups, so that what goes through the model together does not depend on the ranks.
        let (count, size) = (
            all.count + questions.count, task == .loss || task.isJudged ? LossEvaluation.examplesOfGroup : 1
        )
        let groups = ReductionTree.share(
            of: (count + size - 1) / size, rank: communicator.rank, size: communicator.size)
        let share = (groups.lowerBound * size..<groups.upperBound * size).clamped(to: 0..<count)
        let model = try models.load(base, engine: engine)
        if communicator.isRoot { model.printNotes() }
        let encoders = try DataEncoders(
            tokenizer: tokenizer, template: template, date: TemplateDate(date) ?? .standard,
            maximumLength: maxLength ?? min(2048, model.configuration.maximumPositions), lengthName: "--max-length",
            task: task.ofData, labels: task == .classification ? try model.classes() : nil, model: model.configuration)
        if communicator.isRoot {
            for note in try encoders.encoder().notes + (file?.notes ?? choices?.notes ?? []) {
                StandardError.write(note + "\n")
            }
        }
        return Part(
            task: task, model: model, tokenizer: tokenizer, encoders: encoders, pattern: pattern,
            examples: task == .choice ? [] : Array(all[share]),
            questions: task == .choice ? Array(questions[share]) : [])
    }

    private func loss(_ part: Part, _ communicator: any Communicator) throws -> JSONObject {
        var cut = [0.0]
        let own = try communicator.agree("computing the loss") {
            let encoded = try part.encoders.encoder().encode(all: part.examples)
            cut = [Double(encoded.joined().count { $0.wasCut })]
            let progress = communicator.isRoot ? CountProgress("evaluated", total: encoded.count) : nil
            var own: [LossEvaluation] = []
            for first in stride(from: 0, to: encoded.count, by: LossEvaluation.examplesOfGroup) {
                let end = min(first + LossEvaluation.examplesOfGroup, encoded.count)
                var group = LossEvaluation()
                try group.add(Array(encoded[first..<end].joined()), model: part.model)
                own.append(group)
                progress?.update(end)
            }
            progress?.finish()
            return own
        }
        let all = unsafe try communicator.allGather(own.flatMap(\.sums).withUnsafeBytes { unsafe Array($0) }).flatMap {
            bytes in
            unsafe bytes.withUnsafeBytes { unsafe Array($0.bindMemory(to: Double.self)) }
        }
        let evaluation = LossEvaluation(
            adding: stride(from: 0, to: all.count, by: LossEvaluation().sums.count).map { first in
                var group = LossEvaluation()
                group.sums = Array(all[first..<first + group.sums.count])
                return group
            })
        try communicator.allReduceSum(&cut)
        guard evaluation.supervisedCount > 0 else { throw EvaluationError.nothingSupervised(path: data) }
        return [
            "loss": .number(evaluation.loss), "perplexity": .number(evaluation.perplexity),
            "examples": .integer(evaluation.exampleCount), "skipped": .integer(evaluation.skippedCount),
            "cut": .integer(Int(cut[0])),
            "tokens": .integer(evaluation.tokenCount),
            "supervised_tokens": .integer(evaluation.supervisedCount),
        ]
    }

    private func exactMatch(_ part: Part, _ communicator: any Communicator) throws -> JSONObject {
        let outcomes = try communicator.agree("generating answers") {
            let progress = communicator.isRoot ? CountProgress("answering", total: part.examples.count) : nil
            let exactMatch = ExactMatch(
                encoder: try part.encoders.textEncoder(), tokenizer: try part.tokenizer.get(), pattern: part.pattern)
            let outcomes = try exactMatch.run(part.examples, model: part.model, maximumTokens: maxTokens, batch: batch)
            { progress?.update($0) }
            progress?.finish()
            return outcomes
        }
        return try accuracy(outcomes.map(\.json), communicator)
    }

    private func choice(_ part: Part, _ communicator: any Communicator) throws -> JSONObject {
        let outcomes = try communicator.agree("scoring options") {
            let progress = communicator.isRoot ? CountProgress("scored", total: part.questions.count) : nil
            let accuracy = ChoiceAccuracy(
                encoder: try part.encoders.textEncoder(), isLengthNormalised: lengthNormalised)
            var outcomes: [ChoiceAccuracy.Outcome] = []
            for first in stride(from: 0, to: part.questions.count, by: 8) {
                let questions = part.questions[first..<min(first + 8, part.questions.count)]
                outcomes += try accuracy.run(Array(questions), model: part.model)
                progress?.update(outcomes.count)
            }
            progress?.finish()
            return outcomes
        }
        return try accuracy(outcomes.map(\.json), communicator)
    }

    /// Collective: what is right among all processes' answers; empty on all but process 0.
    private func accuracy(_ own: [JSONValue], _ communicator: any Communicator) throws -> JSONObject {
        guard let all = try gather(own, communicator) else { return [:] }
        let correct = all.count { $0["correct"]?.boolValue == true }
        return [
            "accuracy": .number(Double(correct) / Double(max(all.count, 1))), "correct": .integer(correct),
            "examples": .integer(all.count), "answers": .array(all),
        ]
    }

    /// Collective: all processes' answers in their order; nil on all but process 0.
    func gather(_ own: [JSONValue], _ communicator: any Communicator) throws -> [JSONValue]? {
        let text = JSONValue.array(own).compactText()
        return try communicator.gather(Array(text.utf8), to: 0)?.flatMap { bytes in
            try JSONValue.parse(String(decoding: bytes, as: UTF8.self), path: "gathered answers").arrayValue ?? []
        }
    }
}
