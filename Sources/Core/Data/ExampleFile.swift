/// The examples of a data file and what the user should know about them.
package struct ExampleFile: Sendable {
    /// Where the file lies.
    package let path: String
    /// In the file's order.
    package let examples: [SourcedExample]
    /// Keys that were ignored, with the number of examples that have each, sorted by key.
    package let ignoredKeys: [(key: String, count: Int)]

    /// One sentence about what was ignored; none where nothing was.
    package var notes: [String] {
        guard !ignoredKeys.isEmpty else { return [] }
        let few = ignoredKeys.prefix(20).map { entry in
            entry.count == examples.count ? entry.key : "\(entry.key) (in \(entry.count) examples)"
        }
        let more = ignoredKeys.count > few.count ? " and \(ignoredKeys.count - few.count) more keys" : ""
        return ["\(path): ignored: \(few.joined(separator: ", "))\(more)"]
    }

    /// The first `count` examples.
    package func prefix(_ count: Int) -> ArraySlice<SourcedExample> { examples.prefix(count) }
}
