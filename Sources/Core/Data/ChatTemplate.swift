import Foundation

/// How a conversation becomes text.
///
/// A template renders to pieces; the pieces that are learned are the assistant's words and the token that ends them.
/// Without the masks the pieces are the text that the model's own chat template makes (Hugging Face
/// `apply_chat_template`), for the families named at ``Style``.
public struct ChatTemplate: Sendable, Equatable {
    /// The known forms.
    public enum Style: String, Sendable, CaseIterable {
        /// `<|im_start|>role\n…<|im_end|>\n`: SmolLM2, Qwen2, Qwen3 and others.
        case chatml
        /// `<s>[INST] … [/INST] … </s>`: Llama 2, and Mistral without `<<SYS>>`.
        case llama2
        /// `<|start_header_id|>role<|end_header_id|>\n\n…<|eot_id|>`: Llama 3.
        case llama3
        /// `### Instruction:` and `### Response:`.
        case alpaca
        /// Prompt and completion as they are; turns of a conversation as `User:` and `Assistant:` lines.
        case plain
    }

    /// The family of templates.
    public let style: Style
    /// The system message that the model's own template puts before a conversation that has none.
    public let defaultSystem: String?
    /// Text of the token that begins a sequence, where the style writes it.
    public let beginningOfSequence: String?
    /// The token that ends an answer; nil if the vocabulary has none.
    public let endOfAnswer: EndToken?
    /// What begins a plain text; the tokenizer's own choice, whatever the style.
    let beginningOfText: String?
    /// What ends a plain text: the tokenizer's first end-of-sequence token.
    let endOfText: EndToken?
    /// llama2: a Mistral-type template, without `<<SYS>>` and with one beginning-of-sequence token.
    let isMistral: Bool
    /// llama3: the line about dates that Llama 3.1 and later put into the system message.
    let datePreamble: String?
    /// chatml: Qwen3's empty thinking block before the last answer.
    let thinkingBlock: String
    /// What the user should know about the choice, one sentence each.
    public let notes: [String]

    /// A token that ends an answer.
    public struct EndToken: Sendable, Equatable {
        /// The token's text.
        public let text: String
        /// The token's id.
        public let id: Int32
    }

    /// `auto` and the names of the styles.
    public static let knownNames = ["auto"] + Style.allCases.map(\.rawValue)

    /// The template that `name` means for a model with this tokenizer.
    ///
    /// `auto` recognises the style from the model's own template text, else from the special tokens of the
    /// vocabulary, else takes `plain` and says so in ``notes``.
    public init(named name: String, tokenizer: any TextTokenizer) throws(DataError) {
        let text = tokenizer.chatTemplate ?? ""
        var notes: [String] = []
        let style: Style
        if let named = Style(rawValue: name) {
            style = named
        } else if name == "auto" {
            if let recognised = Self.recognise(text: text, tokenizer: tokenizer) {
                style = recognised
            } else {
                style = .plain
                notes.append(
                    text.isEmpty
                        ? "The model has no chat template; data.template auto takes plain."
                        : "The model's chat template is of no known style; data.template auto takes plain.")
            }
        } else {
            throw .unknownTemplate(name, known: Self.knownNames)
        }
        self.style = style

        endOfText = tokenizer.endOfSequenceIds.first.flatMap { id in
            tokenizer.token(of: id).map { EndToken(text: $0, id: id) }
        }
        let marker: String? =
            switch style {
            case .chatml: "<|im_end|>"
            case .llama3: "<|eot_id|>"
            case .llama2, .alpaca, .plain: nil
            }
        if let marker, let id = tokenizer.id(of: marker) {
            endOfAnswer = EndToken(text: marker, id: id)
        } else if let endOfText {
            endOfAnswer = endOfText
            if let marker {
                notes.append("The vocabulary has no \(marker); answers end with \(endOfText.text).")
            }
        } else {
            endOfAnswer = nil
            notes.append("The tokenizer names no end-of-sequence token; answers are learned without an end.")
        }

        let writesBeginning =
            switch style {
            case .llama2, .llama3: true
            case .chatml: text.isEmpty ? tokenizer.addsBeginningOfSequence : text.contains("bos_token")
            case .alpaca, .plain: tokenizer.addsBeginningOfSequence
            }
        let beginning = tokenizer.beginningOfSequenceId.flatMap { tokenizer.token(of: $0) }
        beginningOfSequence = writesBeginning ? beginning : nil
        beginningOfText = tokenizer.addsBeginningOfSequence ? beginning : nil
        defaultSystem = style == .chatml ? Self.defaultSystem(in: text) : nil
        isMistral = style == .llama2 && text.contains("[INST]") && !text.contains("<<SYS>>")
        datePreamble =
            style == .llama3 && text.contains("Cutting Knowledge Date: December 2023")
            ? "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n" : nil
        thinkingBlock = style == .chatml && text.contains("enable_thinking") ? "<think>\n\n</think>\n\n" : ""
        self.notes = notes
    }

    private static func recognise(text: String, tokenizer: any TextTokenizer) -> Style? {
        if text.contains("<|im_start|>") { return .chatml }
        if text.contains("<|start_header_id|>") { return .llama3 }
        if text.contains("[INST]") { return .llama2 }
        if text.contains("### Instruction") { return .alpaca }
        guard text.isEmpty else { return nil }
        if tokenizer.id(of: "<|im_start|>") != nil, tokenizer.id(of: "<|im_end|>") != nil { return .chatml }
        if tokenizer.id(of: "<|start_header_id|>") != nil, tokenizer.id(of: "<|eot_id|>") != nil { return .llama3 }
        return nil
    }

    /// The literal system message in a chatml template's Jinja text; nil if it has none.
    private static func defaultSystem(in text: String) -> String? {
        for newline in ["\n", "\\n"] {
            var rest = text[...]
            while let start = rest.range(of: "<|im_start|>system" + newline) {
                rest = rest[start.upperBound...]
                guard let end = rest.range(of: "<|im_end|>") else { break }
                let message = rest[..<end.lowerBound]
                if !message.isEmpty, !message.contains(where: { "'\"{}".contains($0) }) {
                    return message.replacingOccurrences(of: "\\n", with: "\n")
                }
            }
        }
        return nil
    }

    /// The ids on which generation stops: the token that ends an answer and the model's own end tokens.
    public func stopIds(tokenizer: any TextTokenizer) -> [Int32] {
        var ids = endOfAnswer.map { [$0.id] } ?? []
        for id in tokenizer.endOfSequenceIds where !ids.contains(id) { ids.append(id) }
        return ids
    }

    /// Equal for templates that render alike; part of the prepared data's key.
    var fingerprintText: String {
        let probes: [Example] = [
            .conversation(
                Conversation(messages: [
                    .init("system", "s"), .init("user", "u"), .init("assistant", "a"), .init("user", "v"),
                    .init("assistant", "b"),
                ])),
            .completion(prompt: "p", completion: "c"), .instruction(instruction: "i", input: "", output: "o"),
            .instruction(instruction: "i", input: "j", output: "o"), .text("t"),
        ]
        return style.rawValue + "\n"
            + probes.flatMap { (try? render($0)) ?? [] }
            .map { "\($0.isSupervised ? "+" : "-")\($0.isToken ? "#" : "")\($0.text)" }.joined(separator: "\u{1}")
    }
}
