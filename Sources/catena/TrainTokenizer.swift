import ArgumentParser
import CatenaFiles
import CatenaText
import Foundation

extension BytePairTrainer.Words: ExpressibleByArgument {}

/// `catena train-tokenizer`.
struct TrainTokenizer: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train-tokenizer",
        abstract: "Learn a small byte-level BPE tokenizer from text.",
        discussion: """
            Of a .jsonl file all strings are learned from, whatever their keys; any other file is taken as text. The \
            vocabulary begins with \(BytePairTrainer.specialTokens.joined(separator: ", ")).

            EXAMPLES:
              catena train-tokenizer --input corpus.txt --vocabulary 4096 --output tokenizer.json
              catena train-tokenizer --input a.jsonl --input b.jsonl --vocabulary 1024 --words gpt2 --output tokenizer.json
            """)

    @Option(help: ArgumentHelp("Text or .jsonl; may be repeated.", valueName: "file"), transform: expandedPath)
    var input: [String]
    @Option(help: "Tokens of the vocabulary, special tokens and bytes among them.")
    var vocabulary: Int
    @Option(help: "How text is cut into words: as gpt2 or as llama3 does.")
    var words = BytePairTrainer.Words.llama3
    @Option(help: ArgumentHelp("File to write.", valueName: "tokenizer.json"), transform: expandedPath)
    var output: String

    func validate() throws {
        let least = BytePairTrainer.smallestVocabulary
        if !(least...65_536).contains(vocabulary) {
            throw ValidationError("--vocabulary is \(vocabulary), expected a number in \(least)...65536.")
        }
    }

    func run() throws {
        try DurableFile.requireWritable(output)
        var trainer = BytePairTrainer(words: words)
        for path in input {
            let text = unsafe try MappedFile(path: path).withBytes { unsafe String(decoding: $0, as: UTF8.self) }
            guard path.hasSuffix(".jsonl") else {
                trainer.add(text)
                continue
            }
            for line in text.split(whereSeparator: \.isNewline) {
                Self.strings(in: try JSONValue.parse(String(line), path: path)) { trainer.add($0) }
            }
        }
        let document = trainer.tokenizerJSON(vocabularySize: vocabulary)
        try document.write(to: output)
        let count = try Tokenizer.load(model: output).vocabularySize
        StandardOutput.write("\(output): \(count) tokens\n")
    }

    private static func strings(in value: JSONValue, _ body: (String) -> Void) {
        switch value {
        case .string(let text): body(text)
        case .array(let elements): for element in elements { strings(in: element, body) }
        case .object(let members): for member in members { strings(in: member.value, body) }
        default: break
        }
    }
}
