import ArgumentParser

/// `catena bench`.
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure this machine and Catena on it.",
        discussion: """
            EXAMPLES:
              catena bench step --shape smollm2-135m --rank 8 --batch 8 --sequence 256 --threads 2
              catena bench gemm --threads 2 --json
              catena bench generate --shape smollm2-135m --batch 8 --threads 2
              catena bench tokenize --model models/smollm2 --input corpus.txt
            """,
        subcommands: [BenchStep.self, BenchGEMM.self, BenchGenerate.self, BenchTokenize.self])
}
