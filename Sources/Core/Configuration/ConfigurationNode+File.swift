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
        guard let yaml = String(validating: bytes, as: UTF8.self) else {
            throw .unreadable(path: path, reason: "it is not UTF-8 text")
        }
        return yaml
    }
}
