import CatenaFiles

/// Reads a Hugging Face `tokenizer.json`.
///
/// Every component is either understood in full or refused with the names that are supported: a tokenizer that is
/// nearly right would spoil a training run without a sign.
enum TokenizerJSON {
    static func parts(_ root: TokenizerField) throws(TokenizerError) -> TokenizerParts {
        guard case .object = root.value else { throw root.wrong("an object") }
        let modelField = try root.require("model")
        var preTokenizer = PreTokenizer.whole
        if let field = root["pre_tokenizer"] { preTokenizer = try TokenizerJSONPipeline.preTokenizer(field) }
        var parts = TokenizerParts(model: try model(modelField, preTokenizer))
        if let field = root["normalizer"] {
            parts.normalizers = try TokenizerJSONPipeline.normalizers(field)
            try TextGrowth.require(parts.normalizers.map(\.growth), field)
        }
        parts.preTokenizer = preTokenizer
        if let field = root["decoder"] {
            let decoders = try TokenizerJSONPipeline.decoders(field)
            try TextGrowth.require(decoders.map(\.growth), field)
            parts.decoders = decoders
        }
        if let field = root["added_tokens"] {
            parts.addedTokens = try addedTokens(field, parts.model.vocabulary)
        }
        if case .whole = preTokenizer, case .bytePair(let encoder) = parts.model {
            let mark = Array("\u{2581}".utf8)
            if BytePairEncoder.marksStartWords(mark, in: encoder.vocabulary) {
                parts.preTokenizer = .markedWords(mark: mark)
            }
        }
        var fingerprint = TokenizerFingerprint()
        for key in ["added_tokens", "normalizer", "pre_tokenizer", "model"] {
            fingerprint.add(key)
            fingerprint.add(root.value[key] ?? .null)
        }
        parts.fingerprint = fingerprint.hexadecimal()
        return parts
    }

    /// The special token that the post-processor puts before a single sequence.
    static func templateStart(_ root: TokenizerField) throws(TokenizerError) -> String? {
        guard let processor = root["post_processor"] else { return nil }
        var processors = [processor]
        if let members = processor["processors"] { processors = try members.elements() }
        for processor in processors {
            guard let single = processor["single"], case .array = single.value else { continue }
            if let first = try single.elements().first, let special = first["SpecialToken"] {
                return try special.optionalString("id")
            }
        }
        return nil
    }

    private static func model(
        _ field: TokenizerField, _ preTokenizer: PreTokenizer
    ) throws(TokenizerError) -> TokenizerParts.Model {
        guard case .object = field.value else { throw field.wrong("an object") }
        switch try field.optionalString("type") {
        case "BPE": return .bytePair(try bytePair(field, preTokenizer))
        case "WordPiece": return .wordPiece(try wordPiece(field))
        case let other?:
            throw try field.require("type").unsupported(other, supported: ["BPE", "WordPiece"])
        case nil:
            guard field["merges"] != nil else { throw .missingField(file: field.path, field: "model.type") }
            return .bytePair(try bytePair(field, preTokenizer))
        }
    }

    private static func bytePair(
        _ field: TokenizerField, _ preTokenizer: PreTokenizer
    ) throws(TokenizerError) -> BytePairEncoder {
        for key in ["continuing_subword_prefix", "end_of_word_suffix"] {
            if let text = try field.optionalString(key), !text.isEmpty {
                throw try field.require(key).unsupported(text, supported: ["null"])
            }
        }
        if let dropout = field["dropout"] {
            switch dropout.value {
            case .integer(0), .number(0): break
            default: throw dropout.unsupported("not zero", supported: ["null", "0"])
            }
        }
        let vocabulary = try vocabulary(try field.require("vocab"))
        let unknownId = try unknownId(field, vocabulary)
        let merges = try merges(try field.require("merges"), vocabulary)
        var alphabet = BytePairEncoder.characterAlphabet(
            of: vocabulary, byteFallback: try field.optionalBool("byte_fallback") ?? false)
        if case .byteLevel = preTokenizer { alphabet = BytePairEncoder.byteAlphabet(of: vocabulary) }
        return BytePairEncoder(
            vocabulary: vocabulary, merges: MergeTable(merges), alphabet: alphabet, unknownId: unknownId,
            fusesUnknown: try field.optionalBool("fuse_unk") ?? false,
            ignoresMerges: try field.optionalBool("ignore_merges") ?? false)
    }

    private static func wordPiece(_ field: TokenizerField) throws(TokenizerError) -> WordPieceEncoder {
        let vocabulary = try vocabulary(try field.require("vocab"))
        guard let unknownId = try unknownId(field, vocabulary) else {
            throw .missingField(file: field.path, field: "model.unk_token")
        }
        return WordPieceEncoder(
            vocabulary: vocabulary, unknownId: unknownId,
            continuationPrefix: Array((try field.optionalString("continuing_subword_prefix") ?? "##").utf8),
            longestWordCharacters: try field.optionalInt("max_input_chars_per_word") ?? 100)
    }

    private static func unknownId(_ field: TokenizerField, _ vocabulary: Vocabulary) throws(TokenizerError) -> Int32? {
        guard let name = field["unk_token"] else { return nil }
        let token = try name.string()
        guard let id = vocabulary.id(of: token) else { throw name.invalid("\"\(token)\" is not in the vocabulary") }
        return id
    }

    private static func vocabulary(_ field: TokenizerField) throws(TokenizerError) -> Vocabulary {
        guard case .object(let members) = field.value else { throw field.wrong("an object") }
        guard !members.isEmpty else { throw field.invalid("it has no tokens") }
        var vocabulary = Vocabulary(expectedCount: members.count)
        for (token, value) in members {
            guard case .integer(let id) = value else {
                throw .wrongType(
                    file: field.path, field: "\(field.keyPath)[\"\(token)\"]", expected: "an integer",
                    found: value.summary)
            }
            do throws(Vocabulary.Conflict) {
                try vocabulary.insert(Array(token.utf8), id: id)
            } catch {
                throw field.invalid(error.reason(token: token, id: id))
            }
        }
        return vocabulary
    }

    private static func merges(_ field: TokenizerField, _ vocabulary: Vocabulary) throws(TokenizerError) -> [MergeTable
        .Merge]
    {
        guard case .array(let values) = field.value else { throw field.wrong("an array") }
        var merges: [MergeTable.Merge] = []
        merges.reserveCapacity(values.count)
        for (rank, value) in values.enumerated() {
            let pair: MergePair?
            switch value {
            case .string(let line): pair = MergePair(line: line)
            case .array(let sides):
                guard sides.count == 2, case .string(let left) = sides[0], case .string(let right) = sides[1] else {
                    throw .wrongType(
                        file: field.path, field: "\(field.keyPath)[\(rank)]", expected: "a pair of strings",
                        found: "another array")
                }
                pair = MergePair(left: left, right: right)
            default:
                throw .wrongType(
                    file: field.path, field: "\(field.keyPath)[\(rank)]", expected: "a string or a pair",
                    found: value.summary
                )
            }
            guard let merge = pair?.merge(rank: rank, in: vocabulary) else {
                throw .invalid(
                    file: field.path, field: "\(field.keyPath)[\(rank)]",
                    reason: "it is not two tokens of the vocabulary whose join is a token as well")
            }
            merges.append(merge)
        }
        return merges
    }

    private static func addedTokens(_ field: TokenizerField, _ vocabulary: Vocabulary) throws(TokenizerError)
        -> [AddedToken]
    {
        var tokens: [AddedToken] = []
        var idOfContent: [[UInt8]: Int] = [:]
        var contentOfId: [Int: String] = [:]
        for element in try field.elements() {
            let content = try element.require("content").string()
            let idField = try element.require("id")
            let id = try idField.int()
            guard id >= 0, id <= Vocabulary.largestId else { throw idField.invalid("id \(id) is out of range") }
            let bytes = Array(content.utf8)
            guard bytes.count <= AddedToken.longestContent else {
                throw idField.invalid(
                    "an added token has at most \(AddedToken.longestContent) bytes, this one has \(bytes.count)")
            }
            if let known = vocabulary.id(of: content), known != id {
                throw idField.invalid("\"\(content)\" has id \(id) here and \(known) in the vocabulary")
            }
            if let other = vocabulary.bytes(of: Int32(id)), !other.elementsEqual(bytes) {
                throw idField.invalid("id \(id) is \"\(String(decoding: other, as: UTF8.self))\" in the vocabulary")
            }
            if idOfContent.updateValue(id, forKey: bytes) != nil || contentOfId.updateValue(content, forKey: id) != nil
            {
                throw idField.invalid("\"\(content)\" or id \(id) is listed twice")
            }
            let isSpecial = try element.optionalBool("special") ?? false
            tokens.append(
                AddedToken(
                    id: Int32(id), content: bytes, isSpecial: isSpecial,
                    isNormalized: try element.optionalBool("normalized") ?? !isSpecial,
                    stripsLeft: try element.optionalBool("lstrip") ?? false,
                    stripsRight: try element.optionalBool("rstrip") ?? false,
                    isSingleWord: try element.optionalBool("single_word") ?? false))
        }
        return tokens
    }
}

extension Vocabulary.Conflict {
    func reason(token: String, id: Int) -> String {
        switch self {
        case .idOutOfRange: "\"\(token)\" has id \(id), outside 0...\(Vocabulary.largestId)"
        case .tokenRepeated(let otherId): "\"\(token)\" has two ids, \(otherId) and \(id)"
        case .idRepeated(let other): "id \(id) belongs to both \"\(other)\" and \"\(token)\""
        }
    }
}

/// The two tokens of a merge, one after the other.
struct MergePair {
    private let joined: [UInt8]
    private let split: Int

    init(left: String, right: String) {
        joined = Array(left.utf8) + Array(right.utf8)
        split = left.utf8.count
    }

    /// A line "left right"; nil unless it has exactly one space, with text on both sides.
    init?(line: String) {
        var bytes = Array(line.utf8)
        guard let space = bytes.firstIndex(of: 0x20), space > 0, space + 1 < bytes.count else { return nil }
        bytes.remove(at: space)
        guard !bytes.contains(0x20) else { return nil }
        joined = bytes
        split = space
    }

    func merge(rank: Int, in vocabulary: Vocabulary) -> MergeTable.Merge? {
        guard rank < Int(MergeTable.none), let left = vocabulary.id(of: joined, in: 0..<split),
            let right = vocabulary.id(of: joined, in: split..<joined.count),
            let whole = vocabulary.id(of: joined, in: 0..<joined.count)
        else { return nil }
        return MergeTable.Merge(left: left, right: right, rank: UInt32(rank), joined: whole)
    }
}
