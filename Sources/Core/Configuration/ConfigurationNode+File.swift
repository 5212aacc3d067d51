extension ConfigurationNode {
    /// The text of a configuration file.
    ///
    /// - Throws: ``ConfigurationError/unreadable(path:reason:)``.
    static func text(ofFile path: String) throws(ConfigurationError) -> String {
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
        guard let yaml = String(validating: bytes, as: UTF8.self) else {
            throw .unreadable(path: path, reason: "it is not UTF-8 text")
        }
        return yaml
    }
}
