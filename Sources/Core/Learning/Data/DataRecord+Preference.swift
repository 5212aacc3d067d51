import CatenaFiles
import CatenaText

extension DataRecord {
    /// `{"prompt", "chosen", "rejected"}`: texts, lists of messages, or one message; without a prompt, the messages that both begin with.
    mutating func preference() throws(RecordFault) -> Example {
        if has("prompt"), has("completion"), has("label") {
            throw RecordFault(
                expected: "two answers, \"chosen\" and \"rejected\" (task: preference)",
                found: "one \"completion\" with a verdict in \"label\"")
        }
        guard let chosen = self["chosen"], let rejected = self["rejected"] else {
            throw RecordFault(
                expected: "\"chosen\" and \"rejected\", and \"prompt\" (task: preference)", found: description)
        }
        take("prompt", "chosen", "rejected")
        guard case (.string(let chosen), .string(let rejected)) = (chosen, rejected) else {
            return try pair(try Self.turns(chosen, "chosen"), try Self.turns(rejected, "rejected"), chosen, rejected)
        }
        switch self["prompt"] {
        case .string(let prompt):
            guard let system = self["system"], !system.isEmpty else {
                return .preference(
                    chosen: .completion(prompt: prompt, completion: chosen),
                    rejected: .completion(prompt: prompt, completion: rejected))
            }
            return try pair([.init("assistant", chosen)], [.init("assistant", rejected)])
        case .array: return try pair([.init("assistant", chosen)], [.init("assistant", rejected)])
        case nil:
            guard let first = Self.dialogue(chosen), let second = Self.dialogue(rejected) else {
                throw RecordFault(
                    expected: "a \"prompt\" beside texts in \"chosen\" and \"rejected\"", found: description)
            }
            return try pair(first, second)
        case let other?: throw RecordFault(expected: "a text or messages in \"prompt\"", found: other.summary)
        }
    }

    /// The messages of an answer; nil for a text.
    private static func turns(_ value: JSONValue, _ key: String) throws(RecordFault) -> [Conversation.Message]? {
        switch value {
        case .string: return nil
        case .object: return try MessageReader.messages(.array([value]), at: key)
        default: return try MessageReader.messages(value, at: key)
        }
    }

    private mutating func pair(
        _ chosen: [Conversation.Message]?, _ rejected: [Conversation.Message]?, _ first: JSONValue, _ second: JSONValue
    ) throws(RecordFault) -> Example {
        guard let chosen, let rejected else {
            throw RecordFault(
                expected: "two texts or two lists of messages in \"chosen\" and \"rejected\"",
                found: "\(first.summary) and \(second.summary)")
        }
        return try pair(chosen, rejected)
    }

    /// Two conversations with one beginning, of which only what differs is learned.
    private mutating func pair(
        _ chosen: [Conversation.Message], _ rejected: [Conversation.Message]
    ) throws(RecordFault) -> Example {
        var answers = (chosen: chosen[...], rejected: rejected[...])
        var prompt = try self.prompt(before: &answers)
        let same = zip(answers.chosen, answers.rejected).prefix { $0 == $1 }.count
        // Where all is the same, the last message stands for the answer.
        let shared = same == answers.chosen.count && same == answers.rejected.count ? max(0, same - 1) : same
        prompt += answers.chosen.prefix(shared)
        answers = (answers.chosen.dropFirst(shared), answers.rejected.dropFirst(shared))
        for (key, answer) in [("chosen", answers.chosen), ("rejected", answers.rejected)] {
            guard answer.first?.role == "assistant", answer.last?.role == "assistant" else {
                let roles = answer.map(\.role).joined(separator: ", ")
                throw RecordFault(
                    expected: "answers that begin and end with an assistant message behind what \"chosen\" and "
                        + "\"rejected\" have in common",
                    found: answer.isEmpty ? "nothing more in \"\(key)\"" : "the roles \(roles) in \"\(key)\"")
            }
        }
        guard !prompt.isEmpty else {
            throw RecordFault(
                expected: "a \"prompt\", or messages that \"chosen\" and \"rejected\" both begin with", found: "none")
        }
        for index in prompt.indices { prompt[index].isLearned = false }
        func whole(_ answer: ArraySlice<Conversation.Message>) throws(RecordFault) -> Example {
            let learned = answer.map { message in
                Conversation.Message(fields: message.fields, isLearned: message.role == "assistant")
            }
            return .conversation(try conversation(prompt + learned))
        }
        return .preference(chosen: try whole(answers.chosen), rejected: try whole(answers.rejected))
    }

    /// The messages of `"prompt"` that the answers do not begin with themselves.
    private func prompt(
        before answers: inout (chosen: ArraySlice<Conversation.Message>, rejected: ArraySlice<Conversation.Message>)
    ) throws(RecordFault) -> [Conversation.Message] {
        let same = Array(zip(answers.chosen, answers.rejected).prefix { $0 == $1 }.map(\.0))
        switch self["prompt"] {
        case nil: return []
        case .string(let text):
            // Some files repeat the question as a text beside whole conversations.
            let holdsIt = same.first.map { $0.role != "assistant" } ?? false && same.contains { $0.role == "user" }
            return holdsIt ? [] : [.init("user", text)]
        case let value?:
            let prompt = try MessageReader.messages(value, at: "prompt")
            if same.starts(with: prompt) {
                answers = (answers.chosen.dropFirst(prompt.count), answers.rejected.dropFirst(prompt.count))
            }
            return prompt
        }
    }

    /// The turns of a text such as `"\n\nHuman: Hi\n\nAssistant: Hello"`; nil for one that is none.
    private static func dialogue(_ text: String) -> [Conversation.Message]? {
        let marks = [("\n\nHuman:", "user"), ("\n\nAssistant:", "assistant")]
        guard text.hasPrefix(marks[0].0) else { return nil }
        var turns: [Conversation.Message] = []
        var rest = text[...]
        while let (mark, role) = marks.first(where: { rest.hasPrefix($0.0) }) {
            rest = rest.dropFirst(mark.count)
            let end = marks.compactMap { rest.firstRange(of: $0.0)?.lowerBound }.min() ?? rest.endIndex
            let said = rest[..<end].trimmingPrefix(while: \.isWhitespace)
            let last = said.lastIndex { !$0.isWhitespace }
            turns.append(.init(role, last.map { String(said[...$0]) } ?? ""))
            rest = rest[end...]
        }
        return turns
    }
}
