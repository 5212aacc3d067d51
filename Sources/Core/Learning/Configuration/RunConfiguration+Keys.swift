import CatenaFiles
package import CatenaSchema

extension RunConfiguration {
    /// Every key of a run's configuration but the methods' own options, in the order of resolved YAML.
    package static let keyDescriptions = descriptions

    /// Every key path that a configuration may have, without the methods' own options.
    package static let keyPaths = keyDescriptions.map(\.path)

    /// Key paths (or whole sections) that a resumed run may change without becoming another run: how long it is, how it is
    /// spread and reported, and what is only measured.
    public static let mayDifferOnResume = keyDescriptions.filter(\.mayChangeOnResume).map(\.path)

    /// What `key` may mean: a key or a section with all that is in it, by its path or the end of it.
    ///
    /// - Throws: ``ConfigurationError/noSuchKey(_:suggestion:)``.
    package static func keys(matching key: String) throws(ConfigurationError) -> [KeyDescription] {
        let paths = keyPaths
        let meant = paths.contains(key) ? [key] : paths.filter { $0.hasSuffix(".\(key)") }
        if meant.isEmpty {
            let names = paths + paths.compactMap { $0.split(separator: ".").last.map(String.init) }
            throw .noSuchKey(key, suggestion: NearestName.matches(for: key, among: names, limit: 1).first)
        }
        return keyDescriptions.filter { one in
            meant.contains { one.path == $0 || one.path.hasPrefix("\($0).") }
        }
    }

    /// The keys as the table of docs/configuration.md, a line for each.
    package static var keyTable: String {
        let rows = keyDescriptions.map { key in
            let more = key.page.map { page in
                let title = page.split(separator: "#").last.map(String.init) ?? page
                return " ([\(title.replacing("-", with: " ").replacing(".md", with: ""))](\(page)))"
            }
            let last = key.mayChangeOnResume ? "yes" : ""
            return "| `\(key.path)` | \(key.values) | \(key.shownDefault) | \(key.meaning)\(more ?? "") | \(last) |"
        }
        return (["| key | values | default | meaning | may change on resume |", "|---|---|---|---|---|"] + rows)
            .joined(separator: "\n") + "\n"
    }
}
