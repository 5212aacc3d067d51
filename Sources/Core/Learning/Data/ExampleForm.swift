package import CatenaFiles
package import CatenaModels

/// Recognises the form of a record by its keys and makes an example of it.
///
/// The task comes first. A record that fits several forms of language models is taken as the first of: messages, input_ids, prompt,
/// instruction or question, text.
/// Keys that say nothing about training are ignored and named; those that would change it are refused.
package struct ExampleForm {
    static let knownForms = """
        an object with "messages" (or "conversations"), or "prompt" and "completion", or "instruction" and "output" \
        (and "input"), or "question" and "answer", or "text", or "input_ids" (and "labels")
        """

    /// What a record is.
    package struct Reading {
        package var example: Example
        /// The form as the file has it; examples of one file have one.
        package var form: Form
        /// Keys that were not looked at, sorted.
        package var ignoredKeys: [String]
    }

    /// The forms of records.
    package enum Form: String {
        case messages = "{\"messages\"}"
        case tokens = "{\"input_ids\", \"labels\"}"
        case prompt = "{\"prompt\", \"completion\"}"
        case instruction = "{\"instruction\", \"input\", \"output\"}"
        case question = "{\"question\", \"answer\"}"
        case text = "{\"text\"}"
        case sequence = "{\"text\", \"label\"}"
        case pair = "{\"sentence1\", \"sentence2\", \"label\"}"
        case image = "{\"pixels\", \"label\"}"
        case preference = "{\"prompt\", \"chosen\", \"rejected\"}"
    }

    private let columns: [RunConfiguration.DataSection.Column]
    /// What was found for ignored keys, which are the same in every record of most files.
    private var meant: [String: String?] = [:]

    private let task: Task

    /// Records for `task`; `columns` says which column stands for which key.
    package init(columns: [RunConfiguration.DataSection.Column], task: Task = .languageModel) {
        (self.columns, self.task) = (columns, task)
    }

    /// The example that `value` writes.
    package mutating func read(_ value: JSONValue) throws(RecordFault) -> Reading {
        var record = try DataRecord(value, columns: columns)
        try record.requireNothingChangesTraining()
        let (example, form) = try example(of: &record)
        let ignored = record.ignoredKeys
        for key in ignored {
            guard let nearest = meaning(of: key), !record.has(nearest),
                Self.optionalKeys(of: example, form).contains(nearest)
            else { continue }
            throw RecordFault(
                expected: "\"\(nearest)\", if that is meant, or another name for a key that is not",
                found: "\"\(key)\"")
        }
        return Reading(example: example, form: form, ignoredKeys: ignored)
    }

    private mutating func example(of record: inout DataRecord) throws(RecordFault) -> (Example, Form) {
        switch task {
        case .classification, .regression:
            return record.has("pixels") ? (try record.image(task), .image) : try record.sequence(task)
        case .preference: return (try record.preference(), .preference)
        case .languageModel, .multiLabel, .sequenceToSequence: break
        }
        if let key = record.first(of: ["messages", "conversations", "conversation"]), let value = record[key] {
            record.take(key)
            return (.conversation(try record.conversation(try MessageReader.messages(value, at: key))), .messages)
        }
        if record.has("input_ids") { return (try record.tokens(), .tokens) }
        if record.has("chosen") || record.has("rejected") {
            throw RecordFault(
                expected: "examples of one answer each, or task: preference in the run's configuration",
                found: "\"chosen\" and \"rejected\"")
        }
        if record.has("prompt"), let answer = record.first(of: ["completion", "response"]) {
            return (try record.completion(answer: answer), .prompt)
        }
        if let text = Self.judgedText(of: record) {
            throw RecordFault(
                expected: "\"\(text)\" without \"label\", or task: classification (for numbers task: regression)",
                found: "\"label\"")
        }
        if let ask = record.first(of: ["instruction", "question"]) {
            return (try record.instruction(ask: ask), ask == "instruction" ? .instruction : .question)
        }
        if record.has("text") {
            record.take("text")
            return (.text(try record.string("text")), .text)
        }
        let hints = record.members.keys.sorted().compactMap { key in
            meaning(of: key).map { "\"\(key)\" is nearly \"\($0)\"" }
        }
        throw RecordFault(
            expected: Self.knownForms,
            found: record.description + (hints.isEmpty ? "" : " (\(hints.joined(separator: ", ")))"))
    }

    /// The key of a text with a label that no form of language models explains; nil for other records.
    private static func judgedText(of record: DataRecord) -> String? {
        guard record.has("label"), !record.has("instruction") else { return nil }
        let hasAnswer = record.first(of: ["answer", "response", "output"]) != nil
        if hasAnswer, record.has("question") { return nil }
        return record.first(of: DataKeys.texts + DataKeys.textPairs.map(\.0))
    }

    private mutating func meaning(of key: String) -> String? {
        if let known = meant[key] { return known }
        let nearest = DataKeys.nearest(to: key)
        meant[key] = nearest
        return nearest
    }

    /// The keys that a record of this form may have and need not.
    private static func optionalKeys(of example: Example, _ form: Form) -> [String] {
        let talk = ["system", "tools", "functions", "documents", "chat_template_kwargs"]
        return switch (example, form) {
        case (_, .tokens): ["labels"]
        case (_, .text), (_, .sequence), (_, .pair), (_, .image): []
        case (_, .question), (.instruction, _): talk + ["context", "input", "history"]
        default: talk
        }
    }
}
