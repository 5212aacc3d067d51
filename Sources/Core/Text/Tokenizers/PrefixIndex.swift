/// Many texts, to find those with which another text goes on at a place.
///
/// The texts are sorted; each further element of the other text narrows the range of those that still agree, by two binary
/// searches. A place costs the length of the longest agreement times the logarithm of the number of texts, however many begin alike.
package struct PrefixIndex<Element: Comparable & Sendable>: Sendable {
    private let storage: [Element]
    private let starts: [Int]
    /// The place in the given list of each sorted text.
    private let origins: [Int]

    /// Of equal texts only the first counts; empty ones are left out.
    package init(_ texts: [[Element]]) {
        var storage: [Element] = []
        var starts = [0]
        var origins: [Int] = []
        let order = texts.indices.sorted { left, right in
            if texts[left].lexicographicallyPrecedes(texts[right]) { return true }
            return texts[left] == texts[right] && left < right
        }
        for index in order where !texts[index].isEmpty {
            if let last = origins.last, texts[last] == texts[index] { continue }
            storage += texts[index]
            starts.append(storage.count)
            origins.append(index)
        }
        self.storage = storage
        self.starts = starts
        self.origins = origins
    }

    /// Which of the given texts `text` has at `position`, shortest first; counts the elements that it compares.
    package func matches(
        in text: [Element], at position: Int, comparisons: inout Int, _ found: (Int) -> Void
    ) {
        var (low, high) = (0, origins.count)
        var depth = 0
        while low < high {
            if starts[low + 1] - starts[low] == depth, depth > 0 {
                found(origins[low])
                low += 1
            }
            guard position + depth < text.count else { return }
            let element = text[position + depth]
            low = first(in: low..<high, at: depth, &comparisons) { $0 >= element }
            high = first(in: low..<high, at: depth, &comparisons) { $0 > element }
            depth += 1
        }
    }

    /// The longest of the given texts that `text` has at `position`.
    package func longest(in text: [Element], at position: Int, comparisons: inout Int) -> Int? {
        var longest: Int?
        matches(in: text, at: position, comparisons: &comparisons) { longest = $0 }
        return longest
    }

    /// The longest of the given texts that `text` has at `position`.
    package func longest(in text: [Element], at position: Int) -> Int? {
        var comparisons = 0
        return longest(in: text, at: position, comparisons: &comparisons)
    }

    /// The first text of a range whose element at `depth` fulfils a condition that all later ones fulfil too.
    @inline(__always)
    private func first(
        in range: Range<Int>, at depth: Int, _ comparisons: inout Int, where condition: (Element) -> Bool
    ) -> Int {
        var (low, high) = (range.lowerBound, range.upperBound)
        while low < high {
            let middle = low + (high - low) / 2
            comparisons += 1
            if condition(storage[starts[middle] + depth]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
