import CatenaAdapters
import CatenaFiles
public import CatenaSchema
import Crypto

extension RunConfiguration {
    /// The complete configuration, defaults included, as a tree in the order of the documentation.
    public var resolved: ConfigurationValue { .section(entries) }

    /// YAML that parses back to an equal configuration; the same configuration always gives the same bytes.
    public var resolvedYAML: String { resolved.blockYAML() }

    /// SHA-256 in hexadecimal of the resolved configuration without the key paths of `ignoring` (whole sections included).
    ///
    /// Ranks compare `fingerprint(ignoring: [])`; a checkpoint keeps `fingerprint()`.
    public func fingerprint(ignoring: [String] = mayDifferOnResume) -> String {
        let text = Self.leaves(of: resolved, ignoring: ignoring).map { "\($0.keyPath): \($0.text)\n" }
            .joined()
        return SHA256.hexadecimal(of: Array(text.utf8))
    }
}
