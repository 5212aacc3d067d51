import CatenaText

/// What an example is to become.
enum WrittenForm: Sendable {
    /// A conversation, written by a template.
    case conversation(Conversation)
    /// A prompt and a learned answer, one after the other as they are.
    case joined(prompt: String, answer: String)
    /// A text that is learned whole.
    case text(String)
    /// Tokens as they are.
    case tokens(inputIds: [Int32], labels: [Int32])
    /// Nothing that a template writes.
    case judged
}

extension ChatTemplate {
    /// What `example` becomes with this template.
    ///
    /// Prompts and completions, instructions and outputs are conversations of one question and one answer; with `plain`, and without
    /// any template, they are joined as they are, and `alpaca` has a form of its own for instructions.
    func form(of example: Example) -> WrittenForm {
        switch (example, source) {
        case (.completion(let prompt, let completion), .none),
            (.completion(let prompt, let completion), .builtIn(.plain)):
            .joined(prompt: prompt, answer: completion)
        case (.instruction(let instruction, let input, let output), .none),
            (.instruction(let instruction, let input, let output), .builtIn(.plain)):
            .joined(prompt: input.isEmpty ? "\(instruction)\n" : "\(instruction)\n\(input)\n", answer: output)
        case (.instruction(let instruction, let input, let output), .builtIn(.alpaca)):
            .joined(prompt: BuiltInTemplate.alpacaPrompt(instruction: instruction, input: input), answer: output)
        case (.text(let text), _), (.document(let text), _): .text(text)
        case (.tokens(let inputIds, let labels), _): .tokens(inputIds: inputIds, labels: labels)
        case (.sequence, _), (.image, _), (.preference, _): .judged
        case (.conversation, _), (.completion, _), (.instruction, _):
            .conversation(example.conversation ?? Conversation(messages: []))
        }
    }
}
