package import CatenaJinja

/// Why a conversation cannot become text, or cannot be learned from.
package enum TemplateError: Error, Equatable, Sendable {
    /// The chat template's text is not of the language.
    case unreadable(JinjaError)
    /// The template failed on the conversation.
    case failed(JinjaError)
    /// The template failed on the messages up to an answer.
    case failedUpTo(turn: Int, JinjaError)
    /// The template failed on the messages before an answer.
    case failedBefore(turn: Int, JinjaError)
    /// The template changes what stands before an answer, so that no text has the answer where inference asks for it.
    case contextChanges(turn: Int)
    /// A conversation without messages.
    case emptyConversation
    /// A further variable has the name of one that the conversation fills.
    case reservedVariable(String)
    /// The texts of one conversation are longer in all than a conversation may make.
    case tooLong(limit: Int)

    /// The template's own failure.
    package var cause: JinjaError? {
        switch self {
        case .unreadable(let error), .failed(let error), .failedUpTo(_, let error), .failedBefore(_, let error): error
        case .contextChanges, .emptyConversation, .reservedVariable, .tooLong: nil
        }
    }
}

extension TemplateError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unreadable(let error): "the chat template cannot be read: \(error)"
        case .failed(let error): "the chat template fails: \(error)"
        case .failedUpTo(let turn, let error):
            "the chat template fails on the messages up to the answer in message \(turn + 1): \(error)"
        case .failedBefore(let turn, let error):
            "the chat template fails on the messages before the answer in message \(turn + 1): \(error)"
        case .contextChanges(let turn):
            "the chat template changes the text before the answer in message \(turn + 1) once the answer is there, and no added token shows where the answer begins"
        case .emptyConversation: "a conversation without messages"
        case .reservedVariable(let name):
            "the template variable \(name) is filled by the conversation itself; give it another name"
        case .tooLong(let limit):
            "the texts of this conversation have more than \(limit) characters in all; split it"
        }
    }
}
