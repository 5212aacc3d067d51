/// What is learned from one conversation.
package struct TrainingTexts: Sendable, Equatable {
    /// What became of the conversation.
    package enum Treatment: String, Sendable {
        /// One text has all answers.
        case whole
        /// Some answers need a text of their own, because the template shows their context otherwise later.
        case split
        case nothingToLearn = "nothing to learn"
    }

    /// The texts, in the order of their last answers.
    package var examples: [TrainingText]
    /// What a reader should know.
    package var notes: [TrainingNote]

    package var treatment: Treatment { examples.isEmpty ? .nothingToLearn : examples.count == 1 ? .whole : .split }
}

/// A text to train on.
package struct TrainingText: Sendable, Equatable {
    /// How many of the conversation's messages it has.
    package var messageCount: Int
    package var text: String
    /// What of it is learned, in order.
    package var learned: [LearnedRange]
}

/// A part of a text that is learned; offsets count code points (`unicodeScalars`).
package struct LearnedRange: Sendable, Equatable {
    /// The message that it is of, from 0.
    package var turn: Int
    package var start: Int
    /// Behind the last character that is learned.
    package var end: Int
    /// Behind everything that the turn added to the text; white space behind the token that ends the turn is not learned.
    package var endOfTurn: Int
}

/// What a reader of the texts should know.
package enum TrainingNote: Sendable, Equatable {
    /// The template could not use objects as arguments of tool calls; it got them as JSON text.
    case argumentsAsText
    /// The text before the answer changes once the answer is there: the answer was set behind its prompt.
    case setBehindPrompt(turn: Int)
    /// Generation will begin with `promptEnds` where the text has `textHas`.
    case promptDiffers(turn: Int, promptEnds: String, textHas: String)
    /// An answer before any question is context only.
    case beforeAnyQuestion(turn: Int)
    /// What the template writes at the end of the whole conversation is not in the text.
    case endOfConversationLeftOut(turn: Int, tail: String)
    /// Nothing at the end of the answer tells the model to stop.
    case noEnd(turn: Int)
}

extension TrainingNote: CustomStringConvertible {
    package var description: String {
        switch self {
        case .argumentsAsText: "the template cannot use objects as arguments of tool calls: they are given as JSON text"
        case .setBehindPrompt(let turn):
            "message \(turn + 1): the template changes the text before an answer: the answer is set behind its prompt"
        case .promptDiffers(let turn, let prompt, let text):
            "message \(turn + 1): generation will begin with \(prompt.debugDescription) where the text has \(text.debugDescription)"
        case .beforeAnyQuestion(let turn): "message \(turn + 1): an answer before any question is not learned"
        case .endOfConversationLeftOut(let turn, let tail):
            "message \(turn + 1): \(tail.debugDescription) at the end of the conversation is left out"
        case .noEnd(let turn): "message \(turn + 1): no token ends this answer"
        }
    }
}
