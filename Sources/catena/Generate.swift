import ArgumentParser
import CatenaLearning
import CatenaFiles
import CatenaModels
import CatenaText
import Foundation

/// `catena generate`.
struct Generate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Continue a prompt with a model and print the text as it comes.",
        discussion: """
            The prompt is put into the model's own chat template; --raw takes it as it is, as does a model without a template.

            EXAMPLES:
              catena generate --model models/smollm2 --prompt "What is the capital of France?"
              catena generate --model m --adapter runs/first/adapter --prompt-file question.txt --max-tokens 64
              catena generate --model m --prompt "Once upon a time" --raw --temperature 0.8 --top-p 0.95 --seed 7
              catena generate --model m --prompt "Write a poem." --base-compute int8 --verbose
            """)

    @OptionGroup var models: ModelOptions
    @Option(help: "The prompt.")
    var prompt: String?
    @Option(
        help: ArgumentHelp("File with the prompt, or - for standard input.", valueName: "file"), transform: expandedPath
    )
    var promptFile: String?
    @Option(help: "System message before the prompt.")
    var system: String?
    @Option(help: "Chat template: auto (the model's own), chatml, llama2, llama3, alpaca, plain or a .jinja file.")
    var template = "auto"
    @Option(
        help: ArgumentHelp(
            "Day that the template writes where it asks for the time. (default: today)", valueName: "day"))
    var date: String?
    @Flag(help: "Continue the prompt as it is, without a chat template.")
    var raw = false
    @Option(help: "Most tokens to generate.")
    var maxTokens = 256
    @Option(help: "0 takes the most probable token, higher values vary more.")
    var temperature = 0.0
    @Option(help: "Draw from the most probable tokens that together reach this probability.")
    var topP = 1.0
    @Option(help: "Seed of the draws.")
    var seed: UInt64 = 0
    @Flag(help: "Print token counts and speed to standard error.")
    var verbose = false
    @Flag(help: "Print one JSON object with the text, counts and speed instead of the text.")
    var json = false
    @OptionGroup var base: BaseComputeOption
    @OptionGroup var compute: ComputeOptions

    func validate() throws {
        if (prompt == nil) == (promptFile == nil) { throw ValidationError("Give either --prompt or --prompt-file.") }
        if raw, system != nil { throw ValidationError("--system needs a chat template; leave out --raw.") }
        if let date, TemplateDate(date) == nil {
            throw ValidationError("--date is \(date), expected a day such as \(TemplateDate.standard).")
        }
        if maxTokens < 1 { throw ValidationError("--max-tokens is \(maxTokens), expected at least 1.") }
        if !(temperature >= 0 && temperature.isFinite) {
            throw ValidationError("--temperature is \(temperature), expected 0 or more.")
        }
        if !(topP > 0 && topP <= 1) {
            throw ValidationError("--top-p is \(topP), expected a number above 0, at most 1.")
        }
    }

    func run() throws {
        let text = try promptText()
        guard !text.allSatisfy(\.isWhitespace) else {
            throw EvaluationError.emptyPrompt(place: promptFile ?? "--prompt")
        }
        let tokenizer = try models.tokenizer()
        let encoded = try encode(text, tokenizer: tokenizer)
        let model = try models.load(base, engine: compute.engine())
        model.printNotes()
        let room = model.configuration.maximumPositions - encoded.ids.count
        guard room > 0 else {
            throw EvaluationError.promptTooLong(
                place: promptFile ?? "--prompt", tokenCount: encoded.ids.count,
                maximumTokens: model.configuration.maximumPositions)
        }
        var stream = TextStream(tokenizer: tokenizer)
        let start = MonotonicClock.seconds()
        var first = start
        let ids = try Generator(model: model, stopIds: encoded.stopIds).generate(
            [encoded.ids], maximumTokens: min(maxTokens, room),
            sampler: { _ in Sampler(temperature: temperature, topP: topP, seed: seed) }
        ) { _, id in
            if stream.isEmpty { first = MonotonicClock.seconds() }
            let piece = stream.append(id)
            if !json { StandardOutput.write(verbatim: piece) }
        }[0]
        let end = MonotonicClock.seconds()
        let speed = ids.count > 1 ? Double(ids.count - 1) / max(end - first, 1e-9) : 0
        if !json { StandardOutput.write(verbatim: stream.finish() + "\n") }
        try model.requireUnchangedBeforeResult()
        let promptSeconds = ids.isEmpty ? end - start : first - start
        if json {
            let result: JSONValue = [
                "text": .string(stream.text), "prompt_tokens": .integer(encoded.ids.count),
                "generated_tokens": .integer(ids.count), "prompt_seconds": .number(promptSeconds),
                "seconds": .number(end - start), "tokens_per_second": .number(speed),
                "stopped": .string(ids.count < min(maxTokens, room) ? "end" : "length"),
            ]
            StandardOutput.write(json: result.compactText() + "\n")
        }
        if verbose {
            StandardError.write(
                "prompt: \(encoded.ids.count) tokens in \(Self.short(promptSeconds)) s; "
                    + "answer: \(ids.count) tokens, \(Self.short(speed)) tokens/s\n")
        }
    }

    private func promptText() throws -> String {
        if let prompt { return prompt }
        var lines = try LineReader(path: promptFile ?? "-")
        var text: [String] = []
        while let batch = try lines.next() { text += batch }
        return text.joined(separator: "\n")
    }

    private func encode(_ text: String, tokenizer: Tokenizer) throws -> (ids: [Int32], stopIds: [Int32]) {
        let chat = try ChatTemplate(
            named: raw ? BuiltInTemplate.plain.rawValue : template, tokenizer: tokenizer, date: day)
        let encoder = try ExampleEncoder(tokenizer: tokenizer, template: chat, maximumLength: 1 << 30)
        var example = Example.completion(prompt: text, completion: "")
        if let system {
            example = .conversation(Conversation(messages: [.init("system", system), .init("user", text)]))
        }
        let place = promptFile ?? "--prompt"
        guard let prompt = try encoder.prompt(for: SourcedExample(example, file: place, line: 1)) else {
            throw EvaluationError.emptyPrompt(place: place)
        }
        if !raw, verbose || chat.source != .model { StandardError.write(chat.choice + "\n") }
        return (prompt.inputIds, prompt.stopIds)
    }

    /// The day that the template writes where it asks for the time: today, unless another one is given.
    private var day: TemplateDate { date.flatMap { TemplateDate($0) } ?? .today() }

    private static func short(_ number: Double) -> String { "\((number * 100).rounded() / 100)" }
}
