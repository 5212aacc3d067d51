import CatenaFiles

extension ConfigurationNode {
    /// The text of a configuration file.
    ///
    /// - Throws: ``ConfigurationError/unreadable(path:reason:)``.
    package static func text(ofFile path: String) throws(ConfigurationError) -> String {
        let bytes: [UInt8]
        do throws(FileError) {
            bytes = try InputFile.contents(of: path, limit: .configuration)
        } catch .missing {
            throw .unreadable(path: path, reason: "there is no such file")
        } catch .unreadable(_, let reason) {
            throw .unreadable(path: path, reason: reason)
        } catch {
            throw .unreadable(path: path, reason: "\(error)")
        }
        let kind = FileKind.recognise(bytes)
        if let kind, kind != .markedUTF8 {
            throw .unreadable(
                path: path, reason: "it is \(kind.name), expected YAML in UTF-8" + (kind.remedy.map { "; \($0)" } ?? "")
            )
        }
        // The mark is no part of the text.
        guard let yaml = String(validating: bytes.dropFirst(kind == .markedUTF8 ? 3 : 0), as: UTF8.self) else {
            throw .unreadable(path: path, reason: "it is not UTF-8 text")
        }
        return yaml
    }
}
