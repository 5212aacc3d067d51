import Foundation

extension ConfigurationNode {
    /// The text of a configuration file.
    ///
    /// - Throws: ``ConfigurationError/unreadable(path:reason:)``.
    static func text(ofFile path: String) throws(ConfigurationError) -> String {
        let bytes: Data
        do {
            bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        } catch {
            var isDirectory: ObjCBool = false
            let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
            let reason =
                !exists
                ? "there is no such file" : isDirectory.boolValue ? "it is a directory" : "permission denied"
            throw .unreadable(path: path, reason: reason)
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
