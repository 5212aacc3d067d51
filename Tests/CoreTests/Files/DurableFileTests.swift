import CatenaFiles
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

    @Test("a file that is dropped before its commit leaves nothing")
    func dropped() throws {
        let path = folder.path + "/a"
        do {
            var file = try DurableFile(path: path)
            try file.append([1, 2, 3])
            #expect(folder.fileNames.count == 1)
            #expect(folder.fileNames.allSatisfy { $0.hasPrefix("a.") && $0.hasSuffix(".tmp") && $0.count == 22 })
        }
        #expect(folder.fileNames == [])
    }

    @Test("two writers of one path at the same time: both succeed and the last one's bytes stay")
    func writers() throws {
        let path = folder.path + "/a"
        var first = try DurableFile(path: path)
        var second = try DurableFile(path: path)
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

    @Test("what a killed process left goes at the next write, what a living one writes stays")
    func abandoned() throws {
        let path = folder.path + "/a"
        _ = try folder.file("a.0123456789abcdef.tmp", "left")
        _ = try folder.file("a.0123456789ABCDEF.tmp", "another name")
        _ = try folder.file("b.0123456789abcdef.tmp", "of another file")
        var living = try DurableFile(path: path)
        try living.append([1])
        try DurableFile.write([2], to: path)
        try living.commit()
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data([1]))
        #expect(folder.fileNames == ["a", "a.0123456789ABCDEF.tmp", "b.0123456789abcdef.tmp"])
    }

    @Test("a link in the place of the file is refused, and one with a temporary name is not followed")
    func links() throws {
        let victim = try folder.file("victim", "precious")
        let path = folder.path + "/a"
        try FileManager.default.createSymbolicLink(atPath: path + ".tmp", withDestinationPath: victim)
        try DurableFile.write([1], to: path)
        #expect(try String(contentsOfFile: victim, encoding: .utf8) == "precious")
        let link = folder.path + "/link"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: victim)
        #expect(fileError { try DurableFile.write([1], to: link) }?.description.contains("it is a link") == true)
        #expect(try String(contentsOfFile: victim, encoding: .utf8) == "precious")
    }

    @Test("a named pipe and a device are refused at once")
    func specialFiles() throws {
        let pipe = folder.path + "/pipe"
        try #require(mkfifo(pipe, 0o600) == 0)
        #expect(fileError { try DurableFile.write([1], to: pipe) }?.description.contains("a named pipe") == true)
        #expect(fileError { try DurableFile.write([1], to: "/dev/null") }?.description.contains("a device") == true)
        #expect(folder.fileNames == ["pipe"])
    }
}
