import CatenaCore
import Foundation
import Testing

@Suite("Durable files") struct DurableFileTests {
    private let folder: FilesScratchFolder

    init() throws { folder = try FilesScratchFolder() }

    @Test("a write replaces the file and leaves no temporary one")
    func replaces() throws {
        let path = try folder.file("a", "old")
        try DurableFile.write(Array("new text".utf8), to: path)
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "new text")
        #expect(folder.fileNames == ["a"])
    }

    @Test("a full disk is reported, the old file stays and the temporary one goes")
    func diskFull() throws {
        let path = try folder.file("a", "old")
        // Writing goes through the temporary name; /dev/full answers every write with ENOSPC.
        try FileManager.default.createSymbolicLink(atPath: path + ".tmp", withDestinationPath: "/dev/full")
        #expect(throws: FileError.diskFull(path: path, writtenBytes: 0, reason: "No space left on device")) {
            try DurableFile.write([1, 2, 3], to: path)
        }
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "old")
        #expect(folder.fileNames == ["a"])
    }

    @Test("a file that is dropped before its commit leaves nothing")
    func dropped() throws {
        let path = folder.path + "/a"
        do {
            var file = try DurableFile(path: path)
            try file.append([1, 2, 3])
            #expect(folder.fileNames == ["a.tmp"])
        }
        #expect(folder.fileNames == [])
    }

    @Test("two writers of one path at the same time: both succeed and the last one's bytes stay")
    func writers() throws {
        let path = folder.path + "/a"
        var first = try DurableFile(path: path, writer: "one")
        var second = try DurableFile(path: path, writer: "two")
        try first.append([1, 1])
        try second.append([2, 2])
        try first.commit()
        try second.commit()
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data([2, 2]))
        #expect(folder.fileNames == ["a"])
    }

    @Test("an absent folder and a folder as the target are unwritable")
    func unwritable() throws {
        #expect(
            throws: FileError.unwritable(
                path: folder.path + "/no/a", reason: "the folder \(folder.path)/no does not exist")
        ) { try DurableFile.write([1], to: folder.path + "/no/a") }
        #expect(throws: FileError.unwritable(path: folder.path, reason: "it is a folder")) {
            try DurableFile.write([1], to: folder.path)
        }
        let blocked = try folder.file("plain", "x") + "/a"
        #expect(throws: FileError.unwritable(path: blocked, reason: "Not a directory")) {
            try DurableFile.write([1], to: blocked)
        }
    }
}
