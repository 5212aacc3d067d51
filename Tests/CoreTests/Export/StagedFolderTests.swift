import CatenaAdapters
import CatenaFiles
import Foundation
import Testing

@Suite("Staged folders")
struct StagedFolderTests {
    private struct Stop: Error {}

    private func names(_ path: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
    }

    @Test("files appear on commit, beside files that were there")
    func commit() throws {
        let folder = try TinyFolder()
        for round in 0..<2 {
            let staged = try StagedFolder(path: folder.path + "/out")
            try DurableFile.write([1, 2], to: staged.stagingPath + "/file\(round)")
            #expect(names(folder.path + "/out").count == round)
            try staged.commit()
        }
        #expect(names(folder.path + "/out") == ["file0", "file1"])
        #expect(names(folder.path) == ["out"])
    }

    @Test("files of a folder inside come to those that the folder of its name holds")
    func folders() throws {
        let folder = try TinyFolder()
        for round in 0..<2 {
            let staged = try StagedFolder(path: folder.path + "/out")
            try DurableFolder.create(staged.stagingPath + "/inner")
            for name in ["same", "file\(round)"] {
                try DurableFile.write([UInt8(round)], to: staged.stagingPath + "/inner/" + name)
            }
            try staged.commit()
        }
        #expect(names(folder.path + "/out/inner") == ["file0", "file1", "same"])
        #expect(try Data(contentsOf: URL(fileURLWithPath: folder.path + "/out/inner/same")) == Data([1]))
        #expect(names(folder.path) == ["out"])
    }

    @Test("nothing is left without a commit")
    func dropped() throws {
        let folder = try TinyFolder()
        #expect(throws: Stop.self) {
            let staged = try StagedFolder(path: folder.path + "/out")
            try DurableFile.write([1], to: staged.stagingPath + "/file")
            throw Stop()
        }
        #expect(names(folder.path).isEmpty)
    }

    @Test("a file in the way is refused")
    func file() throws {
        let folder = try TinyFolder()
        let path = try folder.write("out", "text")
        #expect(
            throws: FileError.unwritable(path: path, reason: "it is a file, expected a folder or a name that is free")
        ) {
            _ = try StagedFolder(path: path)
        }
        #expect(names(folder.path) == ["out"])
    }

    @Test("what a killed process left goes the next time, and a link is not written through")
    func leftoversAndLinks() throws {
        let folder = try TinyFolder()
        let manager = FileManager.default
        try manager.createDirectory(
            atPath: folder.path + "/.out.0123456789abcdef.partial", withIntermediateDirectories: false)
        try manager.createDirectory(atPath: folder.path + "/elsewhere", withIntermediateDirectories: false)
        try manager.createSymbolicLink(atPath: folder.path + "/.out.partial", withDestinationPath: "elsewhere")
        let staged = try StagedFolder(path: folder.path + "/out/")
        try DurableFile.write([1], to: staged.stagingPath + "/file")
        try staged.commit()
        #expect(names(folder.path) == [".out.partial", "elsewhere", "out"])
        #expect(names(folder.path + "/elsewhere").isEmpty)
        try manager.createSymbolicLink(atPath: folder.path + "/link", withDestinationPath: "elsewhere")
        #expect(throws: FileError.self) { _ = try StagedFolder(path: folder.path + "/link") }
    }
}
