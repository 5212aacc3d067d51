import CatenaFiles
import Foundation

/// A question with options, one of which is right: `{"prompt", "choices": [...], "answer": index}`.
package struct ChoiceExample: Sendable, Hashable {
    /// What is asked, before any template.
    package var prompt: String
    /// Answers as a model would write them.
    package var choices: [String]
    /// Index of the right one, from 0.
    package var answer: Int
    /// The file it came from.
    package var file: String
    /// Where it begins there.
    package var line: RecordPlace

    /// A question that stands on `line` of `file`.
    package init(prompt: String, choices: [String], answer: Int, file: String = "example", line: RecordPlace = 1) {
        (self.prompt, self.choices, self.answer) = (prompt, choices, answer)
        (self.file, self.line) = (file, line)
    }

    fileprivate init(_ record: inout DataRecord, file: String, line: RecordPlace) throws(RecordFault) {
        try record.requireNothingChangesTraining()
        record.take("prompt", "choices", "answer")
        func wrong(_ expected: String, _ key: String) -> RecordFault {
            RecordFault(expected: expected, found: record[key]?.summary ?? record.description)
        }
        guard case .string(let prompt) = record["prompt"] else {
            throw wrong("{\"prompt\", \"choices\", \"answer\"} with a string in \"prompt\"", "prompt")
        }
        var choices: [String] = []
        if case .array(let elements) = record["choices"] {
            for case .string(let choice) in elements { choices.append(choice) }
            if choices.count != elements.count { choices = [] }
        }
        guard choices.count > 1, Set(choices).count == choices.count, !choices.contains("") else {
            throw wrong("a list of two or more different strings in \"choices\"", "choices")
        }
        let index: Int? =
            switch record["answer"] {
            case .integer(let number): Int(exactly: number)
            case .number(let number): Int(exactly: number)
            default: nil
            }
        guard let answer = index, choices.indices.contains(answer) else {
            throw wrong("the index of the right choice in \"answer\", 0...\(choices.count - 1)", "answer")
        }
        self.init(prompt: prompt, choices: choices, answer: answer, file: file, line: line)
    }
}

/// The questions of a data file and what the user should know about them.
package struct ChoiceFile: Sendable {
    /// In the file's order.
    package let examples: [ChoiceExample]
    /// One sentence about keys that were ignored; none where none was.
    package let notes: [String]

    /// Reads JSON Lines, a JSON array, one JSON object or `{"data": [...]}`.
    ///
    /// - Parameter columns: which column of the file stands for `prompt`, `choices` and `answer`.
    /// - Throws: ``DataError`` that names the file and the records that are wrong.
    package init(path: String, columns: [RunConfiguration.DataSection.Column] = []) throws(DataError) {
        let data = try ExampleReader.contents(of: path)
        let collector = unsafe try data.withUnsafeBytes { all in
            Result { () throws(DataError) in
                var collector = ChoiceCollector(path: path, columns: columns)
                unsafe try JSONRecords.read(try ExampleReader.text(all, path: path), path: path, into: &collector)
                return collector
            }
        }.get()
        try collector.faults.requireNone()
        if collector.examples.isEmpty { throw .empty(file: path) }
        examples = collector.examples
        notes = collector.ignored.notes(path: path, recordCount: examples.count)
    }
}

/// Makes questions of records as they come.
private struct ChoiceCollector: RecordCollector {
    let path: String
    let columns: [RunConfiguration.DataSection.Column]
    var examples: [ChoiceExample] = []
    var ignored = IgnoredKeys()
    var faults = DataFaults()

    init(path: String, columns: [RunConfiguration.DataSection.Column]) {
        (self.path, self.columns) = (path, columns)
    }

    mutating func add(_ value: JSONValue, line: RecordPlace) {
        do throws(RecordFault) {
            guard case .object = value else {
                throw RecordFault(expected: "an object {\"prompt\", \"choices\", \"answer\"}", found: value.summary)
            }
            var record = try DataRecord(value, columns: columns)
            examples.append(try ChoiceExample(&record, file: path, line: line))
            ignored.add(record.ignoredKeys)
        } catch {
            faults.add(.invalidExample(file: path, line: line, expected: error.expected, found: error.found))
        }
    }

    mutating func add(_ fault: DataError) { faults.add(fault) }
}
