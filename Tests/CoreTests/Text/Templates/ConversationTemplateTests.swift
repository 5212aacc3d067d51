import CatenaLearning
import CatenaFiles
import CatenaJinja
import CatenaText
import Testing

/// What transformers renders, and what is learned of it.
@Suite("Conversations through chat templates")
struct ConversationTemplateTests {
    private typealias Fixture = ChatTemplateFixture

    @Test("the fixtures are there")
    func fixtures() { #expect(ChatTemplateFixture.committed.count >= 10) }

    @Test(
        "text, prompt and errors are transformers'; what is learned is the rule's",
        arguments: ChatTemplateFixture.committed)
    func committed(_ fixture: ChatTemplateFixture) throws { try check(fixture) }

    @Test(
        "all templates of ../shared/fixtures/chat-templates",
        .enabled(if: !ChatTemplateFixture.shared.isEmpty, "no ../shared/fixtures/chat-templates beside the repository"),
        arguments: ChatTemplateFixture.shared)
    func shared(_ fixture: ChatTemplateFixture) throws { try check(fixture) }

    private func check(_ fixture: ChatTemplateFixture) throws {
        let file = try Fixture.read(fixture.path)
        let template = try Fixture.template(file)
        let cases = Fixture.elements(file["cases"])
        #expect(!cases.isEmpty)
        for given in cases {
            let name = Fixture.text(given["name"]) ?? ""
            let conversation = Fixture.conversation(given)
            let text = Fixture.text(given["text"])
            let added = Fixture.text(given["prompt_adds"])
            let prompt = Fixture.text(given["prompt"]) ?? added.flatMap { added in text.map { $0 + added } }
            let promptError = given["prompt_error"] ?? given["text_error"]
            checkText(name, template, conversation, asksForAnswer: false, text, given["text_error"])
            checkText(name, template, conversation, asksForAnswer: true, prompt, promptError)
            if let expected = given["training"] { try checkTraining(name, template, conversation, expected, text) }
        }
    }

    private func checkText(
        _ name: String, _ template: ConversationTemplate, _ conversation: Conversation, asksForAnswer: Bool,
        _ expected: String?, _ failure: JSONValue?
    ) {
        do throws(TemplateError) {
            let text = try template.text(conversation, asksForAnswer: asksForAnswer)
            if let expected {
                #expect(Array(text.unicodeScalars) == Array(expected.unicodeScalars), "\(name)")
            } else {
                expectSecondTry(name, failure)
            }
        } catch {
            #expect(expected == nil, "\(name): \(error)")
            expectSame(error.cause, failure, name)
        }
    }

    /// Where the template cannot use objects as arguments, a second try with JSON text is ours, not transformers'.
    private func expectSecondTry(_ name: String, _ failure: JSONValue?) {
        #expect(
            Fixture.text(failure?["message"]) == "can only concatenate str (not \"dict\") to str",
            "\(name): transformers fails here")
    }

    private func expectSame(_ error: JinjaError?, _ failure: JSONValue?, _ name: String) {
        guard Fixture.text(failure?["kind"]) == "raised" else { return }
        guard case .raised(let message, _)? = error else {
            Issue.record("\(name): \(String(describing: error)) is not raised by the template")
            return
        }
        #expect(message == Fixture.text(failure?["message"]), "\(name)")
    }

    private func checkTraining(
        _ name: String, _ template: ConversationTemplate, _ conversation: Conversation, _ expected: JSONValue,
        _ text: String?
    ) throws {
        let treatment = Fixture.text(expected["treatment"])
        let made: TrainingTexts
        do throws(TemplateError) {
            made = try template.training(conversation)
        } catch {
            #expect(treatment == "refused", "\(name): \(error)")
            let turn = Fixture.integer(expected["turn"]) ?? -1
            switch error {
            case .failedUpTo(turn, let cause), .failedBefore(turn, let cause):
                expectSame(cause, expected["error"], name)
            case .contextChanges(turn): #expect(expected["error"] == nil, "\(name)")
            default: throw error
            }
            return
        }
        guard treatment != "refused" else {
            expectSecondTry(name, expected["error"])
            #expect(made.notes.first == .argumentsAsText, "\(name)")
            return
        }
        #expect(made.treatment.rawValue == treatment, "\(name)")
        let examples = Fixture.elements(expected["examples"]).map { Example($0, wholeText: text) }
        #expect(made.examples.map { Example($0, hasBlocks: template.hasGenerationBlocks) } == examples, "\(name)")
        #expect(made.notes.map(Note.init) == Fixture.elements(expected["notes"]).map(Note.init), "\(name)")
    }
}

/// An example in a form that both sides have.
private struct Example: Equatable {
    let messages: Int?
    let scalars: [Unicode.Scalar]
    let learned: [[Int]]

    init(_ json: JSONValue, wholeText: String?) {
        messages = ChatTemplateFixture.integer(json["messages"])
        scalars = Array((ChatTemplateFixture.text(json["text"]) ?? wholeText ?? "").unicodeScalars)
        learned = ChatTemplateFixture.elements(json["learned"]).map { range in
            ChatTemplateFixture.elements(range).compactMap { ChatTemplateFixture.integer($0) }
        }
    }

    init(_ text: TrainingText, hasBlocks: Bool) {
        messages = text.messageCount
        scalars = Array(text.text.unicodeScalars)
        learned = text.learned.map { range in
            [range.turn, range.start, range.end] + (hasBlocks ? [] : [range.endOfTurn])
        }
    }
}

/// A note in a form that both sides have.
private struct Note: Equatable {
    let turn: Int?
    let text: String
    let parts: [String]

    init(_ json: JSONValue) {
        turn = ChatTemplateFixture.integer(json["turn"])
        text = ChatTemplateFixture.text(json["note"]) ?? ""
        parts = ["prompt_ends", "text_has", "tail"].compactMap { ChatTemplateFixture.text(json[$0]) }
    }

    init(_ note: TrainingNote) {
        switch note {
        case .argumentsAsText: (turn, text, parts) = (nil, "arguments as text", [])
        case .setBehindPrompt(let turn): (self.turn, text, parts) = (turn, "set behind its prompt", [])
        case .promptDiffers(let turn, let prompt, let has):
            (self.turn, text, parts) = (turn, "generation prompt differs", [prompt, has])
        case .beforeAnyQuestion(let turn):
            (self.turn, text, parts) = (turn, "an answer before any question is not learned", [])
        case .endOfConversationLeftOut(let turn, let tail):
            (self.turn, text, parts) = (turn, "end of conversation left out", [tail])
        case .noEnd(let turn): (self.turn, text, parts) = (turn, "no token ends this answer", [])
        }
    }
}
