import CatenaDistributed
import Foundation
import Testing

@Suite("Crashes during a checkpoint")
struct CrashPointTests {
    @Test("triggers are point, optional number, optional process rank")
    func triggers() {
        #expect(
            CrashPoint.Trigger("step-end:50@2").map { [$0.point, String($0.number), String($0.processRank ?? -1)] } == [
                "step-end", "50", "2",
            ])
        #expect(CrashPoint.Trigger("checkpoint-file")?.number == 1)
        #expect(CrashPoint.Trigger("checkpoint-file")?.processRank == nil)
        for wrong in ["", ":2", "a:x", "a@", "a@b", "a:1@"] { #expect(CrashPoint.Trigger(wrong) == nil, "\(wrong)") }
    }

    @Test("a numbered point kills at its number and at no other")
    func numbered() async {
        await #expect(processExitsWith: .signal(SIGKILL)) {
            setenv("CATENA_CRASH_AT", "step-end:3", 1)
            for step in 1...3 { CrashPoint.reached("step-end", number: step) }
            exit(0)
        }
        await #expect(processExitsWith: .exitCode(7)) {
            setenv("CATENA_CRASH_AT", "step-end:3", 1)
            for step in [1, 2, 4, 5] { CrashPoint.reached("step-end", number: step) }
            for _ in 1...5 { CrashPoint.reached("step-begin") }
            exit(7)
        }
    }

    @Test(
        "a kill at any point leaves a valid newest checkpoint, and the next write succeeds",
        arguments: [
            ("checkpoint-begin", 1), ("checkpoint-file", 1), ("checkpoint-file:2", 1), ("checkpoint-manifest", 1),
            ("checkpoint-before-rename", 1), ("checkpoint-after-rename", 2), ("checkpoint-retention", 2),
        ])
    func killed(point: String, surviving: Int) async throws {
        let folder = try TemporaryFolder()
        let path = folder.path
        let store = CheckpointStore(folder: path, keepCount: 1, createdBy: "catena test")
        try store.write(step: 1, files: CrashPointTests.files(1))
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String, point = point as String] in
            setenv("CATENA_CRASH_AT", point, 1)
            try CheckpointStore(folder: path, keepCount: 1, createdBy: "catena test").write(
                step: 2, files: CrashPointTests.files(2))
        }
        let (checkpoint, skipped) = store.newestValid()
        #expect(checkpoint?.manifest.step == surviving)
        #expect(checkpoint?.files == CrashPointTests.files(surviving))
        #expect(skipped.isEmpty)
        try store.write(step: 3, files: CrashPointTests.files(3))
        #expect(try folder.names() == ["step-00000003"])
    }

    @Test("a kill while a step is replaced loses neither the old nor the earlier ones")
    func killedWhileReplacing() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path
        let store = CheckpointStore(folder: path, keepCount: 1, createdBy: "catena test")
        try store.write(step: 1, files: CrashPointTests.files(1))
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            setenv("CATENA_CRASH_AT", "checkpoint-replace", 1)
            try CheckpointStore(folder: path, keepCount: 1, createdBy: "catena test").write(
                step: 1, files: CrashPointTests.files(9))
        }
        #expect(store.newestValid().checkpoint?.files == CrashPointTests.files(1))
    }

    static func files(_ step: Int) -> [CheckpointFile] {
        (0..<3).map { CheckpointFile(name: "file\($0)", bytes: [UInt8](repeating: UInt8(step), count: 100 + $0)) }
    }
}
