import CatenaDistributed
import Foundation
import Glibc
import Testing

@Suite("Open MPI's files in shared memory")
struct MessageSegmentsTests {
    private let root = FileManager.default.temporaryDirectory.path + "/catena-\(UUID().uuidString)"
    private var shared: String { root + "/shm" }
    private var processes: String { root + "/proc" }

    /// A process that maps `paths`, or that does not say.
    private func process(_ number: Int, maps paths: [String]?) throws {
        let folder = "\(processes)/\(number)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let lines = paths?.map { "7f00-7f10 rw-s 00000000 00:1b 7    \($0)\n" }.joined()
        try lines?.write(toFile: folder + "/maps", atomically: false, encoding: .utf8)
    }

    private func segment(_ name: String, age seconds: Int = 3600) throws {
        try FileManager.default.createDirectory(atPath: shared, withIntermediateDirectories: true)
        try Data(count: 8192).write(to: URL(fileURLWithPath: shared + "/" + name))
        let then = timespec(tv_sec: time(nil) - seconds, tv_nsec: 0)
        #expect(utimensat(AT_FDCWD, shared + "/" + name, [then, then], 0) == 0)
    }

    private func removed() -> [String] {
        MessageSegments.removeAbandoned(in: shared, host: "node1.example", processes: processes).names
    }

    @Test("those of this machine that no process maps go; used ones, new ones and others' stay")
    func abandoned() throws {
        defer { try? FileManager.default.removeItem(atPath: root) }
        for name in ["vader_segment.node1.0.a1.0", "vader_segment.node1.0.a1.1", "sm_segment.node1.0.b2.0"] {
            try segment(name)
        }
        try segment("vader_segment.node1.0.c3.0", age: 5)
        try segment("vader_segment.node2.0.a1.0")
        try segment("other")
        try process(10, maps: ["/usr/lib/x", shared + "/vader_segment.node1.0.a1.1"])
        #expect(removed() == ["sm_segment.node1.0.b2.0", "vader_segment.node1.0.a1.0"])
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: shared).sorted() == [
                "other", "vader_segment.node1.0.a1.1", "vader_segment.node1.0.c3.0", "vader_segment.node2.0.a1.0",
            ])
        #expect(removed().isEmpty)
    }

    @Test("they are named and stay where a process of the user does not say what it maps")
    func silent() throws {
        defer { try? FileManager.default.removeItem(atPath: root) }
        try segment("vader_segment.node1.0.a1.0")
        try process(10, maps: nil)
        #expect(removed() == ["vader_segment.node1.0.a1.0"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: shared).count == 1)
        try process(10, maps: [])
        #expect(removed() == ["vader_segment.node1.0.a1.0"])
        #expect(removed().isEmpty)
    }
}
