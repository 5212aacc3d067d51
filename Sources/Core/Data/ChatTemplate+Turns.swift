extension ChatTemplate {
    /// A message that the built-in styles can write: who speaks and a text.
    struct Turn {
        enum Role: String {
            case system, user, assistant
        }

        var role: Role
        var content: String
        var isSupervised: Bool

        init(_ role: Role, _ content: String, isSupervised: Bool = false) {
            self.role = role
            self.content = content
            self.isSupervised = isSupervised
        }
    }

    /// The conversation's messages.
    ///
    /// - Throws: ``TemplateMismatch`` for what only a model's own template can write: tools and their calls, documents,
    ///   reasoning, variables, roles other than three, content that is no text.
    func turns(of conversation: Conversation) throws(TemplateMismatch) -> [Turn] {
        if conversation.tools != nil { throw cannotWrite("tools", "\"tools\"") }
        if conversation.documents != nil { throw cannotWrite("documents", "\"documents\"") }
        if !conversation.templateVariables.isEmpty {
            throw cannotWrite("variables of a model's own template", "\"chat_template_kwargs\"")
        }
        var turns: [Turn] = []
        for (index, message) in conversation.messages.enumerated() {
            let place = "messages[\(index)]"
            guard let role = Turn.Role(rawValue: message.role) else {
                throw cannotWrite("messages of the role \(message.role)", place)
            }
            if message["tool_calls"] != nil { throw cannotWrite("tool calls", "\(place).tool_calls") }
            if message["reasoning_content"] != nil { throw cannotWrite("reasoning", "\(place).reasoning_content") }
            guard let content = message.content else { throw cannotWrite("a message without text", place) }
            if style == .alpaca, role == .system, index > 0 {
                throw cannotWrite("a system message after the first message", place)
            }
            turns.append(Turn(role, content, isSupervised: message.isLearned))
        }
        return turns
    }

    private func cannotWrite(_ what: String, _ place: String) -> TemplateMismatch {
        TemplateMismatch(
            expected: "messages of system, user and assistant with a text each",
            found: "\(place): template \(style.rawValue) cannot write \(what)")
    }
}
