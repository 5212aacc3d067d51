import ArgumentParser
import CatenaLearning
import CatenaFiles
import CatenaText
import Foundation

/// `catena bench tokenize`.
struct BenchTokenize: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize",
        abstract: "Measure how fast a tokenizer encodes a text on one thread.",
        discussion: """
            Each line is encoded on its own, without special tokens, as training prepares data.

            EXAMPLES:
              catena bench tokenize --model models/smollm2 --input corpus.txt
              catena bench tokenize --model tokenizer.json --input corpus.txt --json
            """)

    @Option(
        help: ArgumentHelp("Model folder, .gguf file or tokenizer.json.", valueName: "path"), transform: expandedPath)
    var model: String
    @Option(help: ArgumentHelp("Text file.", valueName: "file"), transform: expandedPath)
    var input: String
    @Option(help: "Passes over the text; the first is reported apart, the median of the others counts.")
    var repetitions = 5
    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        if repetitions < 2 { throw ValidationError("--repetitions is \(repetitions), expected at least 2.") }
    }

    func run() throws {
        let start = MonotonicClock.seconds()
        let tokenizer = try Tokenizer.load(model: model)
        let loadSeconds = MonotonicClock.seconds() - start
        var reader = try LineReader(path: input)
        var lines: [String] = []
        while let batch = try reader.next() { lines += batch }
        let bytes = lines.reduce(0) { $0 + $1.utf8.count }
        guard bytes > 0 else { throw DataError.empty(file: input) }
        var tokens = 0
        let rates = (0..<repetitions).map { _ in
            let start = MonotonicClock.seconds()
            tokens = lines.reduce(0) { $0 + tokenizer.encode($1).count }
            return Double(bytes) / max(MonotonicClock.seconds() - start, 1e-9) / 1e6
        }
        let spread = Spread(Array(rates.dropFirst()))
        if json {
            let value: JSONValue = [
                "bytes": .integer(bytes), "tokens": .integer(tokens),
                "megabytes_per_second": spread.json,
                "first_megabytes_per_second": .number(rates[0]), "load_seconds": .number(loadSeconds),
            ]
            StandardOutput.write(json: value.compactText() + "\n")
        } else {
            StandardOutput.write(
                String(
                    format: "%d bytes, %d tokens: %.1f MB/s (min %.1f, max %.1f), first pass %.1f, loaded in %.3f s\n",
                    bytes,
                    tokens, spread.median, spread.minimum, spread.maximum, rates[0], loadSeconds))
        }
    }
}
