import CatenaFiles

/// Reads the `tokenizer.ggml.*` metadata of a GGUF file.
///
/// `gpt2` is byte-level byte-pair encoding with merges; `llama` is SentencePiece, where a pair joins if the result is
/// a token, the highest score first.
struct TokenizerGGUF {
    let metadata: [String: GGUFValue]
    let path: String

    private static let mark = Array("\u{2581}".utf8)

    /// Values of `token_type` in the format.
    private enum TokenType {
        static let normal = 1
        static let control = 3
        static let userDefined = 4
    }

    /// The names that llama.cpp gives to pre-tokenisations, for those that Catena has.
    private static let preTokenizers: [(names: [String], outer: PreTokenizer.OuterCut, inner: WordPattern.Kind)] = [
        (["default", "gpt-2", "phi-2", "olmo", "mpt", "roberta-bpe"], .none, .gpt2),
        // The Hugging Face reading of these files keeps numerals such as ² and Ⅷ with their word.
        (["smollm"], .decimalDigits, .gpt2),
        (["starcoder", "refact", "codeshell", "command-r", "exaone"], .digits(individual: true), .gpt2),
        (["llama-bpe", "llama3", "llama-v3"], .none, .llama3),
        (["qwen2", "deepseek-r1-qwen", "stablelm2"], .none, .qwen2),
    ]

    func parts() throws(TokenizerError) -> TokenizerParts {
        let key = "tokenizer.ggml.model"
        guard let name = try string(key) else { throw .missingField(file: path, field: key) }
        let tokens = try tokens()
        let types = try tokenTypes(count: tokens.count)
        let vocabulary = vocabulary(tokens)
        var parts: TokenizerParts
        switch name {
        case "gpt2": parts = try byteLevel(vocabulary)
        case "llama": parts = try sentencePiece(vocabulary, types)
        default: throw .unsupported(file: path, field: key, value: "\"\(name)\"", supported: ["gpt2", "llama"])
        }
        for (id, type) in types.enumerated() where type == TokenType.control || type == TokenType.userDefined {
            guard tokens[id].utf8.count <= AddedToken.longestContent else {
                throw .invalid(
                    file: path, field: "tokenizer.ggml.tokens[\(id)]",
                    reason:
                        "an added token has at most \(AddedToken.longestContent) bytes, this one \(tokens[id].utf8.count)"
                )
            }
            parts.addedTokens.append(
                AddedToken(id: Int32(id), content: Array(tokens[id].utf8), isSpecial: type == TokenType.control))
        }
        try completeSpecialTokens(&parts, count: tokens.count)
        parts.templates = try templates(tokens)
        parts.fingerprint = fingerprint()
        return parts
    }

    private func byteLevel(_ vocabulary: Vocabulary) throws(TokenizerError) -> TokenizerParts {
        let key = "tokenizer.ggml.pre"
        let name = try string(key) ?? "default"
        guard let known = Self.preTokenizers.first(where: { $0.names.contains(name) }) else {
            throw .unsupported(
                file: path, field: key, value: "\"\(name)\"", supported: Self.preTokenizers.flatMap(\.names))
        }
        let lines = try array("tokenizer.ggml.merges", required: true)
        var merges: [MergeTable.Merge] = []
        merges.reserveCapacity(lines.count)
        for (rank, value) in lines.enumerated() {
            guard case .string(let line) = value, let merge = MergePair(line: line)?.merge(rank: rank, in: vocabulary)
            else {
                throw .invalid(
                    file: path, field: "tokenizer.ggml.merges[\(rank)]",
                    reason: "it is not two tokens of the vocabulary whose join is a token as well")
            }
            merges.append(merge)
        }
        let isLlama3 = known.inner == .llama3
        let encoder = BytePairEncoder(
            vocabulary: vocabulary, merges: MergeTable(merges), alphabet: BytePairEncoder.byteAlphabet(of: vocabulary),
            unknownId: nil, fusesUnknown: false, ignoresMerges: isLlama3)
        var parts = TokenizerParts(model: .bytePair(encoder))
        parts.preTokenizer = .byteLevel(
            outer: known.outer, inner: WordPattern(known.inner),
            addsPrefixSpace: try bool("tokenizer.ggml.add_space_prefix") ?? false)
        parts.decoders = [.byteLevel]
        parts.addsBeginningOfSequence = try bool("tokenizer.ggml.add_bos_token") ?? isLlama3
        return parts
    }

    private func sentencePiece(_ vocabulary: Vocabulary, _ types: [Int]) throws(TokenizerError) -> TokenizerParts {
        let key = "tokenizer.ggml.scores"
        let values = try array(key, required: true)
        guard values.count == types.count else {
            throw .invalid(file: path, field: key, reason: "\(values.count) scores for \(types.count) tokens")
        }
        var scores: [Double] = []
        for value in values {
            switch value {
            case .float(let score):
                guard score.isFinite else {
                    throw .invalid(
                        file: path, field: "\(key)[\(scores.count)]", reason: "the score is \(score), expected a number"
                    )
                }
                scores.append(score)
            case .integer(let score): scores.append(Double(score))
            default: throw wrongType(key, "an array of numbers", value)
            }
        }
        guard scores.count == values.count else {
            throw .invalid(file: path, field: key, reason: "it has \(scores.count) scores")
        }
        let encoder = BytePairEncoder(
            vocabulary: vocabulary, merges: MergeTable(try joins(vocabulary, types, scores)),
            alphabet: BytePairEncoder.characterAlphabet(of: vocabulary, byteFallback: true),
            unknownId: try id("tokenizer.ggml.unknown_token_id", count: types.count) ?? 0, fusesUnknown: true,
            ignoresMerges: false)
        let addsSpace = try bool("tokenizer.ggml.add_space_prefix") ?? true
        var parts = TokenizerParts(model: .bytePair(encoder))
        parts.normalizers = (addsSpace ? [.prepend(Self.mark)] : []) + [.replace([0x20], Self.mark)]
        parts.preTokenizer =
            BytePairEncoder.marksStartWords(Self.mark, in: vocabulary) ? .markedWords(mark: Self.mark) : .whole
        parts.decoders = [.replace(Self.mark, [0x20]), .byteFallback, .fuse]
        if addsSpace { parts.decoders?.append(.strip(content: [0x20], start: 1, stop: 0)) }
        parts.addsBeginningOfSequence = try bool("tokenizer.ggml.add_bos_token") ?? true
        return parts
    }

    /// Every way to join two tokens into a normal one; equal scores share a rank, so that the leftmost joins first.
    ///
    /// Only lengths that tokens have are tried, so a token that is much longer than all others costs no more than they do.
    private func joins(
        _ vocabulary: Vocabulary, _ types: [Int], _ scores: [Double]
    ) throws(TokenizerError) -> [MergeTable.Merge] {
        let lengths = vocabulary.lengths
        let hasLength = Set(lengths)
        var rankOfScore: [Double: UInt32] = [:]
        for score in Set(scores).sorted(by: >) { rankOfScore[score] = UInt32(rankOfScore.count) }
        var merges: [MergeTable.Merge] = []
        for (id, type) in types.enumerated() where type == TokenType.normal || type == TokenType.userDefined {
            guard let slice = vocabulary.bytes(of: Int32(id)), slice.count > 1 else { continue }
            let token = Array(slice)
            try requireJoinable(token, id: id)
            for split in lengths.prefix(while: { $0 < token.count })
            where split > 0 && token[split] & 0xC0 != 0x80 && hasLength.contains(token.count - split) {
                guard let left = vocabulary.id(of: token, in: 0..<split),
                    let right = vocabulary.id(of: token, in: split..<token.count)
                else { continue }
                merges.append(
                    MergeTable.Merge(left: left, right: right, rank: rankOfScore[scores[id]] ?? 0, joined: Int32(id)))
            }
        }
        return merges
    }

    /// The ways to join a token grow as the square of its length.
    private func requireJoinable(_ token: [UInt8], id: Int) throws(TokenizerError) {
        let most = 1 << 12
        guard token.count > most else { return }
        throw .invalid(
            file: path, field: "tokenizer.ggml.tokens[\(id)]",
            reason: "it has \(token.count) bytes, expected at most \(most)")
    }

    private func completeSpecialTokens(_ parts: inout TokenizerParts, count: Int) throws(TokenizerError) {
        parts.beginningOfSequenceId = try id("tokenizer.ggml.bos_token_id", count: count)
        parts.paddingId = try id("tokenizer.ggml.padding_token_id", count: count)
        for key in ["eos", "eot", "eom"] {
            guard let id = try id("tokenizer.ggml.\(key)_token_id", count: count) else { continue }
            if !parts.endOfSequenceIds.contains(id) { parts.endOfSequenceIds.append(id) }
        }
    }

    private func fingerprint() -> String {
        var fingerprint = TokenizerFingerprint()
        let keys = ["model", "pre", "tokens", "token_type", "merges", "scores", "unknown_token_id", "add_space_prefix"]
        for key in keys {
            fingerprint.add(key)
            add(metadata["tokenizer.ggml.\(key)"], to: &fingerprint)
        }
        return fingerprint.hexadecimal()
    }

    private func add(_ value: GGUFValue?, to fingerprint: inout TokenizerFingerprint) {
        switch value {
        case nil: fingerprint.add("absent")
        case .integer(let number): fingerprint.add(Int(number))
        case .float(let number): fingerprint.add(Int(truncatingIfNeeded: number.bitPattern))
        case .bool(let flag): fingerprint.add(flag ? "true" : "false")
        case .string(let text): fingerprint.add(text)
        case .elements(let elements):
            fingerprint.add(elements.count)
            for element in elements { add(element, to: &fingerprint) }
        }
    }
}

/// Typed access to the metadata.
extension TokenizerGGUF {
    private func tokens() throws(TokenizerError) -> [String] {
        let key = "tokenizer.ggml.tokens"
        var tokens: [String] = []
        let values = try array(key, required: true)
        guard values.count <= Vocabulary.largestId else {
            throw .invalid(file: path, field: key, reason: "it has \(values.count) tokens")
        }
        for value in values {
            guard case .string(let token) = value else { throw wrongType(key, "an array of strings", value) }
            tokens.append(token)
        }
        guard !tokens.isEmpty, tokens.count == values.count else {
            throw .invalid(file: path, field: key, reason: "it has \(tokens.count) tokens")
        }
        return tokens
    }

    private func tokenTypes(count: Int) throws(TokenizerError) -> [Int] {
        let key = "tokenizer.ggml.token_type"
        let values = try array(key, required: false)
        if values.isEmpty { return [Int](repeating: TokenType.normal, count: count) }
        guard values.count == count else {
            throw .invalid(file: path, field: key, reason: "\(values.count) types for \(count) tokens")
        }
        var types: [Int] = []
        for value in values {
            guard case .integer(let type) = value else { throw wrongType(key, "an array of integers", value) }
            types.append(Int(type))
        }
        return types
    }

    /// Some converters pad vocabularies with repeated texts; the first id of a text is the one that encodes.
    private func vocabulary(_ tokens: [String]) -> Vocabulary {
        var vocabulary = Vocabulary(expectedCount: tokens.count)
        for (id, token) in tokens.enumerated() { try? vocabulary.insert(token.utf8, id: id) }
        return vocabulary
    }

    func array(_ key: String, required: Bool) throws(TokenizerError) -> GGUFArray {
        guard let value = metadata[key] else {
            if required { throw .missingField(file: path, field: key) }
            return []
        }
        guard case .elements(let values) = value else { throw wrongType(key, "an array", value) }
        return values
    }

    func string(_ key: String) throws(TokenizerError) -> String? {
        guard let value = metadata[key] else { return nil }
        guard case .string(let text) = value else { throw wrongType(key, "a string", value) }
        return text
    }

    private func bool(_ key: String) throws(TokenizerError) -> Bool? {
        guard let value = metadata[key] else { return nil }
        guard case .bool(let flag) = value else { throw wrongType(key, "true or false", value) }
        return flag
    }

    func id(_ key: String, count: Int) throws(TokenizerError) -> Int32? {
        guard let value = metadata[key] else { return nil }
        guard case .integer(let id) = value else { throw wrongType(key, "an integer", value) }
        // All ones is how some converters write "none".
        if id == -1 || id == Int64(UInt32.max) { return nil }
        guard id >= 0, id < count else {
            throw .invalid(file: path, field: key, reason: "id \(id) is outside the vocabulary of \(count) tokens")
        }
        return Int32(id)
    }

    func wrongType(_ key: String, _ expected: String, _ value: GGUFValue) -> TokenizerError {
        let found =
            switch value {
            case .integer: "an integer"
            case .float: "a float"
            case .bool: "a boolean"
            case .string: "a string"
            case .elements: "an array"
            }
        return .wrongType(file: path, field: key, expected: expected, found: found)
    }
}
