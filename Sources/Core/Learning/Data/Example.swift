import CatenaFiles
package import CatenaText

/// One training or evaluation example, before templates and tokens.
package enum Example: Sendable, Equatable {
    /// `{"messages": [{"role", "content"}]}`: assistant turns are learned.
    case conversation(Conversation)
    /// `{"prompt", "completion"}`: the completion is learned.
    case completion(prompt: String, completion: String)
    /// `{"instruction", "input", "output"}`: the output is learned; `input` may be empty.
    case instruction(instruction: String, input: String, output: String)
    /// `{"text"}`: everything is learned.
    case text(String)
    /// A whole .txt file: everything is learned, in pieces of the maximal length.
    case document(String)
    /// `{"input_ids", "labels"}`: labels[i] stands for inputIds[i] (not shifted); -100 is not learned.
    case tokens(inputIds: [Int32], labels: [Int32])
    /// `{"text", "label"}`, or two texts: the whole is judged.
    case sequence(first: String, second: String?, label: ExampleLabel)
    /// `{"pixels", "label"}`, or an image of a file of images.
    case image(ImageExample)
    /// `{"prompt", "chosen", "rejected"}`: two whole examples, whose answers are compared.
    indirect case preference(chosen: Example, rejected: Example)

    /// The form as it is written in a file.
    package var form: String {
        switch self {
        case .conversation: "{\"messages\"}"
        case .completion: "{\"prompt\", \"completion\"}"
        case .instruction: "{\"instruction\", \"input\", \"output\"}"
        case .text: "{\"text\"}"
        case .document: "plain text"
        case .tokens: "{\"input_ids\", \"labels\"}"
        case .sequence(_, let second, _): (second == nil ? ExampleForm.Form.sequence : .pair).rawValue
        case .image: ExampleForm.Form.image.rawValue
        case .preference: ExampleForm.Form.preference.rawValue
        }
    }

    /// What the whole is judged as; nil where tokens are learned.
    package var label: ExampleLabel? {
        switch self {
        case .sequence(_, _, let label): label
        case .image(let image): image.label
        default: nil
        }
    }

    /// The example as a conversation; nil for texts and tokens.
    package var conversation: Conversation? {
        switch self {
        case .conversation(let conversation): conversation
        case .completion(let prompt, let completion):
            Conversation(messages: [.init("user", prompt), .init("assistant", completion)])
        case .instruction(let instruction, let input, let output):
            Conversation(messages: [
                .init("user", input.isEmpty ? instruction : instruction + "\n\n" + input), .init("assistant", output),
            ])
        case .text, .document, .tokens, .sequence, .image, .preference: nil
        }
    }

    /// Whether there is anything to learn in it; a response of blanks is nothing.
    package var hasTarget: Bool {
        switch self {
        case .text(let text), .document(let text): !text.allSatisfy(\.isWhitespace)
        case .sequence(let first, let second, _): !(first + (second ?? "")).allSatisfy(\.isWhitespace)
        case .image: true
        case .preference(let chosen, let rejected): chosen.hasTarget && rejected.hasTarget
        case .tokens(_, let labels): labels.dropFirst().contains { $0 != EncodedExample.ignored }
        case .conversation, .completion, .instruction:
            (conversation?.messages ?? []).contains { message in
                message.isLearned
                    && message.fields.contains { field in
                        guard field.key != "role" else { return false }
                        guard case .string(let text) = field.value else { return true }
                        return !text.allSatisfy(\.isWhitespace)
                    }
            }
        }
    }

    /// The answer to compare a generated one with: the last assistant turn; nil for texts and tokens, and for a turn without text.
    package var reference: String? {
        guard let last = conversation?.messages.last, last.role == "assistant" else { return nil }
        return last.content
    }

    /// The conversation up to the last assistant turn, which is the one to generate; nil for texts and tokens.
    package var promptConversation: Conversation? {
        guard var conversation else { return nil }
        if conversation.messages.last?.role == "assistant" { conversation.messages.removeLast() }
        return conversation
    }
}

/// An example and where it came from.
package struct SourcedExample: Sendable, Equatable {
    /// What the line holds.
    package var example: Example
    /// The file it came from.
    package var file: String
    /// Where it begins there.
    package var line: RecordPlace
    /// Keys of the record that say nothing about training, sorted.
    package var ignoredKeys: [String] = []

    /// An example of `file` that begins on `line`.
    package init(_ example: Example, file: String, line: RecordPlace, ignoredKeys: [String] = []) {
        self.ignoredKeys = ignoredKeys
        self.example = example
        self.file = file
        self.line = line
    }

    /// What the user should know about this one: `ignored: id, source`.
    package var notes: [String] {
        ignoredKeys.isEmpty ? [] : ["ignored: " + ignoredKeys.joined(separator: ", ")]
    }
}
