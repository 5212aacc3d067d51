import CatenaJinja

/// The texts of a conversation's beginnings, each rendered once.
final class ConversationRendering {
    let messages: [JinjaValue]
    private let template: ConversationTemplate
    private let conversation: Conversation
    private var variables: [(name: String, value: JinjaValue)]?
    private var known: [Beginning: Result<[Unicode.Scalar], TemplateError>] = [:]
    private var rendered = 0

    /// Code points that one conversation's renderings may have in all.
    static let longestInAll = 1 << 27

    private struct Beginning: Hashable {
        let count: Int
        let asksForAnswer: Bool
    }

    init(_ template: ConversationTemplate, _ conversation: Conversation) {
        self.template = template
        self.conversation = conversation
        messages = conversation.messages.map(\.templateValue)
    }

    /// The text of the first `count` messages, with the beginning of an answer where one is asked for.
    func text(_ count: Int, asksForAnswer: Bool) throws(TemplateError) -> [Unicode.Scalar] {
        let beginning = Beginning(count: count, asksForAnswer: asksForAnswer)
        if let known = known[beginning] { return try known.get() }
        let result: Result<[Unicode.Scalar], TemplateError>
        do throws(TemplateError) {
            result = .success(try render(Array(messages[..<count]), asksForAnswer: asksForAnswer).scalars)
        } catch {
            result = .failure(error)
        }
        // What is asked for again is among the newest: the text before one answer may be that up to the one before.
        if known.count > 4 { known.removeAll() }
        known[beginning] = result
        return try result.get()
    }

    /// The text of the first `count` messages with another answer behind them.
    func text(_ count: Int, answer: String) throws(TemplateError) -> [Unicode.Scalar] {
        let other: [(key: String, value: JinjaValue)] = [
            (key: "role", value: .text("assistant")), (key: "content", value: .text(answer)),
        ]
        return try render(messages[..<count] + [.dictionary(JinjaDictionary(other))], asksForAnswer: false).scalars
    }

    /// The generation blocks of the first `count` messages.
    func generations(_ count: Int) throws(TemplateError) -> [Range<Int>] {
        try render(Array(messages[..<count]), asksForAnswer: false).generations
    }

    private func render(_ messages: [JinjaValue], asksForAnswer: Bool) throws(TemplateError) -> JinjaRendering {
        let variables: [(name: String, value: JinjaValue)]
        if let known = self.variables { variables = known } else { variables = try template.variables(conversation) }
        self.variables = variables
        let rendering: JinjaRendering
        do throws(JinjaError) {
            rendering = try template.render(messages, asksForAnswer: asksForAnswer, variables)
        } catch {
            throw .failed(error)
        }
        rendered += rendering.scalars.count
        guard rendered <= Self.longestInAll else { throw .tooLong(limit: Self.longestInAll) }
        return rendering
    }
}
