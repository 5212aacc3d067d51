import CatenaFiles
import Foundation

/// A question with options, one of which is right: `{"prompt", "choices": [...], "answer": index}`.
public struct ChoiceExample: Sendable, Hashable {
    /// What is asked, before any template.
    public var prompt: String
    /// Answers as a model would write them.
    public var choices: [String]
    /// Index of the right one, from 0.
    public var answer: Int
    /// The file it came from.
    public var file: String
    /// Counts from 1.
    public var line: Int

    /// A question that stands on `line` of `file`.
    public init(prompt: String, choices: [String], answer: Int, file: String = "example", line: Int = 1) {
        (self.prompt, self.choices, self.answer) = (prompt, choices, answer)
        (self.file, self.line) = (file, line)
    }

    /// All questions of a JSON Lines file, in its order; blank lines are skipped, unknown keys ignored.
    ///
    /// - Throws: ``DataError`` that names the file and the lines that are wrong.
    public static func read(path: String) throws(DataError) -> [ChoiceExample] {
        let bytes = try ExampleReader.contents(of: path)
        try bytes.withUnsafeBytes { buffer in
            Result { () throws(DataError) in try DataContainer.requireText(buffer, path: path) }
        }.get()
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .invalidExample(file: path, line: 1, expected: "UTF-8 text", found: "bytes that are not UTF-8")
        }
        var examples: [ChoiceExample] = []
        var faults = DataFaults()
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
        where !line.allSatisfy(\.isWhitespace) {
            do throws(DataError) {
                examples.append(try ChoiceExample(String(line), file: path, line: index + 1))
            } catch {
                faults.add(error)
            }
        }
        try faults.requireNone()
        if examples.isEmpty { throw .empty(file: path) }
        return examples
    }

    private init(_ text: String, file: String, line: Int) throws(DataError) {
        let record: JSONValue
        do {
            record = try JSONValue.parse(text, path: file)
        } catch .invalidJSON(_, _, let column, let reason) {
            throw .invalidJSON(file: file, line: line, column: column, reason: reason)
        } catch {
            throw .unreadable(file: file, reason: "\(error)")
        }
        func wrong(_ expected: String, _ found: JSONValue?) -> DataError {
            .invalidExample(file: file, line: line, expected: expected, found: found?.summary ?? "no such key")
        }
        guard let prompt = record["prompt"]?.stringValue else {
            throw wrong("{\"prompt\", \"choices\", \"answer\"} with a string in \"prompt\"", record["prompt"])
        }
        let choices = record["choices"]?.arrayValue?.compactMap(\.stringValue) ?? []
        guard choices.count > 1, choices.count == record["choices"]?.arrayValue?.count,
            Set(choices).count == choices.count, !choices.contains("")
        else {
            throw wrong("a list of two or more different strings in \"choices\"", record["choices"])
        }
        guard let answer = record["answer"]?.intValue, choices.indices.contains(answer) else {
            throw wrong(
                "the index of the right choice in \"answer\", 0...\(choices.count - 1)", record["answer"])
        }
        self.init(prompt: prompt, choices: choices, answer: answer, file: file, line: line)
    }
}
