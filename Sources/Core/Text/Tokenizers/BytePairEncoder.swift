/// Byte-pair encoding of one word: start from single symbols, join the adjacent pair of lowest rank (leftmost on a
/// tie) until no pair joins.
///
/// - Source: Sennrich et al. 2016, *Neural Machine Translation of Rare Words with Subword Units*, arXiv:1508.07909.
struct BytePairEncoder: Sendable {
    /// What a symbol is before the first merge.
    enum Alphabet: Sendable {
        /// One symbol a byte: its id, or -1 for a byte without a token.
        case bytes([Int32])
        /// One symbol a character, with the 256 byte tokens as fallback if the vocabulary has them.
        case characters(ascii: [Int32], byteFallback: [Int32]?)
    }

    let vocabulary: Vocabulary
    let merges: MergeTable
    let alphabet: Alphabet
    let unknownId: Int32?
    let fusesUnknown: Bool
    /// Whether a word that is itself a token is taken whole, whatever the merges say.
    let ignoresMerges: Bool

    /// Longer words go through a priority queue, O(n log n); shorter ones through a plain scan, which is faster there.
    private static let longestScan = 40

    func encode(_ bytes: [UInt8], _ word: Range<Int>, scratch: inout MergeScratch, into output: inout [Int32]) {
        if ignoresMerges, let id = wholeWord(bytes, word) {
            output.append(id)
            return
        }
        scratch.ids.removeAll(keepingCapacity: true)
        switch alphabet {
        case .bytes(let idOfByte):
            for position in word {
                let id = idOfByte[Int(bytes[position])]
                if id >= 0 { scratch.ids.append(id) } else { appendUnknown(to: &scratch.ids) }
            }
        case .characters(let ascii, let byteFallback):
            appendCharacters(bytes, word, ascii: ascii, byteFallback: byteFallback, to: &scratch.ids)
        }
        if scratch.ids.count > Self.longestScan {
            mergeByQueue(&scratch)
        } else {
            mergeByScan(&scratch)
        }
        output.append(contentsOf: scratch.ids)
    }

    private func wholeWord(_ bytes: [UInt8], _ word: Range<Int>) -> Int32? {
        guard case .bytes = alphabet else { return vocabulary.id(of: bytes, in: word) }
        let token = bytes[word].flatMap { ByteAlphabet.character(of: $0) }
        return vocabulary.id(of: token, in: 0..<token.count)
    }

    private func appendUnknown(to ids: inout [Int32]) {
        guard let unknownId else { return }
        if fusesUnknown, ids.last == unknownId { return }
        ids.append(unknownId)
    }

    private func appendCharacters(
        _ bytes: [UInt8], _ word: Range<Int>, ascii: [Int32], byteFallback: [Int32]?, to ids: inout [Int32]
    ) {
        // A run of unknown characters is written once the next known one comes, as the reference library does:
        // byte tokens in between do not end it.
        var unknownIsPending = false
        var position = word.lowerBound
        while position < word.upperBound {
            let length = ScalarClasses.scalar(at: position, in: bytes).length
            let known =
                length == 1
                ? ascii[Int(bytes[position])] : vocabulary.id(of: bytes, in: position..<position + length) ?? -1
            if known >= 0 {
                if unknownIsPending, let unknownId { ids.append(unknownId) }
                unknownIsPending = false
                ids.append(known)
            } else if let byteFallback {
                for byte in bytes[position..<position + length] { ids.append(byteFallback[Int(byte)]) }
            } else if let unknownId {
                if unknownIsPending, !fusesUnknown { ids.append(unknownId) }
                unknownIsPending = true
            }
            position += length
        }
        if unknownIsPending, let unknownId { ids.append(unknownId) }
    }

    private func mergeByScan(_ scratch: inout MergeScratch) {
        var count = scratch.ids.count
        guard count > 1 else { return }
        scratch.ranks.removeAll(keepingCapacity: true)
        scratch.joined.removeAll(keepingCapacity: true)
        for index in 0..<count - 1 {
            let merge = merges.lookUp(scratch.ids[index], scratch.ids[index + 1])
            scratch.ranks.append(merge.rank)
            scratch.joined.append(merge.joined)
        }
        while count > 1 {
            var best = 0
            var bestRank = scratch.ranks[0]
            for index in 1..<max(count - 1, 1) where scratch.ranks[index] < bestRank {
                best = index
                bestRank = scratch.ranks[index]
            }
            if bestRank == MergeTable.none { break }
            scratch.ids[best] = scratch.joined[best]
            count -= 1
            for index in best + 1..<max(count, best + 1) { scratch.ids[index] = scratch.ids[index + 1] }
            for index in best..<max(count - 1, best) {
                scratch.ranks[index] = scratch.ranks[index + 1]
                scratch.joined[index] = scratch.joined[index + 1]
            }
            if best > 0 { updatePair(best - 1, &scratch) }
            if best < count - 1 { updatePair(best, &scratch) }
        }
        scratch.ids.removeLast(scratch.ids.count - count)
    }

    private func updatePair(_ index: Int, _ scratch: inout MergeScratch) {
        let merge = merges.lookUp(scratch.ids[index], scratch.ids[index + 1])
        scratch.ranks[index] = merge.rank
        scratch.joined[index] = merge.joined
    }

    private func mergeByQueue(_ scratch: inout MergeScratch) {
        let count = scratch.ids.count
        scratch.prepareLinks(count)
        for index in 0..<count - 1 { queuePair(index, index + 1, &scratch) }
        while let entry = scratch.queue.popFirst() {
            let position = Int(entry & 0xFFFF_FFFF)
            guard scratch.ids[position] >= 0, scratch.ranks[position] == UInt32(entry >> 32) else { continue }
            let right = Int(scratch.next[position])
            scratch.ids[position] = scratch.joined[position]
            scratch.ids[right] = -1
            let after = Int(scratch.next[right])
            scratch.next[position] = Int32(after)
            if after < count {
                scratch.previous[after] = Int32(position)
                queuePair(position, after, &scratch)
            } else {
                scratch.ranks[position] = MergeTable.none
            }
            let before = Int(scratch.previous[position])
            if before >= 0 { queuePair(before, position, &scratch) }
        }
        scratch.ids.removeAll { $0 < 0 }
    }

    private func queuePair(_ left: Int, _ right: Int, _ scratch: inout MergeScratch) {
        let merge = merges.lookUp(scratch.ids[left], scratch.ids[right])
        scratch.ranks[left] = merge.rank
        scratch.joined[left] = merge.joined
        if merge.rank != MergeTable.none { scratch.queue.insert(UInt64(merge.rank) << 32 | UInt64(left)) }
    }
}

/// Buffers of the merge loop, kept between words.
struct MergeScratch: Sendable {
    var ids: [Int32] = []
    /// Rank and result of joining symbol i with the next one.
    var ranks: [UInt32] = []
    var joined: [Int32] = []
    var next: [Int32] = []
    var previous: [Int32] = []
    var queue = MinimumQueue()

    mutating func prepareLinks(_ count: Int) {
        ranks = [UInt32](repeating: MergeTable.none, count: count)
        joined = [Int32](repeating: -1, count: count)
        next = (0..<Int32(count)).map { $0 + 1 }
        previous = (0..<Int32(count)).map { $0 - 1 }
        queue.removeAll()
    }
}

/// A binary heap that gives back its smallest element first.
struct MinimumQueue: Sendable {
    private var elements: [UInt64] = []

    mutating func removeAll() { elements.removeAll(keepingCapacity: true) }

    mutating func insert(_ element: UInt64) {
        var index = elements.count
        elements.append(element)
        while index > 0 {
            let parent = (index - 1) / 2
            if elements[parent] <= element { break }
            elements[index] = elements[parent]
            index = parent
        }
        elements[index] = element
    }

    mutating func popFirst() -> UInt64? {
        guard let first = elements.first else { return nil }
        let last = elements.removeLast()
        var index = 0
        let count = elements.count
        guard count > 0 else { return first }
        while true {
            var child = 2 * index + 1
            if child >= count { break }
            if child + 1 < count, elements[child + 1] < elements[child] { child += 1 }
            if elements[child] >= last { break }
            elements[index] = elements[child]
            index = child
        }
        elements[index] = last
        return first
    }
}
