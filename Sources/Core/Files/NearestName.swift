/// Finds what a user probably meant among the names that exist.
package enum NearestName {
    /// The candidates within a typing error of `name`, the nearest first; ties keep the order of `candidates`.
    ///
    /// Near means at most one edit per three letters, and at least two edits are allowed.
    package static func matches(for name: String, among candidates: [String], limit: Int = 3) -> [String] {
        let allowed = max(2, name.count / 3)
        return candidates.enumerated()
            .map { (distance: distance($1, name), index: $0, candidate: $1) }
            .filter { $0.distance <= allowed && $0.distance < max($0.candidate.count, name.count) }
            .sorted { ($0.distance, $0.index) < ($1.distance, $1.index) }
            .prefix(limit)
            .map(\.candidate)
    }

    /// The number of insertions, deletions, replacements and swaps of neighbours that turn one name into the other
    /// (optimal string alignment), without regard to case.
    package static func distance(_ first: String, _ second: String) -> Int {
        let a = Array(first.lowercased()), b = Array(second.lowercased())
        var beforePrevious: [Int] = []
        var previous = Array(0...b.count)
        for i in 0..<a.count {
            var current = [i + 1]
            for j in 0..<b.count {
                var best = min(previous[j + 1] + 1, current[j] + 1, previous[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                    best = min(best, beforePrevious[j - 1] + 1)
                }
                current.append(best)
            }
            beforePrevious = previous
            previous = current
        }
        return previous[b.count]
    }
}
