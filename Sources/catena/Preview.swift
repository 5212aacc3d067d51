import ArgumentParser
import CatenaLearning
import CatenaFiles
import CatenaModels
import CatenaText
import Foundation

/// `catena preview`.
struct Preview: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show examples as training sees them: text, tokens, and what of them is learned.",
        discussion: """
            With --config, model, data, template and length are those of the run, and longer examples are cut as in training; \
            options beside it win. Without it nothing is cut. What is learned is green on a terminal and between ⟦ and ⟧ \
            elsewhere.

            --json: an object a line, {"text", "input_ids", "labels", "notes"}; labels are -100 where nothing is learned, text \
            is null for token ids of a model without a tokenizer. With --task classification or regression "label", "category" and \
            "token_type_ids" beside them; with --task preference two objects an example, "answer" says which.

            EXAMPLES:
              catena preview --model models/smollm2 --data train.jsonl
              catena preview --config run.yaml -n 1
              catena preview --model models/smollm2 --data train.jsonl --template chatml -n 100 --json | head -3
            """)

    @Option(
        help: ArgumentHelp("Model: a Hugging Face folder or a .gguf file; weights are not read.", valueName: "path"),
        transform: expandedPath)
    var model: String?
    @Option(help: ArgumentHelp("Examples: .jsonl, .json or .txt.", valueName: "file"), transform: expandedPath)
    var data: String?
    @Option(help: ArgumentHelp("Configuration of a run (YAML).", valueName: "file"), transform: expandedPath)
    var config: String?
    @Option(
        help:
            "Chat template: auto, chatml, llama2, llama3, alpaca, plain or a .jinja file. (default: the configuration's, or auto)"
    )
    var template: String?
    @Option(
        help: ArgumentHelp(
            "What the examples are for: language-model, classification, regression, preference. (default: the configuration's, or language-model)",
            valueName: "task"), transform: Self.task)
    var task: CatenaModels.Task?
    @OptionGroup var mapping: ColumnOptions
    @Option(name: [.customShort("n"), .customLong("count")], help: "The first examples, this many.")
    var count = 5
    @Flag(help: "Print one JSON object for each example.")
    var json = false

    func validate() throws {
        if count < 1 { throw ValidationError("-n is \(count), expected at least 1.") }
        if config == nil, model == nil || data == nil {
            throw ValidationError("Give --model and --data, or --config.")
        }
    }

    func run() throws {
        let run = try config.map { try RunConfiguration.load(path: $0) }
        let path = model ?? run?.model ?? ""
        guard FileManager.default.fileExists(atPath: path) else { throw FileError.missing(path: path) }
        let description = Result { try ModelFamily.configuration(at: path) }
        if case .failure(let problem) = description {
            StandardError.write("token ids and lengths are not compared with the model: \(problem)\n")
        }
        let tokenizer = Result { try Tokenizer.load(model: path) }
        let known = try? description.get()
        if known?.images != nil {
            throw ValidationError("\(path) is a model of images, and this shows what is learned of texts.")
        }
        let task = task ?? run?.task ?? .languageModel
        let columns = mapping.columns.isEmpty ? run?.data.columns ?? [] : mapping.columns
        let file = try ExampleReader.read(path: data ?? run?.data.train ?? "", columns: columns, task: task)
        // The classes are those of the run, whatever data are looked at.
        let labels =
            task == .classification
            ? try ClassLabels.choose(
                given: run?.labels ?? [], model: path,
                examples: run.map { $0.data.train == file.path } ?? true
                    ? file
                    : try ExampleReader.read(path: run?.data.train ?? "", columns: run?.data.columns ?? [], task: task))
            : nil
        let encoder = try DataEncoders(
            tokenizer: tokenizer, template: template ?? run?.data.template ?? "auto",
            date: run?.data.date ?? .standard,
            maximumLength: run?.data.maxLength ?? Int(Int32.max), lengthName: "data.max-length", task: task,
            labels: labels,
            model: known.map { run == nil ? Self.withoutPositionLimit($0) : $0 }
        ).encoder()
        var previews: [ExamplePreview] = []
        var faults = DataFaults()
        for sourced in file.examples.prefix(count) {
            do throws(DataError) {
                previews += try ExamplePreview.make(
                    sourced, encoder: encoder, tokenizer: try? tokenizer.get(), positions: known?.maximumPositions)
            } catch {
                if case .tokenizerNeeded = error { throw error }
                faults.add(error)
            }
        }
        try faults.requireNone()
        for note in encoder.notes + file.notes { StandardError.write(note + "\n") }
        let style = PreviewStyle.detect()
        for preview in previews.prefix(task == .preference ? 2 * count : count) {
            if json {
                StandardOutput.write(json: preview.json.compactText() + "\n")
            } else {
                StandardOutput.write(verbatim: style.text(preview))
            }
        }
    }

    /// The same model for lengths that are only told, not cut.
    private static func withoutPositionLimit(_ model: ModelConfiguration) -> ModelConfiguration {
        var model = model
        model.maximumPositions = Int(Int32.max)
        return model
    }

    @Sendable private static func task(_ name: String) throws -> CatenaModels.Task {
        let supported = CatenaModels.Task.supported
        guard let task = CatenaModels.Task(rawValue: name), supported.contains(task) else {
            throw ValidationError(
                "--task \(name): expected one of \(supported.map(\.rawValue).joined(separator: ", ")).")
        }
        return task
    }
}
