/// Names that resemble a mistyped one, for error messages.
public enum NearestNames {
    /// The `limit` most similar of `candidates`, best first; ties in alphabetical order.
    ///
    /// Similarity is the edit distance over UTF-8 bytes; names further than half of the longer
    /// one's length are left out.
    public static func of(
        _ name: String, among candidates: some Sequence<String>, limit: Int = 3
    ) -> [String] {
        let wanted = Array(name.utf8)
        var scored: [(distance: Int, name: String)] = []
        for candidate in candidates {
            let bytes = Array(candidate.utf8)
            let distance = editDistance(wanted, bytes)
            if 2 * distance <= max(wanted.count, bytes.count) {
                scored.append((distance, candidate))
            }
        }
        scored.sort { ($0.distance, $0.name) < ($1.distance, $1.name) }
        return scored.prefix(limit).map(\.name)
    }

    /// Fewest insertions, deletions and replacements that turn `a` into `b`.
    private static func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        var previous = Array(0...b.count)
        var current = previous
        for i in 0..<a.count {
            current[0] = i + 1
            for j in 0..<b.count {
                let replaced = previous[j] + (a[i] == b[j] ? 0 : 1)
                current[j + 1] = min(replaced, previous[j + 1] + 1, current[j] + 1)
            }
            swap(&previous, &current)
        }
        return previous[b.count]
    }
}
