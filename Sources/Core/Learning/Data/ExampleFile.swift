/// The examples of a data file and what the user should know about them.
package struct ExampleFile: Sendable {
    /// Where the file lies.
    package let path: String
    /// In the file's order.
    package let examples: [SourcedExample]
    let ignoredKeys: IgnoredKeys

    /// One sentence about what was ignored; none where nothing was.
    package var notes: [String] { ignoredKeys.notes(path: path, recordCount: examples.count) }

    /// The first `count` examples.
    package func prefix(_ count: Int) -> ArraySlice<SourcedExample> { examples.prefix(count) }
}

/// Keys of a file's records that nothing looked at.
struct IgnoredKeys: Sendable {
    /// Records that have each.
    private var counts: [String: Int] = [:]

    /// Adds those of a record.
    mutating func add(_ keys: [String]) {
        for key in keys { counts[key, default: 0] += 1 }
    }

    /// One sentence that names them, sorted, in a file of `recordCount` records; none where nothing was ignored.
    func notes(path: String, recordCount: Int) -> [String] {
        guard !counts.isEmpty else { return [] }
        let few = counts.sorted { $0.key < $1.key }.prefix(20).map { key, count in
            count == recordCount ? key : "\(key) (in \(count) examples)"
        }
        let more = counts.count > few.count ? " and \(counts.count - few.count) more keys" : ""
        return ["\(path): ignored: \(few.joined(separator: ", "))\(more)"]
    }
}
