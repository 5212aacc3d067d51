import CatenaDistributed
import CatenaFiles
import Foundation
import Testing

@Suite("Locks on output folders") struct FolderLockTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test("a second job is refused with the folder and the holder, until the first has ended")
    func second() throws {
        var first: FolderLock? = FolderLock(folder: folder.path)
        try first?.takeIfPresent()
        #expect(first?.isHeld == true && first?.note == nil)
        #expect(try folder.names() == [FolderLock.fileName])
        let error = #expect(throws: TrainingError.self) { try FolderLock(folder: folder.path).take() }
        #expect(error?.isUsageError == false)
        let text = error?.description ?? ""
        #expect(
            text.contains(folder.path) && text.contains("process \(getpid()) on \(ProcessInfo.processInfo.hostName)"))
        first = nil
        #expect(try folder.names() == [])
        try FolderLock(folder: folder.path).take()
    }

    @Test("the file of a killed job is no obstacle")
    func leftover() throws {
        try Data("process 1 on elsewhere\n".utf8).write(
            to: URL(fileURLWithPath: folder.path + "/" + FolderLock.fileName))
        let lock = FolderLock(folder: folder.path)
        try lock.take()
        #expect(lock.isHeld)
    }

    @Test("a folder that is not there is not made")
    func absent() throws {
        let lock = FolderLock(folder: folder.path + "/run")
        try lock.takeIfPresent()
        #expect(!lock.isHeld)
        #expect(try folder.names() == [])
    }

    @Test("a link in the place of the file is not followed")
    func link() throws {
        let path = folder.path + "/" + FolderLock.fileName
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: folder.path + "/victim")
        #expect(throws: FileError.self) { try FolderLock(folder: folder.path).take() }
        #expect(try folder.names() == [FolderLock.fileName])
    }
}
