/// WordPiece encoding of one word: the longest token that starts the word, then the longest continuation, and so on.
///
/// A word that cannot be covered, or is too long, becomes the unknown token.
/// - Source: Devlin et al. 2018, *BERT*, arXiv:1810.04805.
struct WordPieceEncoder: Sendable {
    let vocabulary: Vocabulary
    let unknownId: Int32
    let continuationPrefix: [UInt8]
    let longestWordCharacters: Int
    /// The lengths that tokens have, longest first: no other is worth a look.
    private let lengths: [Int]

    init(vocabulary: Vocabulary, unknownId: Int32, continuationPrefix: [UInt8], longestWordCharacters: Int) {
        self.vocabulary = vocabulary
        self.unknownId = unknownId
        self.continuationPrefix = continuationPrefix
        self.longestWordCharacters = longestWordCharacters
        lengths = vocabulary.lengths.reversed()
    }

    func encode(_ bytes: [UInt8], _ word: Range<Int>, into output: inout [Int32]) {
        let characterCount = bytes[word].count { $0 & 0xC0 != 0x80 }
        guard characterCount <= longestWordCharacters else {
            output.append(unknownId)
            return
        }
        let firstOutput = output.count
        var start = word.lowerBound
        while start < word.upperBound {
            guard
                let (id, end) = longestToken(bytes, from: start, to: word.upperBound, starts: start == word.lowerBound)
            else {
                output.removeSubrange(firstOutput...)
                output.append(unknownId)
                return
            }
            output.append(id)
            start = end
        }
    }

    private func longestToken(_ bytes: [UInt8], from start: Int, to end: Int, starts: Bool) -> (id: Int32, end: Int)? {
        let prefix = starts ? [] : continuationPrefix
        let text = prefix + bytes[start..<min(end, start + (lengths.first ?? 0))]
        for length in lengths where length > prefix.count && length <= text.count {
            let stop = start + length - prefix.count
            if stop < end, bytes[stop] & 0xC0 == 0x80 { continue }
            if let id = vocabulary.id(of: text, in: 0..<length) { return (id, stop) }
        }
        return nil
    }
}
