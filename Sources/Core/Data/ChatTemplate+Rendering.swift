import Foundation

/// A piece of an example's text that is learned or not as a whole.
public struct TemplatePiece: Sendable, Equatable {
    /// The characters of this piece.
    public var text: String
    /// Whether the model learns to write it.
    public var isSupervised: Bool
    /// Whether `text` is one special token.
    public var isToken: Bool

    /// A piece of text, or one special token.
    public init(_ text: String, isSupervised: Bool = false, isToken: Bool = false) {
        self.text = text
        self.isSupervised = isSupervised
        self.isToken = isToken
    }
}

/// Why a conversation does not fit a template.
struct TemplateMismatch: Error {
    let expected: String
    let found: String
}

extension ChatTemplate {
    /// The whole example, answers and their ends learned.
    ///
    /// Tokens examples have no text and render to nothing.
    func render(_ example: Example) throws(TemplateMismatch) -> [TemplatePiece] {
        switch example {
        case .conversation(let conversation): return try render(conversation, asksForAnswer: false)
        case .completion(let prompt, let completion):
            guard style == .plain else { break }
            return beginning + [TemplatePiece(prompt), TemplatePiece(completion, isSupervised: true)] + end(true)
        case .instruction(let instruction, let input, let output):
            if style == .alpaca {
                return beginning + [TemplatePiece(alpacaPrompt(system: nil, instruction: instruction, input: input))]
                    + [TemplatePiece(output, isSupervised: true)] + end(true)
            }
            guard style == .plain else { break }
            return beginning + [
                TemplatePiece(plainPrompt(instruction, input)), TemplatePiece(output, isSupervised: true),
            ]
                + end(true)
        case .text(let text), .document(let text):
            return [
                beginningOfText.map { TemplatePiece($0, isToken: true) }, TemplatePiece(text, isSupervised: true),
                endOfText.map { TemplatePiece($0.text, isSupervised: true, isToken: true) },
            ].compactMap { $0 }
        case .tokens: return []
        }
        return try render(example.conversation ?? Conversation(messages: []), asksForAnswer: false)
    }

    /// The example up to where its last answer begins; for texts and tokens, nil.
    func renderPrompt(_ example: Example) throws(TemplateMismatch) -> [TemplatePiece]? {
        switch example {
        case .completion(let prompt, _) where style == .plain: return beginning + [TemplatePiece(prompt)]
        case .instruction(let instruction, let input, _) where style == .plain:
            return beginning + [TemplatePiece(plainPrompt(instruction, input))]
        case .instruction(let instruction, let input, _) where style == .alpaca:
            return beginning + [TemplatePiece(alpacaPrompt(system: nil, instruction: instruction, input: input))]
        default:
            guard let conversation = example.promptConversation else { return nil }
            return try render(conversation, asksForAnswer: true)
        }
    }

    /// A conversation; with `asksForAnswer` it ends where the next assistant turn begins.
    func render(_ conversation: Conversation, asksForAnswer: Bool) throws(TemplateMismatch) -> [TemplatePiece] {
        let messages = try turns(of: conversation)
        return switch style {
        case .chatml: chatml(messages, asksForAnswer)
        case .llama3: llama3(messages, asksForAnswer)
        case .llama2: try llama2(messages)
        case .alpaca: alpaca(messages, asksForAnswer)
        case .plain: plain(messages, asksForAnswer)
        }
    }

    private var beginning: [TemplatePiece] { beginningOfSequence.map { [TemplatePiece($0, isToken: true)] } ?? [] }

    private func end(_ isSupervised: Bool) -> [TemplatePiece] {
        endOfAnswer.map { [TemplatePiece($0.text, isSupervised: isSupervised, isToken: true)] } ?? []
    }

    private func chatml(_ messages: [Turn], _ asksForAnswer: Bool) -> [TemplatePiece] {
        var pieces = beginning
        if let defaultSystem, messages.first?.role != .system {
            pieces.append(TemplatePiece("<|im_start|>system\n\(defaultSystem)<|im_end|>\n"))
        }
        let lastQuestion = messages.lastIndex { $0.role == .user } ?? -1
        for (index, message) in messages.enumerated() {
            let thinking = message.role == .assistant && index > lastQuestion ? thinkingBlock : ""
            pieces.append(TemplatePiece("<|im_start|>\(message.role.rawValue)\n\(thinking)"))
            pieces.append(TemplatePiece(message.content, isSupervised: message.isSupervised))
            if message.role == .assistant {
                pieces += end(message.isSupervised)
                pieces.append(TemplatePiece("\n"))
            } else {
                pieces.append(TemplatePiece("<|im_end|>\n"))
            }
        }
        if asksForAnswer { pieces.append(TemplatePiece("<|im_start|>assistant\n\(thinkingBlock)")) }
        return pieces
    }

    private func llama3(_ messages: [Turn], _ asksForAnswer: Bool) -> [TemplatePiece] {
        var messages = messages
        if let datePreamble {
            let system = messages.first?.role == .system ? messages.removeFirst().content.trimmed : ""
            messages.insert(Turn(.system, datePreamble + system), at: 0)
        }
        var pieces = beginning
        for (index, message) in messages.enumerated() {
            let isPreamble = index == 0 && datePreamble != nil
            pieces.append(TemplatePiece("<|start_header_id|>\(message.role.rawValue)<|end_header_id|>\n\n"))
            pieces.append(
                TemplatePiece(
                    isPreamble ? message.content : message.content.trimmed, isSupervised: message.isSupervised))
            pieces += message.role == .assistant ? end(message.isSupervised) : [TemplatePiece("<|eot_id|>")]
        }
        if asksForAnswer { pieces.append(TemplatePiece("<|start_header_id|>assistant<|end_header_id|>\n\n")) }
        return pieces
    }

    private func llama2(_ messages: [Turn]) throws(TemplateMismatch) -> [TemplatePiece] {
        var turns = messages
        var system = ""
        if turns.first?.role == .system {
            let content = turns.removeFirst().content
            system = isMistral ? content + "\n\n" : "<<SYS>>\n\(content)\n<</SYS>>\n\n"
        }
        var pieces = isMistral ? beginning : []
        for (index, turn) in turns.enumerated() {
            let expected: Turn.Role = index % 2 == 0 ? .user : .assistant
            guard turn.role == expected else {
                throw TemplateMismatch(
                    expected: "user and assistant messages in turn, as the llama2 template needs",
                    found: "\(turn.role.rawValue) where \(expected.rawValue) should speak")
            }
            if turn.role == .user {
                let content = (index == 0 ? system : "") + turn.content
                if !isMistral { pieces += beginning }
                pieces.append(TemplatePiece("[INST] \(content.trimmed) [/INST]"))
            } else {
                let answer = isMistral ? " \(turn.content.trimmed)" : " \(turn.content.trimmed) "
                pieces.append(TemplatePiece(answer, isSupervised: turn.isSupervised))
                pieces += end(turn.isSupervised)
            }
        }
        return pieces
    }

    private func alpaca(_ messages: [Turn], _ asksForAnswer: Bool) -> [TemplatePiece] {
        var pieces = beginning
        let system = messages.first?.role == .system ? messages.first?.content : nil
        var isFirstQuestion = true
        for message in messages where message.role != .system {
            if message.role == .user {
                pieces.append(
                    TemplatePiece(
                        isFirstQuestion
                            ? alpacaPrompt(system: system, instruction: message.content, input: "")
                            : "\n\n### Instruction:\n\(message.content)\n\n### Response:\n"))
                isFirstQuestion = false
            } else {
                pieces.append(TemplatePiece(message.content, isSupervised: message.isSupervised))
                pieces += end(message.isSupervised)
            }
        }
        return pieces
    }

    /// The Alpaca prompt as data sets of that form have it.
    private func alpacaPrompt(system: String?, instruction: String, input: String) -> String {
        let task = "Below is an instruction that describes a task"
        let request = "Write a response that appropriately completes the request."
        if input.isEmpty {
            return "\(system ?? "\(task). \(request)")\n\n### Instruction:\n\(instruction)\n\n### Response:\n"
        }
        let preamble = system ?? "\(task), paired with an input that provides further context. \(request)"
        return "\(preamble)\n\n### Instruction:\n\(instruction)\n\n### Input:\n\(input)\n\n### Response:\n"
    }

    private func plain(_ messages: [Turn], _ asksForAnswer: Bool) -> [TemplatePiece] {
        var pieces = beginning
        for message in messages {
            switch message.role {
            case .system: pieces.append(TemplatePiece("\(message.content)\n"))
            case .user: pieces.append(TemplatePiece("User: \(message.content)\n"))
            case .assistant:
                pieces.append(TemplatePiece("Assistant:"))
                pieces.append(TemplatePiece(" \(message.content)", isSupervised: message.isSupervised))
                pieces += end(message.isSupervised)
                pieces.append(TemplatePiece("\n"))
            }
        }
        if asksForAnswer { pieces.append(TemplatePiece("Assistant:")) }
        return pieces
    }

    private func plainPrompt(_ instruction: String, _ input: String) -> String {
        input.isEmpty ? "\(instruction)\n" : "\(instruction)\n\(input)\n"
    }
}

extension String {
    fileprivate var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }
}
