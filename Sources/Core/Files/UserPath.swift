import Glibc

/// Paths as people write them: `~` and `~/…` stand for the home folder, as in a shell, which has not seen what is written in a
/// file, behind `=` or in quotes.
package enum UserPath {
    /// Why a path cannot be expanded.
    package struct Refusal: Error, Equatable, CustomStringConvertible {
        /// What is wrong and what to do.
        package let description: String
    }

    /// `path` with the home folder in place of a leading `~`; any other path as it is.
    ///
    /// - Parameter home: the home folder; the value of `HOME` unless given.
    /// - Throws: ``Refusal`` for `~user`, and for `~` where there is no home folder.
    package static func expanded(_ path: String, home: String? = environmentHome) throws(Refusal) -> String {
        guard path.utf8.first == UInt8(ascii: "~") else { return path }
        let rest = path.dropFirst()
        guard rest.isEmpty || rest.utf8.first == UInt8(ascii: "/") else {
            let name = path.prefix { $0 != "/" }
            throw Refusal(
                description:
                    "\(name) is not expanded, only ~ and ~/ are; write the home folder out, or ./\(name) for a name "
                    + "that begins with ~")
        }
        guard let home, home.utf8.first == UInt8(ascii: "/") else {
            throw Refusal(description: "~ stands for the home folder, but HOME is not set to one; write the path out")
        }
        let trimmed = home.utf8.count > 1 && home.hasSuffix("/") ? String(home.dropLast()) : home
        return trimmed == "/" && !rest.isEmpty ? String(rest) : trimmed + rest
    }

    package static var environmentHome: String? { unsafe getenv("HOME").map { unsafe String(cString: $0) } }
}
