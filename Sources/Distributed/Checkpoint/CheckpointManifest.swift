import CatenaFiles
import Crypto
import Foundation

/// One file of a checkpoint, in memory.
package struct CheckpointFile: Equatable, Sendable {
    /// Name within the checkpoint's folder.
    package let name: String
    /// The whole content.
    package let bytes: [UInt8]

    /// A file by name and content.
    package init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }
}

/// What a checkpoint folder holds; the file `manifest.json` in it. It has no times or paths, so equal states give equal bytes.
package struct CheckpointManifest: Codable, Equatable, Sendable {
    /// The format this program writes, and the latest it reads.
    package static let currentFormatVersion = 1
    /// Name of the manifest within the folder.
    package static let fileName = "manifest.json"

    /// What is recorded of a file.
    package struct Entry: Codable, Equatable, Sendable {
        /// Name within the folder.
        package let name: String
        /// Its size.
        package let byteCount: Int
        /// SHA-256 of its content, hexadecimal.
        package let sha256: String
    }

    /// Format in which it was written.
    package let formatVersion: Int
    /// Optimizer steps done.
    package let step: Int
    /// Version of the program that wrote it.
    package let createdBy: String
    /// All files but the manifest.
    package let files: [Entry]
    /// SHA-256 of this manifest's JSON with an empty `checksum`.
    package private(set) var checksum: String

    package init(step: Int, createdBy: String, files: [CheckpointFile]) throws(CheckpointError) {
        var names: Set<String> = [Self.fileName]
        for file in files {
            guard Self.isPlain(file.name), names.insert(file.name).inserted else { throw .badFileName(file.name) }
        }
        formatVersion = Self.currentFormatVersion
        self.step = step
        self.createdBy = createdBy
        self.files = files.map {
            Entry(name: $0.name, byteCount: $0.bytes.count, sha256: SHA256.hexadecimal(of: $0.bytes))
        }
        checksum = ""
        checksum = SHA256.hexadecimal(of: try encoded())
    }

    /// More than any manifest has: a kilobyte for each of a thousand files.
    static let largestByteCount = 1 << 20

    /// Whether `name` is that of a file in the checkpoint's folder itself: letters, digits, `_`, `-` and `.`, not first.
    private static func isPlain(_ name: String) -> Bool {
        !name.isEmpty && !name.hasPrefix(".")
            && name.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
                    true
                default: false
                }
            }
    }

    /// Deterministic JSON: sorted keys, final newline.
    package func encoded() throws(CheckpointError) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        do {
            return [UInt8](try encoder.encode(self)) + [UInt8(ascii: "\n")]
        } catch {
            throw .cannotWrite(path: Self.fileName, operation: "encode", reason: String(describing: error))
        }
    }

    /// Reads and checks a manifest.
    ///
    /// - Throws: `.newerFormat` for a later format, `.damaged` for anything else that is not exactly what was written.
    package init(decoding bytes: [UInt8], path: String) throws(CheckpointError) {
        struct Version: Decodable { let formatVersion: Int }
        let data = Data(bytes)
        let decoder = JSONDecoder()
        guard let version = try? decoder.decode(Version.self, from: data).formatVersion else {
            throw .damaged(
                path: path,
                reason: "expected a JSON manifest with formatVersion, got \(bytes.count) bytes of something else")
        }
        guard version <= Self.currentFormatVersion else {
            throw .newerFormat(path: path, version: version, supported: Self.currentFormatVersion)
        }
        guard let decoded = try? decoder.decode(CheckpointManifest.self, from: data) else {
            throw .damaged(path: path, reason: "the manifest misses keys of format \(version)")
        }
        guard decoded.step >= 0 else { throw .damaged(path: path, reason: "it says step \(decoded.step)") }
        self = decoded
        var bare = decoded
        bare.checksum = ""
        guard SHA256.hexadecimal(of: try bare.encoded()) == checksum else {
            throw .damaged(path: path, reason: "the manifest does not match its own checksum")
        }
        // The sum proves that the bytes are those that were written, not that what they say can be believed.
        var names: Set<String> = [Self.fileName]
        for entry in files {
            guard Self.isPlain(entry.name), names.insert(entry.name).inserted else {
                throw .damaged(
                    path: path, reason: "\(CheckpointError.badFileName(entry.name).description.dropLast())")
            }
            guard entry.byteCount >= 0 else {
                throw .damaged(path: path, reason: "\(entry.name) is said to have \(entry.byteCount) bytes")
            }
        }
        guard step >= 0 else { throw .damaged(path: path, reason: "it says step \(step), expected 0 or more") }
        let expected = try encoded()
        guard bytes == expected else {
            throw .damaged(path: path, reason: "expected \(expected.count) bytes as written, got \(bytes.count) others")
        }
    }
}
