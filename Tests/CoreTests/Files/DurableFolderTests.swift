import CatenaFiles
import Foundation
import Testing

@Suite("Durable folders") struct DurableFolderTests {
    private let folder: FilesScratchFolder

    init() throws { folder = try FilesScratchFolder() }

    @Test(
        "all folders of a path are made, and one that is there stays",
        arguments: ["a", "a/b/c", "a//b/", "./a", "a/../b"])
    func create(_ name: String) throws {
        try FileManager.default.createDirectory(atPath: folder.path + "/a", withIntermediateDirectories: true)
        let path = folder.path + "/" + name
        try DurableFolder.requireCreatable(path)
        try DurableFolder.create(path)
        try DurableFolder.create(path)
        #expect(DurableFolder.isFolder(path))
    }

    @Test(
        "a way up out of a folder that is missing is refused, and does not go on for ever",
        arguments: [
            "/catena-missing/../catena-made", "/catena-missing/../../catena-made", "catena-missing/../catena-made",
            "catena-missing/./catena-made",
        ])
    func up(_ path: String) throws {
        let checked = fileError { try DurableFolder.requireCreatable(path) }
        #expect(checked?.description.contains("catena-missing") == true)
        let made = fileError { try DurableFolder.create(path) }
        #expect(made?.description.contains("catena-missing") == true)
        #expect(!FileManager.default.fileExists(atPath: "/catena-made"))
        #expect(!FileManager.default.fileExists(atPath: "catena-made"))
    }

    @Test("a file, a link to nothing and a name without characters are no place for a folder")
    func obstacles() throws {
        let file = try folder.file("file", "x")
        let link = folder.path + "/link"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: folder.path + "/nothing")
        for path in [file, file + "/a", link, link + "/a", ""] {
            #expect(fileError { try DurableFolder.requireCreatable(path) } != nil)
            #expect(fileError { try DurableFolder.create(path) } != nil)
        }
        #expect(folder.fileNames == ["file", "link"])
    }

    @Test("a folder may be reached through a link, but no name in it may be one")
    func links() throws {
        try FileManager.default.createDirectory(atPath: folder.path + "/real", withIntermediateDirectories: true)
        let link = folder.path + "/link"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "real")
        try DurableFolder.create(link + "/run")
        try DurableFolder.requireNoLinks(["run", "absent"], in: link)
        try FileManager.default.createSymbolicLink(atPath: link + "/config.yaml", withDestinationPath: "/etc/hostname")
        let error = fileError { try DurableFolder.requireNoLinks(["run", "config.yaml"], in: link) }
        #expect(error?.description.contains("config.yaml cannot be written: it is a link") == true)
    }
}
