public import ArgumentParser
import CatenaAdapters
import CatenaLearning
import CatenaEngine
import CatenaFiles
import CatenaModels
import Foundation

/// `catena bench step`.
struct BenchStep: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "step",
        abstract: "Measure a training step and its GEMM floor in turns.",
        discussion: """
            Random weights; every position but the last of a sequence is learned; the adapter is on all linear layers; AdamW. \
            The floor is the frozen layers' matrix products alone, by the kernels that the step uses and by OpenBLAS. \
            roofline_ratio is floor / step. --profile says where the step goes; the products of the frozen layers include \
            what the adapter adds to their results in the same pass.

            EXAMPLES:
              catena bench step --shape smollm2-135m --rank 8 --batch 8 --sequence 256 --threads 2
              catena bench step --shape tinyllama-1.1b --batch 4 --recompute blocks --json
              catena bench step --method dora --against lora --threads 1
              catena bench step --shape model/config.json --steps 3 --profile
            """)

    @Option(help: "\(BenchmarkShape.names.joined(separator: ", ")), or a config.json.")
    var shape = "smollm2-135m"
    @Option(help: "Adapter method.")
    var method = "lora"
    @Option(help: "Rank of the adapter. (default: the method's)")
    var rank: Int?
    @Option(help: ArgumentHelp("A key of the adapter section; may be repeated.", valueName: "adapter.key=value"))
    var set: [String] = []
    @Option(
        help: ArgumentHelp(
            "Take turns with another method at its default rank on the same model, and print the ratio.",
            valueName: "method"))
    var against: String?
    @Option(help: "Sequences of a step.")
    var batch = 8
    @Option(help: "Tokens of a sequence.")
    var sequence = 256
    @Option(help: "Steps to measure, after two that are not.")
    var steps = 5
    @Option(help: "What is computed again in the backward pass: none or blocks.")
    var recompute = GradientPass.Recompute.none
    @Flag(help: "Print where a step goes.")
    var profile = false
    @Option(help: "How frozen matrices are kept: float32, bfloat16, int8 or auto.")
    var baseStorage = BaseStorage.auto
    @Option(help: "What their products are computed in: float32 or int8.")
    var baseCompute = BaseCompute.float32
    @Flag(help: "Print one JSON object.")
    var json = false
    @OptionGroup var compute: ComputeOptions

    func validate() throws {
        _ = try format()
        if !BenchmarkShape.names.contains(shape), !shape.hasSuffix(".json") { throw BenchmarkShape.unknown(shape) }
        for (name, value, least) in [
            ("rank", rank ?? 1, 1), ("batch", batch, 1), ("sequence", sequence, 2), ("steps", steps, 1),
        ]
        where value < least {
            throw ValidationError("--\(name) is \(value), expected at least \(least).")
        }
    }

    private func format() throws -> BaseFormat {
        guard let format = BaseFormat(storage: baseStorage, compute: baseCompute) else {
            throw ValidationError("--base-compute int8 needs --base-storage int8 or auto, not \(baseStorage.rawValue).")
        }
        return format
    }

    func run() throws {
        let section = try AdapterOptions.section(method: method, rank: rank, set: set)
        let engine = compute.engine()
        let configuration = try BenchmarkShape.chosen(shape)
        let benchmark = StepBenchmark(
            configuration: configuration, section: section, batch: batch, sequence: sequence, steps: steps,
            recompute: recompute, profiles: profile, format: try format())
        if let against {
            let other = try AdapterOptions.section(method: against, rank: nil, set: [])
            return show(try benchmark.compare(with: other, engine), section, against: against, engine)
        }
        let result = try benchmark.run(engine)
        let threads = engine.threads.threads
        json ? showJSON(result, section, threads: threads) : showTable(result, section, threads: threads)
    }

    private func show(
        _ comparison: StepComparison, _ section: AdapterSection, against: String, _ engine: Engine
    ) {
        guard json else {
            return StandardOutput.write(comparison.text("\(method) rank \(section.rank)", against: against))
        }
        let work: JSONObject = [
            "shape": .string(shape), "method": .string(method), "rank": .integer(section.rank),
            "against": .string(against), "batch": .integer(batch), "sequence": .integer(sequence),
            "threads": .integer(engine.threads.threads), "steps": .integer(steps),
            "recompute": .string(recompute.rawValue),
        ]
        StandardOutput.write(json: JSONValue.object(work.merging(comparison.json)).compactText() + "\n")
    }

    private func showJSON(
        _ result: StepBenchmark.Result, _ section: AdapterSection, threads: Int
    ) {
        var fields: JSONObject = [
            "shape": .string(shape), "method": .string(method), "rank": .integer(section.rank),
            "batch": .integer(batch), "sequence": .integer(sequence), "threads": .integer(threads),
            "steps": .integer(steps), "recompute": .string(recompute.rawValue),
            "base_storage": .string(baseStorage.rawValue), "base_compute": .string(baseCompute.rawValue),
            "trainable_parameters": .integer(result.parameterCount),
            "tokens_per_second": .number(result.tokensPerSecond), "seconds": result.seconds.json,
            "floor_seconds": result.floorSeconds.json, "peak_gb": .number(Double(result.peakBytes) / 1e9),
            "gemm_gflops": .number(result.gemmGFlops), "roofline_ratio": .number(result.rooflineRatio),
            "openblas_floor_seconds": result.openBLASFloorSeconds.json,
            "openblas_ratio": .number(result.openBLASRatio),
            "system_allocations": .integer(result.systemAllocationCount),
        ]
        if let profile = result.profile { fields["profile"] = profile.json }
        let value = JSONValue.object(fields)
        StandardOutput.write(json: value.compactText() + "\n")
    }

    private func showTable(
        _ result: StepBenchmark.Result, _ section: AdapterSection, threads: Int
    ) {
        func number(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }
        let (step, floor) = (result.seconds, result.floorSeconds)
        StandardOutput.write(
            """
            \(shape), \(method) rank \(section.rank), \(batch) x \(sequence) tokens, \(threads) threads, \(steps) steps
            tokens/s        \(number(result.tokensPerSecond, 1))
            step seconds    \(number(step.median, 3))  (min \(number(step.minimum, 3)), max \(number(step.maximum, 3)))
            floor seconds   \(number(floor.median, 3))  (min \(number(floor.minimum, 3)), max \(number(floor.maximum, 3))), \
            \(number(result.gemmGFlops, 1)) GFLOP/s
            floor / step    \(number(result.rooflineRatio, 3))
            by OpenBLAS     \(number(result.openBLASFloorSeconds.median, 3)), floor / step \(number(result.openBLASRatio, 3))
            peak memory     \(number(Double(result.peakBytes) / 1e9, 2)) GB, \(result.systemAllocationCount) buffers taken \
            from the system in the measured steps

            """)
        if let profile = result.profile { StandardOutput.write("\n" + profile.table) }
    }
}

extension GradientPass.Recompute: ExpressibleByArgument {}
extension BaseStorage: ExpressibleByArgument {}
extension BaseCompute: ExpressibleByArgument {}
