import CatenaFiles
import CatenaText

extension DataRecord {
    /// The messages with what stands beside them: a system message, tools, documents, variables of the template.
    mutating func conversation(_ messages: [Conversation.Message]) throws(RecordFault) -> Conversation {
        var conversation = Conversation(messages: messages)
        take("system")
        if let system = self["system"], system != "" {
            let text = try string("system")
            if let role = messages.first?.role, role == "system" || role == "developer" {
                throw RecordFault(
                    expected: "one system message, in \"system\" or in the messages",
                    found: "\"system\" and a first message of the role \(role)")
            }
            conversation.messages.insert(.init("system", text), at: 0)
        }
        for key in ["tools", "functions"] {
            guard let value = self[key] else { continue }
            take(key)
            let tools = try ToolReader.tools(value)
            if !tools.isEmpty { conversation.tools = tools }
        }
        if let documents = self["documents"], !documents.isEmpty {
            take("documents")
            guard case .array(let elements) = documents else {
                throw RecordFault(expected: "a list in \"documents\"", found: documents.summary)
            }
            conversation.documents = elements
        }
        if let variables = self["chat_template_kwargs"], !variables.isEmpty {
            take("chat_template_kwargs")
            guard case .object(let members) = variables else {
                throw RecordFault(expected: "an object in \"chat_template_kwargs\"", found: variables.summary)
            }
            conversation.templateVariables = members
        }
        guard conversation.messages.contains(where: \.isLearned) else {
            let roles = Set(conversation.messages.map(\.role)).sorted().joined(separator: " and ")
            let found =
                conversation.messages.contains { $0.role == "assistant" } ? "none that is" : "only \(roles) messages"
            throw RecordFault(expected: "at least one assistant message to learn", found: found)
        }
        return conversation
    }

    /// `{"prompt", "completion"}`: texts, or lists of messages.
    mutating func completion(answer: String) throws(RecordFault) -> Example {
        take("prompt", answer)
        if case .bool = self["label"] {
            throw RecordFault(
                expected:
                    "answers to be learned, without a verdict in \"label\"; pairs are written chosen and rejected",
                found: "\"label\"")
        }
        guard case .array = self["prompt"] else {
            if case .array = self[answer] { throw mixture(answer) }
            let (prompt, completion) = (try string("prompt"), try string(answer))
            guard let system = self["system"], !system.isEmpty else {
                return .completion(prompt: prompt, completion: completion)
            }
            return .conversation(
                try conversation([.init("user", prompt), .init("assistant", completion)]))
        }
        guard case .array = self[answer], let asked = self["prompt"], let said = self[answer] else {
            throw mixture(answer)
        }
        var prompt = try MessageReader.messages(asked, at: "prompt")
        let completion = try MessageReader.messages(said, at: answer)
        guard prompt.last?.role != "assistant", completion.first?.role == "assistant" else {
            throw RecordFault(
                expected:
                    "a \"\(answer)\" that begins with an assistant message, after a \"prompt\" that ends with another",
                found: "\(prompt.last?.role ?? "nothing") and then \(completion.first?.role ?? "nothing")")
        }
        for index in prompt.indices { prompt[index].isLearned = false }
        return .conversation(try conversation(prompt + completion))
    }

    private func mixture(_ answer: String) -> RecordFault {
        RecordFault(
            expected: "two strings or two lists of messages in \"prompt\" and \"\(answer)\"",
            found: "\(self["prompt"]?.summary ?? "nothing") and \(self[answer]?.summary ?? "nothing")")
    }

    /// `{"instruction", "input", "output"}` or `{"question", "answer"}`, with a history of questions and answers.
    mutating func instruction(ask: String) throws(RecordFault) -> Example {
        let answers = ask == "instruction" ? ["output", "response", "answer"] : ["answer", "response", "output"]
        guard let answer = first(of: answers) else {
            throw RecordFault(expected: "a string in \"\(answers[0])\" beside \"\(ask)\"", found: description)
        }
        let extra = first(of: ["input", "context"])
        take(ask, answer, "history")
        if let extra { take(extra) }
        let question = try string(ask)
        let input = try extra.map { key throws(RecordFault) in try string(key) } ?? ""
        let output = try string(answer)
        let history = try history()
        let hasSystem = self["system"].map { !$0.isEmpty } ?? false
        if ask == "instruction", history.isEmpty, !hasSystem {
            take("system")
            return .instruction(instruction: question, input: input, output: output)
        }
        let text = question + (input.isEmpty ? "" : "\n\n" + input)
        return .conversation(try conversation(history + [.init("user", text), .init("assistant", output)]))
    }

    private func history() throws(RecordFault) -> [Conversation.Message] {
        guard let value = self["history"], !value.isEmpty else { return [] }
        let fault = RecordFault(expected: "a list of [question, answer] pairs in \"history\"", found: value.summary)
        guard case .array(let pairs) = value else { throw fault }
        var messages: [Conversation.Message] = []
        for pair in pairs {
            guard case .array(let texts) = pair, texts.count == 2, case .string(let question) = texts[0],
                case .string(let answer) = texts[1]
            else { throw fault }
            messages += [.init("user", question), .init("assistant", answer)]
        }
        return messages
    }

    /// `{"input_ids", "labels"}`; padding is refused.
    mutating func tokens() throws(RecordFault) -> Example {
        take("input_ids", "labels", "attention_mask")
        let inputIds = try integers("input_ids", lowest: 0)
        if let mask = self["attention_mask"] {
            guard case .array(let elements) = mask, elements.count == inputIds.count,
                elements.allSatisfy({ $0 == .integer(1) })
            else {
                throw RecordFault(
                    expected: "tokens without padding: an \"attention_mask\" of \(inputIds.count) times 1, or none",
                    found: "\(mask.summary) with something else")
            }
        }
        guard has("labels") else { return .tokens(inputIds: inputIds, labels: inputIds) }
        let labels = try integers("labels", lowest: EncodedExample.ignored)
        guard labels.count == inputIds.count else {
            throw RecordFault(
                expected: "as many labels as input_ids (\(inputIds.count))", found: "\(labels.count) labels")
        }
        if let label = labels.first(where: { $0 < 0 && $0 != EncodedExample.ignored }) {
            throw RecordFault(expected: "-100 or token ids in \"labels\"", found: "the number \(label)")
        }
        return .tokens(inputIds: inputIds, labels: labels)
    }

    private func integers(_ key: String, lowest: Int32) throws(RecordFault) -> [Int32] {
        guard case .array(let elements) = self[key] else {
            throw RecordFault(expected: "a list of token ids in \"\(key)\"", found: self[key]?.summary ?? "nothing")
        }
        var integers: [Int32] = []
        integers.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            guard case .integer(let number) = element, number >= lowest, let id = Int32(exactly: number) else {
                throw RecordFault(expected: "a token id in \(key)[\(index)]", found: element.summary)
            }
            integers.append(id)
        }
        return integers
    }
}
