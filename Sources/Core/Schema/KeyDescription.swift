package import CatenaFiles
import CatenaReporting

/// What there is to know about a key of a run's configuration.
package struct KeyDescription: Sendable, Equatable {
    /// Keys from the root, joined by points.
    package internal(set) var path: String
    /// What it takes, such as `a whole number of at least 1`.
    package let values: String
    /// What an absent key stands for; nil: nothing.
    package internal(set) var defaultText: String?
    /// Whether a configuration must have it.
    package let isRequired: Bool
    /// One line.
    package let meaning: String
    /// Whether a resumed run may change it without becoming another run.
    package internal(set) var mayChangeOnResume: Bool
    /// The page of the documentation with more about it, by its name in `docs`.
    package let page: String?

    /// The same key inside a section.
    package func inside(_ section: KeyDescription) -> KeyDescription {
        var key = self
        key.path = "\(section.path).\(path)"
        key.mayChangeOnResume = mayChangeOnResume || section.mayChangeOnResume
        return key
    }

    /// Several lines for people.
    package var text: String {
        let rows = [
            ["  takes", values], ["  default", shownDefault],
            ["  on resume", mayChangeOnResume ? "may change" : "must be the same"],
            ["  more", page.map { "docs/" + $0 } ?? ""],
        ].filter { !$0[1].isEmpty }
        return ([path, "  " + meaning] + TextTable.lines(rows)).joined(separator: "\n") + "\n"
    }

    /// As a value of JSON.
    package var json: JSONValue {
        [
            "key": .string(path), "values": .string(values), "default": defaultText.map { .string($0) } ?? .null,
            "required": .bool(isRequired), "meaning": .string(meaning),
            "may_change_on_resume": .bool(mayChangeOnResume), "page": page.map { .string("docs/" + $0) } ?? .null,
        ]
    }

    /// What stands in the column of defaults.
    package var shownDefault: String { isRequired ? "required" : defaultText ?? "" }
}
