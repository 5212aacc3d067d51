import ArgumentParser
import CatenaEngine
import CatenaFiles
import Foundation

/// `catena bench gemm`.
struct BenchGEMM: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gemm",
        abstract: "Measure matrix products of the shapes that training uses.",
        discussion: """
            For each shape: Y = X Wᵀ and dX = dY W with X [tokens, in] and W [out, in], in float32.

            EXAMPLES:
              catena bench gemm --threads 2
              catena bench gemm --json
            """)

    @Option(help: "Repetitions of each product; the median counts.")
    var repetitions = 7
    @Flag(help: "Print one JSON object.")
    var json = false
    @OptionGroup var compute: ComputeOptions

    /// Tokens, out, in: SmolLM2-135M's layers and a tile of its head, a layer of TinyLlama, a rank-8 factor.
    private static let shapes = [
        (2048, 960, 576), (2048, 576, 576), (2048, 3072, 576), (2048, 576, 1536), (256, 49152, 576), (512, 5632, 2048),
        (2048, 8, 576),
    ]

    func validate() throws {
        if repetitions < 1 { throw ValidationError("--repetitions is \(repetitions), expected at least 1.") }
    }

    func run() throws {
        let engine = compute.engine()
        var rows: [JSONValue] = []
        if !json { StandardOutput.write("tokens    out     in   X Wᵀ GFLOP/s   dY W GFLOP/s\n") }
        for (tokens, out, input) in Self.shapes {
            let (forward, backward) = ProductRate.measure(
                tokens: tokens, out: out, input: input, repetitions: repetitions, engine: engine)
            rows.append([
                "tokens": .integer(tokens), "out": .integer(out), "in": .integer(input),
                "forward_gflops": .number(forward), "backward_gflops": .number(backward),
            ])
            if !json {
                StandardOutput.write(
                    String(format: "%6d %6d %6d %14.1f %14.1f\n", tokens, out, input, forward, backward))
            }
        }
        if json {
            let value: JSONValue = ["threads": .integer(engine.threads.threads), "shapes": .array(rows)]
            StandardOutput.write(json: value.compactText() + "\n")
        }
    }
}
