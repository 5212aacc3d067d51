import ArgumentParser
import CatenaText
import Foundation

/// `catena tokenize`.
struct Tokenize: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the token ids of each input line as a JSON array.",
        discussion: """
            No special tokens are added; those written out in the text are recognised.

            EXAMPLES:
              echo "Hello world" | catena tokenize --model models/smollm2
              catena tokenize --model tokenizer.json --input corpus.txt > ids.jsonl
            """)

    @Option(
        help: ArgumentHelp("Model folder, .gguf file or tokenizer.json.", valueName: "path"), transform: expandedPath)
    var model: String
    @Option(help: ArgumentHelp("Text file, or - for standard input.", valueName: "file"), transform: expandedPath)
    var input = "-"

    func run() throws {
        let tokenizer = try Tokenizer.load(model: model)
        var lines = try LineReader(path: input)
        var output: [UInt8] = []
        while let batch = try lines.next() {
            for line in batch { Self.append(tokenizer.encode(line), to: &output) }
            StandardOutput.write(output)
            output.removeAll(keepingCapacity: true)
        }
    }

    private static func append(_ ids: [Int32], to output: inout [UInt8]) {
        output.append(UInt8(ascii: "["))
        for (index, id) in ids.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            appendDigits(UInt32(bitPattern: id), to: &output)
        }
        output.append(UInt8(ascii: "]"))
        output.append(UInt8(ascii: "\n"))
    }

    private static func appendDigits(_ number: UInt32, to output: inout [UInt8]) {
        let start = output.count
        var rest = number
        repeat {
            output.append(UInt8(ascii: "0") + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        output[start...].reverse()
    }
}
