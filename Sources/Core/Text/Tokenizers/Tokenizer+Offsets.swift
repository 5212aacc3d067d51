/// The ids of a text and the part of the text that each stands for.
package struct TokenizedText: Sendable, Equatable {
    /// Token ids.
    package var ids: [Int32] = []
    /// For each id a range of the text's UTF-8 bytes, in their order; empty for a token that was put in, such as a prefix
    /// space. Tokens that share a character may overlap.
    package var ranges: [Range<Int>] = []

    /// No tokens.
    package init() {}

    /// One more token.
    package mutating func append(_ id: Int32, _ range: Range<Int>) {
        ids.append(id)
        ranges.append(range)
    }
}

extension Tokenizer {
    /// As ``encode(_:)``, with the place of each token in the text.
    ///
    /// Places are exact to the byte. Where normalisation changes characters, a token's place covers all that its characters
    /// were made of.
    package func encodeWithOffsets(_ text: String) -> TokenizedText {
        withBuffers { encodeWithOffsets(text, &$0) }
    }

    private func encodeWithOffsets(_ text: String, _ buffers: inout EncoderBuffers) -> TokenizedText {
        let bytes = Array(text.utf8)
        var output = TokenizedText()
        for section in givenTokens.sections(of: bytes) {
            if let id = section.id {
                output.append(id, section.range)
            } else {
                encodeSection(
                    AlignedText(bytes, section.range), startsText: section.range.lowerBound == 0, &buffers,
                    into: &output)
            }
        }
        return output
    }

    private func encodeSection(
        _ given: AlignedText, startsText: Bool, _ buffers: inout EncoderBuffers, into output: inout TokenizedText
    ) {
        var text = given
        for normalizer in parts.normalizers { text.apply(normalizer) }
        for section in normalizedTokens.sections(of: text.bytes) {
            if let id = section.id {
                output.append(id, text.origin(of: section.range))
            } else {
                var part = text.part(section.range)
                parts.preTokenizer.rewrite(&part, startsText: startsText && section.range.lowerBound == 0)
                encodeWords(part, &buffers, into: &output)
            }
        }
    }

    private func encodeWords(
        _ text: AlignedText, _ buffers: inout EncoderBuffers, into output: inout TokenizedText
    ) {
        var ids: [Int32] = []
        var words = WordCursor(parts.preTokenizer, 0..<text.bytes.count)
        while let word = words.next(in: text.bytes) {
            ids.removeAll(keepingCapacity: true)
            encodeWord(text.bytes, word, &buffers, into: &ids)
            if ids.count == 1 {
                output.append(ids[0], text.origin(of: word))
            } else {
                for (id, span) in zip(ids, parts.model.spans(of: ids, text.bytes, word)) {
                    output.append(id, text.origin(of: span))
                }
            }
        }
    }
}

extension PreTokenizer {
    /// Does what ``rewritten(_:startsText:)`` does.
    func rewrite(_ text: inout AlignedText, startsText: Bool) {
        switch self {
        case .byteLevel(_, _, addsPrefixSpace: true):
            if text.bytes.first != 0x20 { text.apply(.prepend([0x20])) }
        case .metaspace(let mark, let prepends, _):
            text.apply(.replace([0x20], mark))
            let wanted = prepends == .always || (prepends == .first && startsText)
            if wanted, !text.bytes.starts(with: mark) { text.apply(.prepend(mark)) }
        default: break
        }
    }
}
