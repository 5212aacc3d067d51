/// One step from a list of token texts to the decoded text; the list is joined after the last step.
enum TokenDecoder: Sendable {
    /// Byte-level characters become bytes, and the whole becomes one text.
    case byteLevel
    /// `mark` becomes a space, except at the very start if `dropsFirst`.
    case metaspace(mark: [UInt8], dropsFirst: Bool)
    /// Continuations lose their prefix, other tokens get a space before them.
    case wordPiece(prefix: [UInt8], cleansUp: Bool)
    case replace([UInt8], [UInt8])
    /// Runs of `<0x41>` tokens become the text they spell, or one `U+FFFD` a byte where they spell none.
    case byteFallback
    case fuse
    /// Removes up to `start` and `stop` copies of `content` from the ends of each token.
    case strip(content: [UInt8], start: Int, stop: Int)

    func apply(_ tokens: [[UInt8]]) -> [[UInt8]] {
        switch self {
        case .byteLevel:
            let bytes = tokens.flatMap { ByteAlphabet.bytes(of: $0[...]) ?? $0 }
            return [Self.repaired(bytes)]
        case .metaspace(let mark, let dropsFirst):
            return tokens.enumerated().map { index, token in
                ByteText.replacing(mark, with: index == 0 && dropsFirst ? [] : [0x20], in: token)
            }
        case .wordPiece(let prefix, let cleansUp):
            return tokens.enumerated().map { index, token in
                var text = token
                if index > 0 {
                    text = token.starts(with: prefix) ? Array(token.dropFirst(prefix.count)) : [0x20] + token
                }
                return cleansUp ? Self.cleanedUp(text) : text
            }
        case .replace(let pattern, let replacement):
            return tokens.map { ByteText.replacing(pattern, with: replacement, in: $0) }
        case .byteFallback:
            return Self.joiningByteTokens(tokens)
        case .fuse:
            return [tokens.flatMap { $0 }]
        case .strip(let content, let start, let stop):
            return tokens.map { Self.stripped($0, content, start: start, stop: stop) }
        }
    }

    /// Invalid UTF-8 replaced by `U+FFFD`.
    static func repaired(_ bytes: [UInt8]) -> [UInt8] { Array(String(decoding: bytes, as: UTF8.self).utf8) }

    /// The byte that a `<0x41>` token stands for.
    static func byteValue(of token: some Collection<UInt8>) -> UInt8? {
        guard token.count == 6, token.starts(with: "<0x".utf8), token.dropFirst(5).first == UInt8(ascii: ">") else {
            return nil
        }
        return UInt8(String(decoding: token.dropFirst(3).prefix(2), as: UTF8.self), radix: 16)
    }

    private static func joiningByteTokens(_ tokens: [[UInt8]]) -> [[UInt8]] {
        var result: [[UInt8]] = []
        var pending: [UInt8] = []
        func flush() {
            if pending.isEmpty { return }
            if String(validating: pending, as: UTF8.self) != nil {
                result.append(pending)
            } else {
                for _ in pending { result.append(Array("\u{FFFD}".utf8)) }
            }
            pending.removeAll()
        }
        for token in tokens {
            if let byte = byteValue(of: token) {
                pending.append(byte)
            } else {
                flush()
                result.append(token)
            }
        }
        flush()
        return result
    }

    private static func stripped(_ token: [UInt8], _ content: [UInt8], start: Int, stop: Int) -> [UInt8] {
        var text = token[...]
        for _ in 0..<min(start, token.count) where !content.isEmpty && text.starts(with: content) {
            text = text.dropFirst(content.count)
        }
        for _ in 0..<min(stop, token.count) where !content.isEmpty && text.suffix(content.count).elementsEqual(content)
        {
            text = text.dropLast(content.count)
        }
        return Array(text)
    }

    private static let cleanUps: [([UInt8], [UInt8])] = [
        (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"),
        (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ].map { (Array($0.0.utf8), Array($0.1.utf8)) }

    private static func cleanedUp(_ text: [UInt8]) -> [UInt8] {
        cleanUps.reduce(text) { ByteText.replacing($1.0, with: $1.1, in: $0) }
    }
}
