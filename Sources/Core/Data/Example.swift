/// One turn of a conversation.
public struct ChatMessage: Sendable, Hashable {
    /// Who speaks.
    public enum Role: String, Sendable, CaseIterable {
        case system, user, assistant
    }

    /// Who speaks.
    public var role: Role
    /// What is said.
    public var content: String
    /// Whether the turn is learned; only an assistant's can be. `"train": false` in a file turns it off.
    public var isSupervised: Bool

    /// A turn; an assistant's is learned unless said otherwise.
    public init(_ role: Role, _ content: String, isSupervised: Bool = true) {
        self.role = role
        self.content = content
        self.isSupervised = isSupervised && role == .assistant
    }
}

/// One training or evaluation example, before templates and tokens.
public enum Example: Sendable, Hashable {
    /// `{"messages": [{"role", "content"}]}`: assistant turns are learned.
    case messages([ChatMessage])
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

    /// The form as it is written in a file.
    public var form: String {
        switch self {
        case .messages: "{\"messages\"}"
        case .completion: "{\"prompt\", \"completion\"}"
        case .instruction: "{\"instruction\", \"input\", \"output\"}"
        case .text: "{\"text\"}"
        case .document: "plain text"
        case .tokens: "{\"input_ids\", \"labels\"}"
        }
    }

    /// The example as a conversation; nil for texts and tokens.
    public var conversation: [ChatMessage]? {
        switch self {
        case .messages(let messages): messages
        case .completion(let prompt, let completion): [ChatMessage(.user, prompt), ChatMessage(.assistant, completion)]
        case .instruction(let instruction, let input, let output):
            [
                ChatMessage(.user, input.isEmpty ? instruction : instruction + "\n\n" + input),
                ChatMessage(.assistant, output),
            ]
        case .text, .document, .tokens: nil
        }
    }

    /// Whether there is anything to learn in it; a response of blanks is nothing.
    public var hasTarget: Bool {
        switch self {
        case .text(let text), .document(let text): !text.allSatisfy(\.isWhitespace)
        case .tokens(_, let labels): labels.dropFirst().contains { $0 != EncodedExample.ignored }
        case .messages, .completion, .instruction:
            (conversation ?? []).contains { $0.isSupervised && !$0.content.allSatisfy(\.isWhitespace) }
        }
    }

    /// The answer to compare a generated one with: the last assistant turn; nil for texts and tokens.
    public var reference: String? {
        guard let last = conversation?.last, last.role == .assistant else { return nil }
        return last.content
    }

    /// The conversation up to the last assistant turn, which is the one to generate; nil for texts and tokens.
    public var promptMessages: [ChatMessage]? {
        guard var messages = conversation else { return nil }
        if messages.last?.role == .assistant { messages.removeLast() }
        return messages
    }
}

/// An example and where it came from.
public struct SourcedExample: Sendable, Hashable {
    /// What the line holds.
    public var example: Example
    /// The file it came from.
    public var file: String
    /// Counts from 1.
    public var line: Int

    /// An example of `file` that begins on `line`.
    public init(_ example: Example, file: String, line: Int) {
        self.example = example
        self.file = file
        self.line = line
    }
}
