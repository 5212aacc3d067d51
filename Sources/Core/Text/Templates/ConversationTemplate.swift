import CatenaFiles
package import CatenaJinja
private import Foundation

/// A chat template with what transformers does around it: how a conversation becomes text.
///
/// Source: transformers 5, `PreTrainedTokenizerBase.apply_chat_template` and `render_jinja_template`.
package struct ConversationTemplate: Sendable {
    private let template: JinjaTemplate
    private let specialTokens: [(name: String, value: JinjaValue)]
    let addedTokens: AddedTokenTexts
    /// Tokens that end generation, in their order.
    let stopTokens: [[Unicode.Scalar]]
    private let now: JinjaDate

    /// Whether the template marks with `{% generation %}` what the model writes.
    package var hasGenerationBlocks: Bool { template.hasGenerationBlocks }
    /// Whether the text depends on the day on which it is made.
    package var readsClock: Bool { template.readsClock }

    /// Variables that the conversation itself fills.
    private static let ownVariables = ["messages", "tools", "documents", "add_generation_prompt"]

    /// Reads a template.
    ///
    /// `specialTokens` are variables (`bos_token` and so on); `addedTokens` all texts that the tokenizer takes for one token;
    /// `stopTokens` those that end generation; `now` what `strftime_now` tells, else the time of this call.
    package init(
        source: String, specialTokens: [(name: String, text: String)], addedTokens: [String], stopTokens: [String],
        now: JinjaDate? = nil
    ) throws(TemplateError) {
        do { template = try JinjaTemplate(source) } catch { throw .unreadable(error) }
        self.specialTokens = specialTokens.map { (name: $0.name, value: JinjaValue.text($0.text)) }
        self.addedTokens = AddedTokenTexts(addedTokens)
        self.stopTokens = stopTokens.map { Array($0.unicodeScalars) }
        self.now = now ?? .local
    }

    /// The conversation's text; with the beginning of an answer where one is asked for.
    package func text(_ conversation: Conversation, asksForAnswer: Bool) throws(TemplateError) -> String {
        guard !conversation.messages.isEmpty else { throw .emptyConversation }
        let made = try withTextArguments(conversation) { conversation throws(TemplateError) in
            let rendering = ConversationRendering(self, conversation)
            let scalars = try rendering.text(rendering.messages.count, asksForAnswer: asksForAnswer)
            return JinjaText.string(scalars[...])
        }
        return made.result
    }

    /// What is learned from a conversation: as few texts as possible, each answer learned once in the context that inference
    /// shows.
    package func training(_ conversation: Conversation) throws(TemplateError) -> TrainingTexts {
        var made = try withTextArguments(conversation) { conversation throws(TemplateError) in
            var rule = TrainingRule(self, conversation)
            return try rule.texts()
        }
        if made.isSecondTry { made.result.notes.insert(.argumentsAsText, at: 0) }
        return made.result
    }

    /// Tries once more with the arguments of tool calls as JSON text where the template cannot use objects: some templates
    /// join them to text.
    private func withTextArguments<Result>(
        _ conversation: Conversation, _ body: (Conversation) throws(TemplateError) -> Result
    ) throws(TemplateError) -> (result: Result, isSecondTry: Bool) {
        do throws(TemplateError) {
            return (try body(conversation), false)
        } catch {
            guard case .type = error.cause, let other = conversation.withTextArguments else { throw error }
            do throws(TemplateError) { return (try body(other), true) } catch _ { throw error }
        }
    }

    /// The text of `messages`, and the code points in generation blocks.
    func render(_ messages: [JinjaValue], asksForAnswer: Bool, _ variables: [(name: String, value: JinjaValue)])
        throws(JinjaError) -> JinjaRendering
    {
        let own: [(name: String, value: JinjaValue)] = [
            (name: "messages", value: .list(JinjaSequence(messages))),
            (name: "add_generation_prompt", value: .bool(asksForAnswer)),
        ]
        return try template.render(own + specialTokens + variables, now: { [now] in now })
    }

    /// Everything a rendering is given besides messages; the conversation's own variables win over special tokens.
    func variables(_ conversation: Conversation) throws(TemplateError) -> [(name: String, value: JinjaValue)] {
        var variables: [(name: String, value: JinjaValue)] = [
            (name: "tools", value: conversation.tools.map { JinjaValue(JSONValue.array($0)) } ?? .none),
            (name: "documents", value: conversation.documents.map { JinjaValue(JSONValue.array($0)) } ?? .none),
        ]
        for (name, value) in conversation.templateVariables {
            guard !Self.ownVariables.contains(name) else { throw .reservedVariable(name) }
            variables.append((name: name, value: JinjaValue(value)))
        }
        return variables
    }
}

extension JinjaDate {
    /// The time of the machine's calendar.
    static var local: JinjaDate {
        let parts = Calendar(identifier: .gregorian).dateComponents(
            [.year, .month, .day, .hour, .minute, .second, .nanosecond], from: Date())
        return JinjaDate(
            year: parts.year ?? 1970, month: parts.month ?? 1, day: parts.day ?? 1, hour: parts.hour ?? 0,
            minute: parts.minute ?? 0, second: parts.second ?? 0, microsecond: (parts.nanosecond ?? 0) / 1000)
    }
}
