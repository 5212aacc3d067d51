import CatenaLearning
import CatenaText
import Foundation

/// A tokenizer for tests: one id a byte, after the special tokens.
struct ByteTokenizer: TextTokenizer {
    var specialTokens = ["<pad>", "<s>", "</s>", "<|im_start|>", "<|im_end|>"]
    var addsBeginningOfSequence = false
    /// The model's own template, and one for conversations with tools.
    var chatTemplate: String?
    var toolTemplate: String?
    var endOfSequenceIds: [Int32] = [2]
    var beginningOfSequenceId: Int32? { 1 }
    var vocabularySize: Int { specialTokens.count + 256 }
    var fingerprint = "bytes"

    func encode(_ text: String) -> [Int32] {
        var ids: [Int32] = []
        var rest = text[...]
        while !rest.isEmpty {
            if let index = specialTokens.firstIndex(where: { rest.hasPrefix($0) }) {
                ids.append(Int32(index))
                rest = rest.dropFirst(specialTokens[index].count)
            } else {
                ids += String(rest.removeFirst()).utf8.map { Int32(specialTokens.count) + Int32($0) }
            }
        }
        return ids
    }

    func encodeWithOffsets(_ text: String) -> TokenizedText {
        var tokens = TokenizedText()
        for id in encode(text) {
            let start = tokens.ranges.last?.upperBound ?? 0
            let length = isSpecial(id) ? specialTokens[Int(id)].utf8.count : 1
            tokens.append(id, start..<start + length)
        }
        return tokens
    }

    var addedTokens: [String] { specialTokens }
    var templates: ModelTemplates {
        var templates = ModelTemplates()
        templates.specialTokens = [.init("bos_token", "<s>"), .init("eos_token", "</s>")]
        if let chatTemplate { templates.templates = [.init(text: chatTemplate, origin: "test")] }
        if let toolTemplate { templates.templates.append(.init(name: "tool_use", text: toolTemplate, origin: "tools")) }
        return templates
    }

    func isSpecial(_ id: Int32) -> Bool { specialTokens.indices.contains(Int(id)) }

    func token(of id: Int32) -> String? {
        specialTokens.indices.contains(Int(id))
            ? specialTokens[Int(id)]
            : UInt8(exactly: Int(id) - specialTokens.count).map { String(UnicodeScalar($0)) }
    }

    func id(of token: String) -> Int32? { specialTokens.firstIndex(of: token).map { Int32($0) } }

    /// The text of ids, special tokens written out.
    func text(of ids: some Sequence<Int32>) -> String { ids.compactMap(token(of:)).joined() }
}

extension Example {
    /// A conversation of nothing but these messages.
    static func messages(_ messages: [Conversation.Message]) -> Example {
        .conversation(Conversation(messages: messages))
    }
}

/// A folder of its own for one test, removed at the end.
final class DataTestFolder {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("catena-data-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ text: String, to name: String) throws -> String {
        let file = "\(path)/\(name)"
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        return file
    }
}
