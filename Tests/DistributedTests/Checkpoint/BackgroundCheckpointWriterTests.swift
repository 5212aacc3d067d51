import CatenaDistributed
import Foundation
import Testing

@Suite("Background checkpoint writer")
struct BackgroundCheckpointWriterTests {
    private let folder: TemporaryFolder
    private let store: CheckpointStore

    init() throws {
        folder = try TemporaryFolder()
        store = CheckpointStore(folder: folder.path + "/checkpoints", keepCount: 10, createdBy: "catena test")
    }

    @Test("everything submitted is on the disk after drain")
    func drains() throws {
        let writer = BackgroundCheckpointWriter(store: store)
        try writer.drain()
        for step in 1...5 {
            try writer.submit(step: step, files: [CheckpointFile(name: "state", bytes: [UInt8(step)])])
        }
        try writer.drain()
        #expect(store.steps() == [5, 4, 3, 2, 1])
        #expect(writer.lastCommittedStep == 5)
        for step in 1...5 { #expect(try CheckpointReader.load(store.path(step: step)).files[0].bytes == [UInt8(step)]) }
    }

    @Test("the memory of the last checkpoint comes back once it is written, and only once")
    func reclaim() throws {
        let writer = BackgroundCheckpointWriter(store: store)
        #expect(writer.reclaim().isEmpty)
        try writer.submit(step: 1, files: [CheckpointFile(name: "state", bytes: [1, 2])])
        #expect(writer.reclaim() == ["state": [1, 2]])
        #expect(writer.reclaim().isEmpty)
        #expect(writer.lastCommittedStep == 1)
        try writer.drain()
    }

    @Test("a writer that is let go finishes what it was given")
    func released() throws {
        do {
            let writer = BackgroundCheckpointWriter(store: store)
            try writer.submit(
                step: 1, files: [CheckpointFile(name: "state", bytes: [UInt8](repeating: 1, count: 1 << 20))])
        }
        let deadline = Date().addingTimeInterval(20)
        while store.steps().isEmpty, Date() < deadline { usleep(5000) }
        #expect(store.newestValid().checkpoint?.manifest.step == 1)
    }

    @Test("a failed write is thrown once, by the next submit, and later writes work")
    func failureAtSubmit() throws {
        try Data([0]).write(to: URL(fileURLWithPath: store.folder))
        let writer = BackgroundCheckpointWriter(store: store)
        try writer.submit(step: 1, files: [])
        #expect(throws: CheckpointError.self) { try writer.submit(step: 2, files: []) }
        try FileManager.default.removeItem(atPath: store.folder)
        try writer.submit(step: 3, files: [])
        try writer.drain()
        #expect(store.steps() == [3])
    }

    @Test("a failed write is thrown by drain")
    func failureAtDrain() throws {
        let writer = BackgroundCheckpointWriter(store: store)
        try writer.submit(step: 1, files: [CheckpointFile(name: "a/b", bytes: [])])
        #expect(throws: CheckpointError.badFileName("a/b")) { try writer.drain() }
        try writer.drain()
        #expect(writer.lastCommittedStep == nil)
    }
}
