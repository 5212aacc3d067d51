package import CatenaModels

/// Why a model could not be probed or evaluated.
package enum EvaluationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// A probe's tensor is no batch of sequences.
    case notABatch(path: String, tensor: String, shape: [Int])
    /// A label is neither a token of the model nor -100.
    case labelOutOfRange(path: String, label: Int, vocabularySize: Int)
    /// A label is none of the classifier's.
    case categoryOutOfRange(path: String, label: Int, labelCount: Int)
    /// A sequence's length is none, or its mask has gaps.
    case notALength(path: String, found: Int, longest: Int)
    /// No position has a target.
    case nothingSupervised(path: String)
    /// There are not as many chosen answers as rejected ones.
    case notPairs(path: String, chosen: Int, rejected: Int)
    /// A row's mask is not as many ones as its length says, followed by zeros.
    case notRightPadded(path: String, side: String, row: Int)
    /// An example has no answer that a generated one could be compared with.
    case noReference(file: String, line: RecordPlace, form: String)
    /// A prompt leaves no room for an answer.
    case promptTooLong(place: String, tokenCount: Int, maximumTokens: Int)
    /// A prompt has no tokens.
    case emptyPrompt(place: String)
    /// A model that does not judge sequences as a task needs it.
    case wrongHead(String, task: Task)
    /// Scores of an example that are infinite or no numbers.
    case notFinite(place: String)

    package var description: String {
        switch self {
        case .notABatch(let path, let tensor, let shape):
            "\(path): tensor \(tensor) has shape \(shape), expected [sequences, tokens] with at least one of each."
        case .labelOutOfRange(let path, let label, let vocabularySize):
            "\(path): tensor labels holds \(label), expected -100 or a token id in 0...\(vocabularySize - 1); "
                + "use the tokenizer that belongs to the model."
        case .categoryOutOfRange(let path, let label, let labelCount):
            "\(path): tensor labels holds \(label), expected a number in 0...\(labelCount - 1), as the model has \(labelCount) "
                + "labels; give the labels of this model."
        case .notALength(let path, let found, let longest):
            "\(path): a sequence has \(found) tokens that count, expected 1...\(longest), all at its beginning; pad sequences on "
                + "the right only."
        case .nothingSupervised(let path):
            "\(path): no position has a target, so there is no loss; expected a label other than -100 "
                + "after the first token of a sequence."
        case .notPairs(let path, let chosen, let rejected):
            "\(path): \(chosen) chosen answers and \(rejected) rejected ones, expected one of each for every pair."
        case .notRightPadded(let path, let side, let row):
            "\(path): row \(row) of \(side)attention_mask is not \(side)lengths ones followed by zeros; expected 2 tokens or more, "
                + "and padding behind them only."
        case .noReference(let file, let line, let form):
            "\(file):\(line): an example of the form \(form) has no answer to compare with; "
                + "give {\"prompt\", \"completion\"}, or messages that end with an assistant's turn."
        case .promptTooLong(let place, let tokenCount, let maximumTokens):
            "\(place): the prompt has \(tokenCount) tokens, expected fewer than the \(maximumTokens) positions "
                + "that the model was made for; shorten it."
        case .wrongHead(let found, let task):
            """
            --task \(task.rawValue): expected a model with a head for \(task == .regression ? "one number" : "classes"), found \(found); \
            give the adapter that was trained for it, or a model such as BertForSequenceClassification.
            """
        case .notFinite(let place):
            "\(place): expected scores that are finite, found NaN or infinity; the model or its adapter is damaged."
        case .emptyPrompt(let place):
            "\(place): the prompt is empty; give it at least one token."
        }
    }
}
