import CatenaFiles
import Foundation
import Testing

@Suite("Durable files on a full disk") struct DurableFileDiskTests {
    @Test(
        "the disk is named, the old file stays and the temporary one goes",
        .enabled(if: TinyDisk.canMount, "needs root and mount"), arguments: [false, true])
    func full(bypassingCache: Bool) throws {
        let disk = try TinyDisk(kilobytes: 64)
        let path = disk.path + "/a"
        try DurableFile.write(Array("old".utf8), to: path)
        let error = #expect(throws: FileError.self) {
            try DurableFile.write([UInt8](repeating: 7, count: 1 << 21), to: path, bypassingCache: bypassingCache)
        }
        guard case .diskFull(path, let writtenBytes, let reason) = error else {
            Issue.record("threw \(String(describing: error))")
            return
        }
        #expect(writtenBytes < 64 << 10)
        #expect(reason == "No space left on device")
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "old")
        #expect(try FileManager.default.contentsOfDirectory(atPath: disk.path) == ["a"])
    }

    @Test(
        "what goes past the page cache is what was given",
        arguments: [0, 1, 4095, 1 << 20, (1 << 20) + 1, (3 << 20) + 4097])
    func uncached(count: Int) throws {
        let folder = try TemporaryFolder()
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }
        try DurableFile.write(bytes, to: folder.path + "/a", bypassingCache: true)
        #expect(try Data(contentsOf: URL(fileURLWithPath: folder.path + "/a")) == Data(bytes))
    }
}
