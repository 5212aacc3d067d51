import ArgumentParser
import CatenaAdapters
import CatenaLearning
import CatenaEngine
import CatenaFiles
import CatenaModels
import Foundation

/// `catena bench generate`.
struct BenchGenerate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Measure greedy generation and the memory's read rate in turns.",
        discussion: """
            Random weights unless --model is given, random prompts, no stop token. share is the bytes of matrices that decoding \
            reads a second, divided by what a plain read of as many bytes reached.

            EXAMPLES:
              catena bench generate --shape smollm2-135m --batch 1 --prompt 64 --tokens 128 --threads 2
              catena bench generate --shape smollm2-135m --method lora --rank 8 --batch 8 --json
              catena bench generate --model models/smollm2 --adapter runs/first/adapter
            """)

    @Option(help: "\(BenchmarkShape.names.joined(separator: ", ")), or a config.json.")
    var shape = "smollm2-135m"
    @Option(help: ArgumentHelp("Model to take instead of random weights.", valueName: "path"), transform: expandedPath)
    var model: String?
    @Option(help: ArgumentHelp("Adapter of that model.", valueName: "folder"), transform: expandedPath)
    var adapter: String?
    @Option(help: "Adapter method on random weights; none without it.")
    var method: String?
    @Option(help: "Rank of the adapter; the method's own without it.")
    var rank: Int?
    @Option(help: "Sequences at once.")
    var batch = 1
    @Option(help: "Tokens of a prompt.")
    var prompt = 64
    @Option(help: "New tokens of a sequence.")
    var tokens = 128
    @Option(help: "Runs to measure, after one that is not.")
    var repetitions = 5
    @Flag(help: "Print one JSON object.")
    var json = false
    @OptionGroup var base: BaseComputeOption
    @OptionGroup var compute: ComputeOptions

    func validate() throws {
        if adapter != nil, model == nil { throw ValidationError("--adapter needs --model.") }
        if method != nil, model != nil { throw ValidationError("--method is for random weights; leave out --model.") }
        for (name, value, least) in [
            ("rank", rank ?? 1, 1), ("batch", batch, 1), ("prompt", prompt, 1), ("tokens", tokens, 2),
            ("repetitions", repetitions, 1),
        ]
        where value < least {
            throw ValidationError("--\(name) is \(value), expected at least \(least).")
        }
    }

    func run() throws {
        let engine = compute.engine()
        let model = try loaded(engine)
        let result = try GenerationBenchmark(
            model: model, batch: batch, prompt: prompt, newTokens: tokens, repetitions: repetitions
        ).run()
        json ? showJSON(result, threads: engine.threads.threads) : showTable(result, threads: engine.threads.threads)
    }

    private func loaded(_ engine: Engine) throws -> LanguageModel {
        if let path = model {
            let loaded = try LanguageModel.load(path, compute: base.baseCompute, engine: engine)
            if let adapter { try loaded.loadAdapter(adapter) }
            return loaded
        }
        let format = BaseFormat(compute: base.baseCompute)
        let made = try LanguageModel(
            configuration: BenchmarkShape.chosen(shape),
            weights: RandomFormattedWeights(format: format, engine: engine), engine: engine)
        if let method {
            let section = try AdapterOptions.section(method: method, rank: rank, set: [])
            _ = ParameterSet(try made.attachAdapters(section, seed: 0).parameters, memory: engine.memory)
            try made.initialiseFromWeights()
        }
        return made
    }

    private func showJSON(_ result: GenerationBenchmark.Result, threads: Int) {
        let value: JSONValue = [
            "model": .string(model ?? shape), "adapter": .string(adapter ?? method ?? "none"),
            "base_compute": .string(base.baseCompute.rawValue),
            "batch": .integer(batch), "prompt": .integer(prompt), "tokens": .integer(tokens),
            "threads": .integer(threads), "repetitions": .integer(repetitions),
            "tokens_per_second": result.tokensPerSecond.json,
            "decoded_tokens_per_second": result.decodedTokensPerSecond.json,
            "prompt_seconds": result.promptSeconds.json, "weight_bytes": .integer(result.weightBytes),
            "gigabytes_per_second": result.gigabytesPerSecond.json,
            "read_gigabytes_per_second": result.readGigabytesPerSecond.json, "share": .number(result.share),
            "new_buffers": .integer(result.newBuffers),
        ]
        StandardOutput.write(json: value.compactText() + "\n")
    }

    private func showTable(_ result: GenerationBenchmark.Result, threads: Int) {
        func number(_ spread: Spread, _ digits: Int) -> String {
            String(
                format: "%.\(digits)f  (min %.\(digits)f, max %.\(digits)f)", spread.median, spread.minimum,
                spread.maximum)
        }
        StandardOutput.write(
            """
            \(model ?? shape), \(base.baseCompute.rawValue), adapter \(adapter ?? method ?? "none"), \(batch) x (\(prompt) + \(tokens)) tokens, \
            \(threads) threads, \(repetitions) runs
            tokens/s          \(number(result.tokensPerSecond, 1))
            decoding only     \(number(result.decodedTokensPerSecond, 1))
            prompts' seconds  \(number(result.promptSeconds, 3))
            GB/s of matrices  \(number(result.gigabytesPerSecond, 1))
            GB/s read alone   \(number(result.readGigabytesPerSecond, 1))
            share             \(String(format: "%.3f", result.share))

            """)
    }
}
