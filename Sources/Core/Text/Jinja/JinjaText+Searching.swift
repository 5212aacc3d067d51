extension JinjaText {
    /// The first place of `needle` at or after `start`, wholly before `end`.
    func firstIndex(of needle: [Unicode.Scalar], from start: Int = 0, to end: Int? = nil) -> Int? {
        let end = end ?? scalars.count
        guard start <= end, needle.count <= end - start else { return nil }
        guard let first = needle.first else { return start }
        if needle.count > 16 { return longIndex(of: needle, from: start, to: end) }
        var index = start
        let last = end - needle.count
        while index <= last {
            if scalars[index] == first, matches(needle, at: index) { return index }
            index += 1
        }
        return nil
    }

    /// Knuth, Morris and Pratt: no text makes it slower than its length.
    private func longIndex(of needle: [Unicode.Scalar], from start: Int, to end: Int) -> Int? {
        var border = [Int](repeating: 0, count: needle.count)
        var length = 0
        for index in 1..<needle.count {
            while length > 0, needle[index] != needle[length] { length = border[length - 1] }
            if needle[index] == needle[length] { length += 1 }
            border[index] = length
        }
        length = 0
        for index in start..<end {
            while length > 0, scalars[index] != needle[length] { length = border[length - 1] }
            if scalars[index] == needle[length] { length += 1 }
            if length == needle.count { return index - length + 1 }
        }
        return nil
    }

    /// The last place of `needle` wholly inside `start..<end`.
    func lastIndex(of needle: [Unicode.Scalar], from start: Int = 0, to end: Int? = nil) -> Int? {
        let end = end ?? scalars.count
        guard start <= end, needle.count <= end - start else { return nil }
        let reversed = JinjaText(Array(scalars[start..<end].reversed()))
        guard let index = reversed.firstIndex(of: needle.reversed()) else { return nil }
        return end - index - needle.count
    }

    private func matches(_ needle: [Unicode.Scalar], at start: Int) -> Bool {
        for index in 0..<needle.count where scalars[start + index] != needle[index] { return false }
        return true
    }

    func hasPrefix(_ prefix: [Unicode.Scalar], from start: Int = 0, to end: Int? = nil) -> Bool {
        let end = end ?? scalars.count
        return start <= end && prefix.count <= end - start && matches(prefix, at: start)
    }

    func hasSuffix(_ suffix: [Unicode.Scalar], from start: Int = 0, to end: Int? = nil) -> Bool {
        let end = end ?? scalars.count
        return start <= end && suffix.count <= end - start && matches(suffix, at: end - suffix.count)
    }

    /// Every place of `needle`, none overlapping; an empty one is at every border.
    func places(of needle: [Unicode.Scalar], atMost limit: Int = .max, from start: Int = 0, to end: Int? = nil) -> [Int]
    {
        var places: [Int] = []
        var position = start
        let end = end ?? scalars.count
        while places.count < limit, let place = firstIndex(of: needle, from: position, to: end) {
            places.append(place)
            position = place + max(needle.count, 1)
        }
        return places
    }

    /// The pieces between the places of `separator`.
    func split(at places: [Int], separatorCount: Int) -> [JinjaText] {
        var pieces: [JinjaText] = []
        var position = 0
        for place in places {
            pieces.append(JinjaText(scalars[position..<place], isMarkup: isMarkup))
            position = place + separatorCount
        }
        pieces.append(JinjaText(scalars[position...], isMarkup: isMarkup))
        return pieces
    }

    /// Runs of what is not white space; at most `limit` of them, the last with all that follows.
    func words(atMost limit: Int = .max) -> [JinjaText] {
        var words: [JinjaText] = []
        var position = 0
        while true {
            while position < scalars.count, scalars[position].isPythonSpace { position += 1 }
            guard position < scalars.count else { return words }
            let start = position
            if words.count == limit {
                words.append(JinjaText(scalars[start...], isMarkup: isMarkup))
                return words
            }
            while position < scalars.count, !scalars[position].isPythonSpace { position += 1 }
            words.append(JinjaText(scalars[start..<position], isMarkup: isMarkup))
        }
    }

    /// The same from the end; what precedes the last `limit` words is the first piece.
    func wordsFromEnd(atMost limit: Int) -> [JinjaText] {
        var words: [JinjaText] = []
        var position = scalars.count
        while true {
            while position > 0, scalars[position - 1].isPythonSpace { position -= 1 }
            guard position > 0 else { break }
            let end = position
            if words.count == limit {
                words.append(JinjaText(scalars[..<end], isMarkup: isMarkup))
                break
            }
            while position > 0, !scalars[position - 1].isPythonSpace { position -= 1 }
            words.append(JinjaText(scalars[position..<end], isMarkup: isMarkup))
        }
        return words.reversed()
    }

    /// Without the characters of `set` (white space where nil) at the chosen ends.
    func stripped(_ set: [Unicode.Scalar]?, left: Bool = true, right: Bool = true) -> JinjaText {
        func isCut(_ scalar: Unicode.Scalar) -> Bool { set.map { $0.contains(scalar) } ?? scalar.isPythonSpace }
        var start = 0
        var end = scalars.count
        if left { while start < end, isCut(scalars[start]) { start += 1 } }
        if right { while end > start, isCut(scalars[end - 1]) { end -= 1 } }
        return start == 0 && end == scalars.count ? self : JinjaText(scalars[start..<end], isMarkup: isMarkup)
    }

    /// The lines, with their ends where `keepsEnds`.
    func lines(keepsEnds: Bool = false) -> [JinjaText] {
        var lines: [JinjaText] = []
        var start = 0
        var position = 0
        while position < scalars.count {
            guard scalars[position].isLineEnd else {
                position += 1
                continue
            }
            let end = position
            position +=
                scalars[position] == "\r" && position + 1 < scalars.count && scalars[position + 1] == "\n" ? 2 : 1
            lines.append(JinjaText(scalars[start..<(keepsEnds ? position : end)], isMarkup: isMarkup))
            start = position
        }
        if start < scalars.count { lines.append(JinjaText(scalars[start...], isMarkup: isMarkup)) }
        return lines
    }
}
