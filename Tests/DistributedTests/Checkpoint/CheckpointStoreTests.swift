import CatenaDistributed
import Foundation
import Testing

@Suite("Checkpoint store")
struct CheckpointStoreTests {
    private let folder: TemporaryFolder
    private let store: CheckpointStore

    init() throws {
        folder = try TemporaryFolder()
        store = CheckpointStore(folder: folder.path + "/checkpoints", keepCount: 2, createdBy: "catena test")
    }

    private func files(_ step: Int) -> [CheckpointFile] {
        [
            CheckpointFile(
                name: "adapter.safetensors", bytes: (0..<5000).map { UInt8(truncatingIfNeeded: $0 &* step) }),
            CheckpointFile(name: "state.json", bytes: Array("{\"step\": \(step)}".utf8)),
            CheckpointFile(name: "empty", bytes: []),
        ]
    }

    @Test("a checkpoint reads back byte for byte, in a folder named after its step")
    func roundTrip() throws {
        let path = try store.write(step: 50, files: files(50))
        #expect(path == folder.path + "/checkpoints/step-00000050")
        #expect(
            try folder.names("checkpoints/step-00000050") == [
                "adapter.safetensors", "empty", "manifest.json", "state.json",
            ])
        let loaded = try CheckpointReader.load(path)
        #expect(loaded.files == files(50))
        #expect(loaded.manifest.step == 50)
        #expect(loaded.manifest.createdBy == "catena test")
        #expect(try loaded.bytes(of: "state.json") == Array("{\"step\": 50}".utf8))
        #expect(throws: CheckpointError.damaged(path: path + "/optimizer", reason: "the checkpoint has no such file")) {
            try loaded.bytes(of: "optimizer")
        }
    }

    @Test(
        "files of every size around the blocks of a disk read back byte for byte",
        arguments: [
            1_048_575, 1_048_576, 1_048_577, 3_149_824, 5_000_011,
        ])
    func sizes(count: Int) throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }
        let path = try store.write(step: 1, files: [CheckpointFile(name: "big", bytes: bytes)])
        #expect(try CheckpointReader.load(path).bytes(of: "big") == bytes)
    }

    @Test("equal states give equal manifests")
    func deterministic() throws {
        let other = CheckpointStore(folder: folder.path + "/other", keepCount: 1, createdBy: "catena test")
        let first = try Data(contentsOf: URL(fileURLWithPath: store.write(step: 3, files: files(3)) + "/manifest.json"))
        let second = try Data(
            contentsOf: URL(fileURLWithPath: other.write(step: 3, files: files(3)) + "/manifest.json"))
        #expect(first == second)
        #expect(!first.isEmpty)
    }

    @Test("the newest checkpoints stay and older ones go, after the commit")
    func retention() throws {
        for step in [10, 20, 30, 40] { try store.write(step: step, files: files(step)) }
        #expect(try folder.names("checkpoints") == ["step-00000030", "step-00000040"])
    }

    @Test("a damaged checkpoint does not count among those kept")
    func retentionKeepsAValidOne() throws {
        try store.write(step: 10, files: files(10))
        try store.write(step: 20, files: files(20))
        try FileManager.default.removeItem(atPath: store.path(step: 20) + "/state.json")
        try store.write(step: 30, files: files(30))
        #expect(store.steps() == [30, 20, 10])
    }

    @Test("a checkpoint written below existing steps survives its own retention")
    func rewound() throws {
        try store.write(step: 10, files: files(10))
        try store.write(step: 20, files: files(20))
        try store.write(step: 5, files: files(5))
        #expect(store.steps() == [20, 5])
    }

    @Test("writing a step again replaces it")
    func replaced() throws {
        try store.write(step: 10, files: files(10))
        try store.write(step: 10, files: files(11))
        #expect(try CheckpointReader.load(store.path(step: 10)).files == files(11))
        #expect(try folder.names("checkpoints") == ["step-00000010"])
    }

    @Test("a checkpoint set aside by a cut-off replacement comes back")
    func restored() throws {
        let path = try store.write(step: 10, files: files(10))
        try FileManager.default.moveItem(atPath: path, toPath: path + ".replaced.tmp")
        #expect(store.newestValid().checkpoint?.files == files(10))
    }

    @Test("leftovers of broken writes are never read and go at the next write")
    func leftovers() throws {
        let broken = folder.path + "/checkpoints/step-00000099.tmp"
        try FileManager.default.createDirectory(atPath: broken, withIntermediateDirectories: true)
        try Data([1]).write(to: URL(fileURLWithPath: broken + "/adapter.safetensors"))
        #expect(store.newestValid().checkpoint == nil)
        #expect(store.newestValid().skipped.isEmpty)
        try store.write(step: 1, files: files(1))
        #expect(try folder.names("checkpoints") == ["step-00000001"])
    }

    @Test(
        "names that are not plain are refused before anything is written",
        arguments: ["", "a/b", "../x", ".hidden", "manifest.json", "a b", "a\u{1B}", "é", ".."])
    func badNames(name: String) throws {
        #expect(throws: CheckpointError.badFileName(name)) {
            try store.write(step: 1, files: [CheckpointFile(name: name, bytes: [1])])
        }
        #expect(store.steps().isEmpty)
    }

    @Test("two files of one name are refused")
    func duplicateNames() throws {
        #expect(throws: CheckpointError.badFileName("a")) {
            try store.write(
                step: 1, files: [CheckpointFile(name: "a", bytes: [1]), CheckpointFile(name: "a", bytes: [2])])
        }
    }

    @Test("a failed write names the file, leaves nothing half-written and keeps the previous checkpoint")
    func failedWrite() throws {
        try store.write(step: 1, files: files(1))
        let tooLong = String(repeating: "n", count: 300)
        let expected = store.path(step: 2) + ".tmp/" + tooLong
        let error = #expect(throws: CheckpointError.self) {
            try store.write(step: 2, files: files(2) + [CheckpointFile(name: tooLong, bytes: [1])])
        }
        guard case .cannotWrite(let path, let operation, let reason) = error else {
            Issue.record("threw \(String(describing: error))")
            return
        }
        #expect(path == expected)
        #expect(operation == "write")
        #expect(reason == "File name too long")
        #expect(try folder.names("checkpoints") == ["step-00000001"])
        #expect(store.newestValid().checkpoint?.files == files(1))
    }

    @Test(
        "a full disk names the file and the byte, and keeps the previous checkpoint",
        .enabled(if: TinyDisk.canMount, "needs root and mount"))
    func fullDisk() throws {
        let disk = try TinyDisk(kilobytes: 256)
        let store = CheckpointStore(folder: disk.path + "/checkpoints", createdBy: "catena test")
        try store.write(step: 1, files: files(1))
        let error = #expect(throws: CheckpointError.self) {
            try store.write(step: 2, files: [CheckpointFile(name: "big", bytes: [UInt8](repeating: 7, count: 1 << 20))])
        }
        guard case .cannotWrite(let path, let operation, let reason) = error else {
            Issue.record("threw \(String(describing: error))")
            return
        }
        #expect(path == store.path(step: 2) + ".tmp/big")
        #expect(operation.hasPrefix("write at byte "))
        #expect(reason == "No space left on device")
        #expect(store.steps() == [1])
        #expect(!FileManager.default.fileExists(atPath: store.path(step: 2) + ".tmp"))
        #expect(store.newestValid().checkpoint?.files == files(1))
    }
}
