package import CatenaFiles
import Foundation

/// Learns a byte-level BPE vocabulary from text and writes it as `tokenizer.json`.
///
/// Ids: special tokens, the 256 bytes, then one token a merge. The most frequent pair is merged next, on a tie the one
/// with the smaller ids, so that equal text gives equal bytes. Every merge looks at all pairs: meant for vocabularies of
/// some thousand tokens.
///
/// - Source: Sennrich et al. 2016, *Neural Machine Translation of Rare Words with Subword Units*, arXiv:1508.07909;
///   over bytes as in GPT-2.
package struct BytePairTrainer: Sendable {
    /// How text is cut into words; no token crosses a cut.
    package enum Words: String, Sendable, CaseIterable {
        case gpt2, llama3
    }

    /// What every vocabulary begins with: the end of a text and the two marks of a chatml turn.
    package static let specialTokens = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    /// The smallest vocabulary: special tokens and bytes.
    package static let smallestVocabulary = specialTokens.count + 256

    private let words: Words
    private var wordCounts: [[UInt8]: Int] = [:]

    /// A trainer that has seen no text.
    package init(words: Words = .llama3) { self.words = words }

    /// Counts the words of `text`.
    package mutating func add(_ text: String) {
        let pattern = WordPattern(words == .gpt2 ? .gpt2 : .llama3)
        let bytes = Array(text.utf8)
        var start = 0
        while start < bytes.count {
            let end = pattern.matchEnd(in: bytes, from: start, to: bytes.count)
            wordCounts[Array(bytes[start..<end]), default: 0] += 1
            start = end
        }
    }

    /// A `tokenizer.json` of at most `vocabularySize` tokens; fewer when the text has no pair left to merge.
    package func tokenizerJSON(vocabularySize: Int) -> JSONValue {
        precondition(
            vocabularySize >= Self.smallestVocabulary, "a vocabulary has at least its special tokens and 256 bytes")
        var learner = MergeLearner(wordCounts)
        var merges: [JSONValue] = []
        var tokens = (0..<256).map { [UInt8($0)] }
        while tokens.count + Self.specialTokens.count < vocabularySize, let pair = learner.mostFrequentPair() {
            learner.merge(pair, into: tokens.count)
            merges.append(.array([pair.left, pair.right].map { .string(Self.text(of: tokens[$0])) }))
            tokens.append(tokens[pair.left] + tokens[pair.right])
        }
        return document(tokens: tokens, merges: merges)
    }

    private static func text(of token: [UInt8]) -> String {
        String(decoding: token.flatMap { ByteAlphabet.character(of: $0) }, as: UTF8.self)
    }

    private func document(tokens: [[UInt8]], merges: [JSONValue]) -> JSONValue {
        var vocabulary: [String: JSONValue] = [:]
        for (index, token) in tokens.enumerated() {
            vocabulary[Self.text(of: token)] = .integer(index + Self.specialTokens.count)
        }
        let addedTokens = Self.specialTokens.enumerated().map { id, content -> JSONValue in
            vocabulary[content] = .integer(id)
            return [
                "id": .integer(id), "content": .string(content), "special": true, "normalized": false,
                "lstrip": false, "rstrip": false, "single_word": false,
            ]
        }
        let byteLevel: JSONValue = [
            "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": .bool(words == .gpt2),
        ]
        return [
            "version": "1.0", "truncation": .null, "padding": .null, "normalizer": .null, "post_processor": .null,
            "added_tokens": .array(addedTokens), "pre_tokenizer": preTokenizer(byteLevel), "decoder": byteLevel,
            "model": [
                "type": "BPE", "dropout": .null, "unk_token": .null, "continuing_subword_prefix": .null,
                "end_of_word_suffix": .null, "fuse_unk": false, "byte_fallback": false, "ignore_merges": false,
                "vocab": .object(JSONObject(vocabulary)), "merges": .array(merges),
            ],
        ]
    }

    private func preTokenizer(_ byteLevel: JSONValue) -> JSONValue {
        guard words == .llama3 else { return byteLevel }
        let expression = WordPattern.expressions.first { $0.kind == .llama3 }?.expression ?? ""
        let split: JSONValue = [
            "type": "Split", "pattern": ["Regex": .string(expression)], "behavior": "Isolated", "invert": false,
        ]
        return ["type": "Sequence", "pretokenizers": [split, byteLevel]]
    }
}

/// The words of a text as token indices, with the count of every adjacent pair.
private struct MergeLearner {
    struct Pair: Hashable, Comparable {
        let left: Int
        let right: Int

        static func < (a: Pair, b: Pair) -> Bool { (a.left, a.right) < (b.left, b.right) }
    }

    private var words: [(tokens: [Int], count: Int)]
    private var counts: [Pair: Int] = [:]
    /// Words in which a pair has occurred; some may have lost it since.
    private var places: [Pair: Set<Int>] = [:]

    init(_ wordCounts: [[UInt8]: Int]) {
        words = wordCounts.map { ($0.key.map(Int.init), $0.value) }
        for index in words.indices { count(index, sign: 1) }
    }

    /// nil when no pair is left.
    func mostFrequentPair() -> Pair? {
        counts.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
    }

    mutating func merge(_ pair: Pair, into joined: Int) {
        for index in places.removeValue(forKey: pair) ?? [] {
            count(index, sign: -1)
            let old = words[index].tokens
            var tokens: [Int] = []
            var position = 0
            while position < old.count {
                let matches = position + 1 < old.count && old[position] == pair.left && old[position + 1] == pair.right
                tokens.append(matches ? joined : old[position])
                position += matches ? 2 : 1
            }
            words[index].tokens = tokens
            count(index, sign: 1)
        }
    }

    private mutating func count(_ index: Int, sign: Int) {
        let word = words[index]
        for position in word.tokens.indices.dropLast() {
            let pair = Pair(left: word.tokens[position], right: word.tokens[position + 1])
            let total = counts[pair, default: 0] + sign * word.count
            counts[pair] = total == 0 ? nil : total
            if sign > 0 { places[pair, default: []].insert(index) }
        }
    }
}
