extension TokenizerParts.Model {
    /// The bytes of `word` that each of its tokens covers, in their order.
    ///
    /// Found again from the tokens' texts. Where that does not come out even, each token covers the whole word.
    func spans(of ids: [Int32], _ bytes: [UInt8], _ word: Range<Int>) -> [Range<Int>] {
        var spans: [Range<Int>] = []
        spans.reserveCapacity(ids.count)
        var position = word.lowerBound
        for id in ids {
            let span: Range<Int>? =
                switch self {
                case .bytePair(let encoder): encoder.span(of: id, bytes, from: position, to: word.upperBound)
                case .wordPiece(let encoder):
                    encoder.span(of: id, from: position, to: word.upperBound, starts: position == word.lowerBound)
                }
            guard let span, !span.isEmpty, span.upperBound <= word.upperBound else {
                return ids.map { _ in word }
            }
            spans.append(span)
            position = span.upperBound
        }
        return spans
    }
}

extension BytePairEncoder {
    /// What the token `id` covers at `start`, where the token before it ends.
    fileprivate func span(of id: Int32, _ bytes: [UInt8], from start: Int, to end: Int) -> Range<Int>? {
        switch alphabet {
        case .bytes(let idOfByte): byteSpan(of: id, idOfByte, bytes, from: start, to: end)
        case .characters(_, let byteFallback): characterSpan(of: id, byteFallback, bytes, from: start, to: end)
        }
    }

    private func byteSpan(
        of id: Int32, _ idOfByte: [Int32], _ bytes: [UInt8], from start: Int, to end: Int
    ) -> Range<Int>? {
        func isUnknown(_ place: Int) -> Bool { place < end && idOfByte[Int(bytes[place])] < 0 }
        var first = start
        if unknownId == nil { while isUnknown(first) { first += 1 } }
        if id == unknownId, isUnknown(first) {
            var stop = first + 1
            while fusesUnknown, isUnknown(stop) { stop += 1 }
            return first..<stop
        }
        // A byte is one character of the vocabulary's texts.
        return vocabulary.bytes(of: id).map { token in first..<first + token.count { $0 & 0xC0 != 0x80 } }
    }

    private func characterSpan(
        of id: Int32, _ byteFallback: [Int32]?, _ bytes: [UInt8], from start: Int, to end: Int
    ) -> Range<Int>? {
        func isUnknown(_ place: Int) -> Bool {
            guard place < end else { return false }
            if bytes[place] & 0xC0 == 0x80 { return true }
            return vocabulary.id(of: bytes, in: place..<place + ScalarClasses.scalar(at: place, in: bytes).length)
                == nil
        }
        guard let token = vocabulary.bytes(of: id), start < end else { return nil }
        if let byteFallback, id == byteFallback[Int(bytes[start])], isUnknown(start) { return start..<start + 1 }
        guard bytes[start] & 0xC0 != 0x80 else { return nil }
        var first = start
        if unknownId == nil { while isUnknown(first) { first += ScalarClasses.scalar(at: first, in: bytes).length } }
        if id == unknownId, isUnknown(first) {
            var stop = first
            repeat { stop += ScalarClasses.scalar(at: stop, in: bytes).length } while fusesUnknown && isUnknown(stop)
            return first..<stop
        }
        return first < end && bytes[first..<end].starts(with: token) ? first..<first + token.count : nil
    }
}

extension WordPieceEncoder {
    fileprivate func span(of id: Int32, from start: Int, to end: Int, starts: Bool) -> Range<Int>? {
        vocabulary.bytes(of: id).map { start..<start + $0.count - (starts ? 0 : continuationPrefix.count) }
    }
}
