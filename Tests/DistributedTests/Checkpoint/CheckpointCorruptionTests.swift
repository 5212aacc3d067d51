import Crypto
import CatenaFiles
import CatenaDistributed
import Foundation
import Testing

@Suite("Damaged checkpoints")
struct CheckpointCorruptionTests {
    private let folder: TemporaryFolder
    private let store: CheckpointStore

    init() throws {
        folder = try TemporaryFolder()
        store = CheckpointStore(folder: folder.path, createdBy: "catena test")
        for step in [1, 2] {
            try store.write(
                step: step,
                files: [
                    CheckpointFile(name: "adapter", bytes: [UInt8](repeating: UInt8(step), count: 1000)),
                    CheckpointFile(name: "moments", bytes: [UInt8](repeating: UInt8(step), count: 2000)),
                ])
        }
    }

    /// The one skipped checkpoint, after checking that step 1 is found instead of step 2.
    private func skippedReason() throws -> CheckpointError {
        let (checkpoint, skipped) = store.newestValid()
        #expect(checkpoint?.manifest.step == 1)
        #expect(skipped.map(\.step) == [2])
        return try #require(skipped.first).reason
    }

    @Test(
        "one flipped bit in any file is found, and the previous checkpoint is used", arguments: ["adapter", "moments"])
    func flippedBit(name: String) throws {
        let path = store.path(step: 2) + "/" + name
        try change(path) { $0[777] ^= 0x10 }
        guard case .damaged(path, let reason) = try skippedReason() else {
            Issue.record("another error")
            return
        }
        #expect(reason.hasPrefix("expected SHA-256 "))
    }

    @Test("every single flipped byte of the manifest is found")
    func flippedManifest() throws {
        let path = store.path(step: 2) + "/manifest.json"
        let original = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        let text = String(decoding: original, as: UTF8.self)
        for index in original.indices {
            try change(path) {
                $0 = original; $0[index] ^= 0x01
            }
            let (checkpoint, skipped) = store.newestValid()
            #expect(checkpoint?.manifest.step == 1, "byte \(index) of \(text)")
            #expect(skipped.count == 1)
        }
    }

    @Test("a truncated manifest is found", arguments: [0, 1, 40, 200])
    func truncatedManifest(count: Int) throws {
        let path = store.path(step: 2) + "/manifest.json"
        try change(path) { $0 = Array($0.prefix(count)) }
        guard case .damaged(path, _) = try skippedReason() else {
            Issue.record("another error")
            return
        }
    }

    @Test("a missing manifest is found")
    func missingManifest() throws {
        let path = store.path(step: 2) + "/manifest.json"
        try FileManager.default.removeItem(atPath: path)
        #expect(try skippedReason() == .cannotRead(path: path, reason: "No such file or directory"))
    }

    @Test("a short, a long and a missing file are named with both sizes")
    func sizes() throws {
        let path = store.path(step: 2) + "/moments"
        try change(path) { $0.removeLast() }
        #expect(try skippedReason() == .damaged(path: path, reason: "expected 2000 bytes, got 1999"))
        try change(path) { $0 += [2, 2] }
        #expect(try skippedReason() == .damaged(path: path, reason: "expected 2000 bytes, got 2001"))
        try FileManager.default.removeItem(atPath: path)
        #expect(try skippedReason() == .damaged(path: path, reason: "the file is missing"))
    }

    @Test("a checkpoint in the folder of another step is found")
    func renamed() throws {
        try FileManager.default.moveItem(atPath: store.path(step: 2), toPath: store.path(step: 3))
        let (checkpoint, skipped) = store.newestValid()
        #expect(checkpoint?.manifest.step == 1)
        #expect(
            skipped.map(\.reason) == [
                .damaged(
                    path: store.path(step: 3) + "/manifest.json",
                    reason: "the folder's name says step 3, the manifest step 2")
            ])
    }

    @Test("a checkpoint of a newer format is refused with both versions")
    func newerFormat() throws {
        let path = store.path(step: 2) + "/manifest.json"
        try Data("{\"formatVersion\": 7, \"shape\": \"unknown\"}".utf8).write(to: URL(fileURLWithPath: path))
        #expect(try skippedReason() == .newerFormat(path: path, version: 7, supported: 1))
    }

    @Test("when none is valid, none is given and all are named")
    func noneValid() throws {
        for step in [1, 2] { try change(store.path(step: step) + "/adapter") { $0[0] ^= 1 } }
        let (checkpoint, skipped) = store.newestValid()
        #expect(checkpoint == nil)
        #expect(skipped.map(\.step) == [2, 1])
    }

    @Test(
        "a manifest with a right sum is not believed when it names files elsewhere or impossible sizes",
        arguments: [
            ("\"moments\"", "\"../moments\""), ("\"moments\"", "\"/etc/passwd\""), ("\"moments\"", "\"a/b\""),
            ("\"moments\"", "\"..\""),
            ("\"moments\"", "\"mo ments\""), ("\"moments\"", "\"adapter\""), ("\"moments\"", "\"manifest.json\""),
            ("\"moments\"", "\"\""), ("2000", "-2000"), ("\"step\" : 2", "\"step\" : -2"),
        ])
    func forgedManifest(original: String, forged: String) throws {
        let path = store.path(step: 2) + "/manifest.json"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try #require(text.contains(original))
        let sum = try #require(text.firstRange(of: /"checksum" : "[0-9a-f]*"/))
        let bare = text.replacingCharacters(in: sum, with: "\"checksum\" : \"\"").replacingOccurrences(
            of: original, with: forged)
        let checksum = SHA256.hexadecimal(of: Array(bare.utf8))
        let signed = bare.replacingOccurrences(of: "\"checksum\" : \"\"", with: "\"checksum\" : \"\(checksum)\"")
        try Data(signed.utf8).write(to: URL(fileURLWithPath: path))
        guard case .damaged(path, let reason) = try skippedReason() else {
            Issue.record("another error")
            return
        }
        #expect(!reason.contains("checksum"))
    }

    @Test(
        "a named pipe or a folder in the place of a file is damage, and nobody waits for it",
        arguments: ["adapter", "manifest.json"])
    func specialFiles(name: String) throws {
        let path = store.path(step: 2) + "/" + name
        for make in [{ mkfifo(path, 0o600) }, { mkdir(path, 0o700) }] {
            try FileManager.default.removeItem(atPath: path)
            try #require(make() == 0)
            guard case .damaged(path, let reason) = try skippedReason() else {
                Issue.record("another error")
                return
            }
            #expect(reason.hasPrefix("it is a "))
        }
    }
}
