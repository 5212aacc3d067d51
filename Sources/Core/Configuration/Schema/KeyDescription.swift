public import CatenaFiles

/// What there is to know about a key of a run's configuration.
public struct KeyDescription: Sendable, Equatable {
    /// Keys from the root, joined by points.
    public internal(set) var path: String
    /// What it takes, such as `a whole number of at least 1`.
    public let values: String
    /// What an absent key stands for; nil: nothing.
    public internal(set) var defaultText: String?
    /// Whether a configuration must have it.
    public let isRequired: Bool
    /// One line.
    public let meaning: String
    /// Whether a resumed run may change it without becoming another run.
    public internal(set) var mayChangeOnResume: Bool
    /// The page of the documentation with more about it, by its name in `docs`.
    public let page: String?

    /// The same key inside a section.
    func inside(_ section: KeyDescription) -> KeyDescription {
        var key = self
        key.path = "\(section.path).\(path)"
        key.mayChangeOnResume = mayChangeOnResume || section.mayChangeOnResume
        return key
    }

    /// What `key` may mean: a key or a section with all that is in it, by its path or the end of it.
    ///
    /// - Throws: ``ConfigurationError/noSuchKey(_:suggestion:)``.
    public static func matching(_ key: String) throws(ConfigurationError) -> [KeyDescription] {
        let paths = RunConfiguration.keyPaths
        let meant = paths.contains(key) ? [key] : paths.filter { $0.hasSuffix(".\(key)") }
        if meant.isEmpty {
            let names = paths + paths.compactMap { $0.split(separator: ".").last.map(String.init) }
            throw .noSuchKey(key, suggestion: NearestName.matches(for: key, among: names, limit: 1).first)
        }
        return RunConfiguration.keyDescriptions.filter { one in
            meant.contains { one.path == $0 || one.path.hasPrefix("\($0).") }
        }
    }

    /// Several lines for people.
    public var text: String {
        let rows = [
            ["  takes", values], ["  default", shownDefault],
            ["  on resume", mayChangeOnResume ? "may change" : "must be the same"],
            ["  more", page.map { "docs/" + $0 } ?? ""],
        ].filter { !$0[1].isEmpty }
        return ([path, "  " + meaning] + TextTable.lines(rows)).joined(separator: "\n") + "\n"
    }

    /// As a value of JSON.
    public var json: JSONValue {
        [
            "key": .string(path), "values": .string(values), "default": defaultText.map { .string($0) } ?? .null,
            "required": .bool(isRequired), "meaning": .string(meaning),
            "may_change_on_resume": .bool(mayChangeOnResume), "page": page.map { .string("docs/" + $0) } ?? .null,
        ]
    }

    /// What stands in the column of defaults.
    public var shownDefault: String { isRequired ? "required" : defaultText ?? "" }

    /// The keys as the table of docs/configuration.md, a line for each.
    public static var table: String {
        let rows = RunConfiguration.keyDescriptions.map { key in
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

extension RunConfiguration {
    /// Every key of a run's configuration but the methods' own options, in the order of resolved YAML.
    public static let keyDescriptions = descriptions

    /// Every key path that a configuration may have, without the methods' own options.
    public static let keyPaths = keyDescriptions.map(\.path)

    /// Key paths (or whole sections) that a resumed run may change without becoming another run: how long it is, how it is
    /// spread and reported, and what is only measured.
    public static let mayDifferOnResume = keyDescriptions.filter(\.mayChangeOnResume).map(\.path)
}
