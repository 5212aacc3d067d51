import CatenaFiles

/// The keys that records of data have, and what those mean that no form takes.
package enum DataKeys {
    /// Every key that some form of data may have.
    static let all = [
        "messages", "conversations", "conversation", "prompt", "completion", "response", "chosen", "rejected",
        "instruction", "input", "output", "question", "answer", "context", "text", "input_ids", "labels", "label",
        "pixels",
        "sentence", "sentence1", "sentence2", "premise", "hypothesis", "question1", "question2", "text_pair", "system",
        "tools", "functions", "history", "documents", "chat_template_kwargs",
    ]

    /// Keys of two texts that are judged together.
    static let textPairs = [
        ("sentence1", "sentence2"), ("premise", "hypothesis"), ("question1", "question2"), ("question", "sentence"),
        ("text", "text_pair"),
    ]

    /// Keys of one text that is judged.
    static let texts = ["text", "sentence"]

    /// The keys that a column can stand for: those of the forms and of questions with options.
    package static let ofColumns = all + ["choices"]

    /// Keys of a record that would change what is learned, and why they are refused.
    static let changingTraining = [
        "weight": "weights of whole examples are not supported",
        "loss_weight": "weights of whole examples are not supported",
        "train_detail": "parts of an answer cannot be chosen",
        "images": "images need a model that sees", "image": "images need a model that sees",
        "videos": "videos need a model that sees", "audio": "audio needs a model that hears",
        "audios": "audio needs a model that hears", "rejected_response": "pairs are written chosen and rejected",
    ]

    /// Who speaks, by the names that files have; `call` is an assistant that only calls a tool.
    static let roles = [
        "system": "system", "developer": "developer", "user": "user", "human": "user", "assistant": "assistant",
        "gpt": "assistant", "chatgpt": "assistant", "bot": "assistant", "model": "assistant", "tool": "tool",
        "function": "tool", "observation": "tool", "function_response": "tool", "tool_response": "tool",
        "ipython": "tool", "function_call": "call", "tool_call": "call",
    ]

    /// How a key of a message says whether the message is learned.
    enum Flag {
        /// 0 or 1.
        case number
        /// true or false.
        case truth
        /// true where it is not learned.
        case inverse
    }

    /// The keys of a message that say whether it is learned.
    static let flags: [String: Flag] = [
        "weight": .number, "train": .truth, "training": .truth, "trainable": .truth, "loss": .truth,
        "loss_mask": .number, "masked": .inverse,
    ]

    /// The known key that `key` was probably meant to be: other capitals, or one edit away in a word of five letters or more.
    static func nearest(to key: String) -> String? {
        guard !all.contains(key) else { return nil }
        let word = key.split(whereSeparator: \.isWhitespace).joined(separator: " ").lowercased()
        return all.first { known in
            known == word || known.count >= 5 && key.count >= 5 && NearestName.distance(known, key) == 1
        }
    }
}
