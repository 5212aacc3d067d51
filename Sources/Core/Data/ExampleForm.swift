/// Recognises the form of a JSON record by its keys and takes its fields.
enum ExampleForm {
    private static let knownForms = """
        an object with "messages", or "prompt" and "completion", or "instruction" and "output" (and "input"), \
        or "text", or "input_ids" (and "labels")
        """

    /// The example that `value` writes.
    ///
    /// A record that fits several forms is taken as the first of: messages, input_ids, prompt/completion,
    /// instruction/output, text.
    static func example(from value: JSONValue, file: String, line: Int) throws(DataError) -> Example {
        let record = Record(value: value, file: file, line: line)
        guard case .object(let members) = value else { throw record.wrong(expected: knownForms, value) }
        func has(_ key: String) -> Bool { members.keys.contains(key) }
        if has("messages") { return .conversation(Conversation(messages: try record.messages())) }
        if has("input_ids") { return try record.tokens() }
        if has("prompt") || has("completion") {
            return .completion(prompt: try record.text("prompt"), completion: try record.text("completion"))
        }
        if has("instruction") || has("output") {
            let input = record["input"] == nil ? "" : try record.text("input")
            return .instruction(
                instruction: try record.text("instruction"), input: input, output: try record.text("output"))
        }
        if has("text") { return .text(try record.text("text")) }
        let keys = members.keys.sorted().map { "\"\($0)\"" }.joined(separator: ", ")
        throw .invalidExample(
            file: file, line: line, expected: knownForms,
            found: keys.isEmpty ? "an object without keys" : "an object with \(keys)")
    }
}

/// One record and its place.
private struct Record {
    let value: JSONValue
    let file: String
    let line: Int

    /// The member `key`; nil if it is absent or null.
    subscript(key: String) -> JSONValue? {
        guard let member = value[key], !member.isNull else { return nil }
        return member
    }

    func wrong(expected: String, _ found: JSONValue?) -> DataError {
        .invalidExample(file: file, line: line, expected: expected, found: found?.summary ?? "no such key")
    }

    func text(_ key: String) throws(DataError) -> String {
        guard case .string(let text) = value[key] else { throw wrong(expected: "a string in \"\(key)\"", value[key]) }
        return text
    }

    func messages() throws(DataError) -> [Conversation.Message] {
        guard case .array(let elements) = value["messages"], !elements.isEmpty else {
            throw wrong(expected: "a list of messages in \"messages\"", value["messages"])
        }
        var messages: [Conversation.Message] = []
        for (index, element) in elements.enumerated() {
            let place = "messages[\(index)]"
            guard case .object(let members) = element else {
                throw wrong(expected: "{\"role\", \"content\"} in \(place)", element)
            }
            guard case .string(let name) = members["role"], let role = ChatTemplate.Turn.Role(rawValue: name) else {
                throw wrong(expected: "\"system\", \"user\" or \"assistant\" in \(place).role", members["role"])
            }
            guard case .string(let content) = members["content"] else {
                throw wrong(expected: "a string in \(place).content", members["content"])
            }
            if role == .system, index > 0 {
                throw wrong(expected: "a system message only as the first", .string("system in \(place).role"))
            }
            var isSupervised = true
            if let train = members["train"] {
                guard case .bool(let flag) = train else {
                    throw wrong(expected: "true or false in \(place).train", train)
                }
                isSupervised = flag
            }
            messages.append(.init(role.rawValue, content, isLearned: isSupervised))
        }
        guard messages.contains(where: { $0.role == "assistant" }) else {
            throw .invalidExample(
                file: file, line: line, expected: "at least one assistant message to learn",
                found: "only " + Set(messages.map(\.role)).sorted().joined(separator: " and ") + " messages")
        }
        return messages
    }

    func tokens() throws(DataError) -> Example {
        let inputIds = try integers("input_ids", lowest: 0)
        guard self["labels"] != nil else { return .tokens(inputIds: inputIds, labels: inputIds) }
        let labels = try integers("labels", lowest: -100)
        guard labels.count == inputIds.count else {
            throw .invalidExample(
                file: file, line: line, expected: "as many labels as input_ids (\(inputIds.count))",
                found: "\(labels.count) labels")
        }
        if let label = labels.first(where: { $0 < 0 && $0 != -100 }) {
            throw wrong(expected: "-100 or token ids in \"labels\"", .integer(Int64(label)))
        }
        return .tokens(inputIds: inputIds, labels: labels)
    }

    private func integers(_ key: String, lowest: Int64) throws(DataError) -> [Int32] {
        guard case .array(let elements) = value[key] else {
            throw wrong(expected: "a list of token ids in \"\(key)\"", value[key])
        }
        var integers: [Int32] = []
        integers.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            guard case .integer(let number) = element, number >= lowest, let id = Int32(exactly: number) else {
                throw wrong(expected: "a token id in \(key)[\(index)]", element)
            }
            integers.append(id)
        }
        return integers
    }
}
