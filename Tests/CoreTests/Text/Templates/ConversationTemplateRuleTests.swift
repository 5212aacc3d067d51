import CatenaFiles
import CatenaText
import Testing

/// Cases of the rule that the fixtures do not have.
@Suite("What is learned of a conversation")
struct ConversationTemplateRuleTests {
    private static let plain = """
        {% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>
        {% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}
        """

    private func template(_ source: String) throws -> ConversationTemplate {
        try ConversationTemplate(
            source: source, specialTokens: [(name: "eos_token", text: "<|end|>")],
            addedTokens: ["<|user|>", "<|assistant|>", "<|end|>"], stopTokens: ["<|end|>"])
    }

    private func conversation(_ turns: [(String, String)]) -> Conversation {
        Conversation(
            messages: turns.map { role, content in
                Conversation.Message(
                    fields: ["role": .string(role), "content": .string(content)],
                    isLearned: true)
            })
    }

    private func learned(_ text: TrainingText) -> [String] {
        let scalars = Array(text.text.unicodeScalars)
        return text.learned.map { range in
            var view = String.UnicodeScalarView()
            view.append(contentsOf: scalars[range.start..<range.end])
            return String(view)
        }
    }

    @Test("two turns: both answers with their end tokens, in one text")
    func whole() throws {
        let turns = [("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "d")]
        let made = try template(Self.plain).training(conversation(turns))
        #expect(made.treatment == .whole)
        #expect(try learned(#require(made.examples.first)) == ["b<|end|>", "d<|end|>"])
        #expect(made.notes.isEmpty)
    }

    @Test("a system text that only the last question shows: a text for each answer, each learned once")
    func split() throws {
        let source = """
            {% for m in messages %}<|{{ m.role }}|>{% if m.role == 'user' and loop.index >= loop.length - 1 %}(now) {% endif %}\
            {{ m.content }}<|end|>
            {% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}
            """
        let turns = [("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "d")]
        let made = try template(source).training(conversation(turns))
        #expect(made.treatment == .split)
        #expect(made.examples.map(learned) == [["b<|end|>"], ["d<|end|>"]])
        #expect(made.examples.map(\.messageCount) == [2, 4])
    }

    @Test("a long conversation is kept once, and all of it is learned")
    func long() throws {
        let turns = (0..<300).map { ($0 % 2 == 0 ? "user" : "assistant", "turn \($0)") }
        let made = try template(Self.plain).training(conversation(turns))
        #expect(made.treatment == .whole)
        #expect(made.examples.first?.learned.count == 150)
    }

    @Test("a message without an answer has nothing to learn")
    func nothing() throws {
        #expect(try template(Self.plain).training(conversation([("user", "a")])).treatment == .nothingToLearn)
    }

    @Test("a template that fails says its own message and line")
    func failure() throws {
        let source = "{% for m in messages %}\n{{ raise_exception('roles must alternate') }}\n{% endfor %}"
        #expect {
            _ = try template(source).training(conversation([("user", "a"), ("assistant", "b")]))
        } throws: { error in
            "\(error)".contains("message 2") && "\(error)".contains("line 2: roles must alternate")
        }
    }

    @Test("a variable with the name of the conversation's own is refused")
    func reserved() throws {
        var given = conversation([("user", "a"), ("assistant", "b")])
        given.templateVariables = ["messages": .array([])]
        #expect(throws: TemplateError.reservedVariable("messages")) { _ = try template(Self.plain).training(given) }
    }
}
