import CatenaLearning
import CatenaFiles
import Foundation
import Testing

@Suite("Opening and mapping files")
struct MappedFileTests {
    @Test("what is no regular file is refused by its kind, without waiting")
    func kinds() throws {
        let folder = try FilesScratchFolder()
        let fifo = folder.path + "/fifo"
        #expect(mkfifo(fifo, 0o600) == 0)
        for (path, says) in [(fifo, "FIFO"), ("/dev/null", "device"), (folder.path, "folder")] {
            #expect(fileError { _ = try MappedFile(path: path) }?.description.contains(says) == true, "\(path)")
            #expect(fileError { _ = try JSONValue.read(path: path) }?.description.contains(says) == true, "\(path)")
        }
        let error = #expect(throws: DataError.self) { try ExampleReader.read(path: fifo) }
        #expect(try #require(error).description.contains("FIFO"))
    }

    @Test(
        "a file that is written to or shortened after it was mapped is noticed; one that is replaced or removed is still there"
    )
    func changes() throws {
        let folder = try FilesScratchFolder()
        let path = try folder.file("a", "0123456789")
        let file = try MappedFile(path: path)
        try file.requireUnchanged()
        try FileManager.default.moveItem(atPath: path, toPath: path + ".old")
        _ = try folder.file("a", "other")
        try file.requireUnchanged()
        let handle = try #require(FileHandle(forWritingAtPath: path + ".old"))
        try handle.truncate(atOffset: 4)
        #expect(
            fileError { try file.requireUnchanged() }
                == .changed(path: path, how: "had 10 bytes when it was opened and has 4 now"))
        try handle.seekToEnd()
        try handle.write(contentsOf: Data("456789".utf8))
        #expect(
            fileError { try file.requireUnchanged() } == .changed(path: path, how: "was written to after it was opened")
        )
    }
}
