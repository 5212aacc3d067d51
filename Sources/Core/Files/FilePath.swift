/// Paths taken apart as text.
package enum FilePath {
    /// The path without slashes at its end.
    package static func trimmed(_ path: String) -> String {
        var rest = Substring(path)
        while rest.utf8.count > 1, rest.utf8.last == UInt8(ascii: "/") { rest.removeLast() }
        return String(rest)
    }

    /// The folder and the last component: `("a", "b")` for `a/b` and `a/b/`, `(".", "b")` for `b`, `("/", "")` for `/`.
    package static func split(_ path: String) -> (folder: String, name: String) {
        let path = trimmed(path)
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return (".", path) }
        let folder = trimmed(String(path[..<slash]))
        return (folder.isEmpty ? "/" : folder, String(path[path.utf8.index(after: slash)...]))
    }
}
