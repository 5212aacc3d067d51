public import ArgumentParser
public import CatenaCore
import Foundation

/// `catena bench step`.
struct BenchStep: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "step",
        abstract: "Measure a training step and its GEMM floor in turns.",
        discussion: """
            Random weights; every position but the last of a sequence is learned; the adapter is on all linear layers; AdamW. \
            The floor is the frozen layers' matrix products alone. roofline_ratio is floor / step.

            EXAMPLES:
              catena bench step --shape smollm2-135m --rank 8 --batch 8 --sequence 256 --threads 2
              catena bench step --shape tinyllama-1.1b --batch 4 --recompute blocks --json
              catena bench step --shape model/config.json --steps 3
            """)

    @Option(help: "\(BenchmarkShape.names.joined(separator: ", ")), or a config.json.")
    var shape = "smollm2-135m"
    @Option(help: "Adapter method.")
    var method = "lora"
    @Option(help: "Rank of the adapter.")
    var rank = 8
    @Option(help: "Sequences of a step.")
    var batch = 8
    @Option(help: "Tokens of a sequence.")
    var sequence = 256
    @Option(help: "Steps to measure, after two that are not.")
    var steps = 5
    @Option(help: "What is computed again in the backward pass: none or blocks.")
    var recompute = GradientPass.Recompute.none
    @Flag(help: "Print one JSON object.")
    var json = false
    @OptionGroup var compute: ComputeOptions

    func validate() throws {
        if !BenchmarkShape.names.contains(shape), !shape.hasSuffix(".json") { throw unknownShape }
        for (name, value, least) in [
            ("rank", rank, 1), ("batch", batch, 1), ("sequence", sequence, 2), ("steps", steps, 1),
        ]
        where value < least {
            throw ValidationError("--\(name) is \(value), expected at least \(least).")
        }
    }

    private var unknownShape: ValidationError {
        ValidationError(
            "--shape is \(shape), expected \(BenchmarkShape.names.joined(separator: ", ")) or a config.json.")
    }

    func run() throws {
        let adapterMethod = try AdapterMethod.named(method)
        var section = adapterMethod.defaultSection
        section.rank = rank
        section.alpha = adapterMethod.defaultAlpha(rank)
        let engine = compute.engine()
        guard let configuration = try BenchmarkShape.configuration(shape) else { throw unknownShape }
        let result = try StepBenchmark(
            configuration: configuration, section: section, batch: batch, sequence: sequence, steps: steps,
            recompute: recompute
        ).run(engine)
        json ? showJSON(result, threads: engine.threads.threads) : showTable(result, threads: engine.threads.threads)
    }

    private func showJSON(_ result: StepBenchmark.Result, threads: Int) {
        func spread(_ spread: Spread) -> JSONValue {
            ["median": .double(spread.median), "min": .double(spread.minimum), "max": .double(spread.maximum)]
        }
        let value: JSONValue = [
            "shape": .string(shape), "method": .string(method), "rank": .integer(Int64(rank)),
            "batch": .integer(Int64(batch)), "sequence": .integer(Int64(sequence)), "threads": .integer(Int64(threads)),
            "steps": .integer(Int64(steps)), "recompute": .string(recompute.rawValue),
            "trainable_parameters": .integer(Int64(result.parameterCount)),
            "tokens_per_second": .double(result.tokensPerSecond), "seconds": spread(result.seconds),
            "floor_seconds": spread(result.floorSeconds), "peak_gb": .double(Double(result.peakBytes) / 1e9),
            "gemm_gflops": .double(result.gemmGFlops), "roofline_ratio": .double(result.rooflineRatio),
        ]
        StandardOutput.write(value.compactText() + "\n")
    }

    private func showTable(_ result: StepBenchmark.Result, threads: Int) {
        func number(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
        let (step, floor) = (result.seconds, result.floorSeconds)
        StandardOutput.write(
            """
            \(shape), \(method) rank \(rank), \(batch) x \(sequence) tokens, \(threads) threads, \(steps) steps
            tokens/s        \(number(result.tokensPerSecond, 1))
            step seconds    \(number(step.median, 3))  (min \(number(step.minimum, 3)), max \(number(step.maximum, 3)))
            floor seconds   \(number(floor.median, 3))  (min \(number(floor.minimum, 3)), max \(number(floor.maximum, 3))), \
            \(number(result.gemmGFlops, 1)) GFLOP/s
            floor / step    \(number(result.rooflineRatio, 3))
            peak memory     \(number(Double(result.peakBytes) / 1e9, 2)) GB

            """)
    }
}

extension GradientPass.Recompute: ExpressibleByArgument {}
