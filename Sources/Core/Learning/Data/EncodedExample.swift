package import CatenaModels

/// An example as tokens: `labels[i]` stands for `inputIds[i]` (not shifted), -100 where nothing is learned.
package struct EncodedExample: Sendable, Equatable {
    /// Token ids.
    package var inputIds: [Int32]
    /// The id to learn at each place, or -100.
    package var labels: [Int32]
    /// Whether tokens were cut off at the end.
    package var wasCut = false

    /// What a whole sequence is judged as; nil where tokens are learned.
    package var target: SegmentTarget?
    /// The type of each token of a sequence that is judged; empty where all are 0.
    package var tokenTypes: [Int32] = []
    /// Whether it is an image, whose pixels' bits stand in the place of ids.
    package private(set) var isImage = false
    /// Of a pair of answers: how many of the first tokens are the chosen one's.
    package var chosenCount: Int?

    /// How many positions have a target: the labels after the first token, or of each answer of a pair after its first token, that are not
    /// -100. A sequence that is judged counts once.
    package var supervisedCount: Int {
        if target != nil { return 1 }
        let count = labels.dropFirst().count { $0 != EncodedExample.ignored }
        guard let chosenCount, labels[chosenCount] != EncodedExample.ignored else { return count }
        return count - 1
    }

    /// The example up to its last learned token: what comes after (a template's last line feed, padding) has no influence on the loss
    /// and would only cost time.
    package var trimmed: EncodedExample {
        let end = (labels.lastIndex { $0 != EncodedExample.ignored } ?? -1) + 1
        return EncodedExample(inputIds: Array(inputIds[..<end]), labels: Array(labels[..<end]), wasCut: wasCut)
    }

    /// The label of a token that is not learned.
    package static let ignored: Int32 = -100

    /// An image.
    package init(pixels: [Float], target: SegmentTarget?) {
        self.init(
            inputIds: pixels.map { Int32(bitPattern: $0.bitPattern) },
            labels: Array(repeating: EncodedExample.ignored, count: pixels.count))
        (self.target, isImage) = (target, true)
    }

    /// Tokens and their labels, one each.
    package init(inputIds: [Int32], labels: [Int32], wasCut: Bool = false) {
        precondition(inputIds.count == labels.count, "\(inputIds.count) tokens with \(labels.count) labels")
        self.inputIds = inputIds
        self.labels = labels
        self.wasCut = wasCut
    }
}

/// What to give a model so that it writes an example's last answer.
package struct EncodedPrompt: Sendable, Equatable {
    /// The prompt as text.
    package var text: String
    /// The prompt as token ids.
    package var inputIds: [Int32]
    /// Generation ends after any of these.
    package var stopIds: [Int32]
}

/// A part of an example's text that is learned or not as a whole.
package struct TextRun: Sendable, Equatable {
    /// Its characters.
    package var text: String
    /// Whether the model learns to write it.
    package var isLearned: Bool

    /// Characters that are learned or not.
    package init(_ text: String, isLearned: Bool = false) {
        self.text = text
        self.isLearned = isLearned
    }
}

/// What one example of a file becomes.
package struct EncodedRecord: Sendable {
    /// One of them, or several: pieces of a long document, or parts of a conversation whose earlier turns look different once later
    /// ones follow.
    package var examples: [EncodedExample]
    /// The text of each example; none for token ids and for pieces of a document.
    package var texts: [[TextRun]] = []
    /// What its template has to say, one sentence each.
    package var notes: [String] = []
    /// Whether it was written as a conversation.
    package var isConversation = false
    /// Whether tokens were cut off, where no example came of it.
    package var wasCut = false
    /// Whether it is a pair of equal answers, of which no example came.
    package var areEqual = false

    /// A record of which `examples` came.
    package init(
        examples: [EncodedExample], texts: [[TextRun]] = [], notes: [String] = [], isConversation: Bool = false
    ) {
        (self.examples, self.texts, self.notes, self.isConversation) = (examples, texts, notes, isConversation)
    }
}
