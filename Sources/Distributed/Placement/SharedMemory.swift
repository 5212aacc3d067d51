import CatenaFiles
import Foundation
import Glibc

/// Memory that the processes of one machine share. It has no name once all of them have it, and is gone with the last.
@safe package final class SharedMemory {
    /// The bytes, the same on all processes of the machine.
    let bytes: UnsafeMutableRawBufferPointer
    /// Under which the machine's other processes open it.
    let name: String
    /// Open, with a lock, while the name is there; -1 otherwise.
    private var descriptor: CInt

    private static let prefix = "catena-"
    private static let folder = "/dev/shm"

    /// Makes it, and removes first what killed processes of this user left.
    ///
    /// - Throws: ``PlacementError/noSharedMemory(byteCount:reason:)``.
    init(creating byteCount: Int) throws(PlacementError) {
        Self.removeAbandoned()
        let name = "/\(Self.prefix)\(getuid())-\(UInt64.random(in: .min ... .max))"
        let descriptor = unsafe shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0o600)
        guard descriptor >= 0 else { throw Self.error(byteCount, errno) }
        // Says that this one is in use, see `removeAbandoned`. Another process may have taken it for abandoned just before.
        guard FileLock.take(descriptor) != .heldByOther, FileLock.isNamed(Self.folder + name, descriptor) else {
            close(descriptor)
            throw Self.error(byteCount, EAGAIN)
        }
        do throws(PlacementError) {
            // Reserves it now: without space the first touch would end the process.
            let code = posix_fallocate(descriptor, 0, off_t(byteCount))
            guard code == 0 else { throw Self.error(byteCount, code) }
            unsafe bytes = try Self.map(descriptor, byteCount)
        } catch {
            unsafe shm_unlink(name)
            close(descriptor)
            throw error
        }
        (self.name, self.descriptor) = (name, descriptor)
    }

    /// Removes the memory of this user's processes that were killed between making it and taking its name away. A living one
    /// holds a lock on it until then.
    ///
    /// - Returns: the bytes that are free again.
    @discardableResult
    package static func removeAbandoned() -> Int {
        var byteCount = 0
        for file in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] where file.hasPrefix(prefix) {
            let path = folder + "/" + file
            let descriptor = unsafe open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
            guard descriptor >= 0 else { continue }
            defer { close(descriptor) }
            var status = stat()
            guard unsafe fstat(descriptor, &status) == 0, status.st_uid == getuid(), status.st_mode & S_IFMT == S_IFREG,
                FileLock.take(descriptor) == .taken, unsafe Glibc.unlink(path) == 0
            else { continue }
            byteCount += Int(status.st_blocks) * 512
        }
        return byteCount
    }

    /// Opens what another process made.
    ///
    /// - Throws: ``PlacementError/noSharedMemory(byteCount:reason:)``.
    init(opening name: String, byteCount: Int) throws(PlacementError) {
        let descriptor = unsafe shm_open(name, O_RDWR, 0)
        guard descriptor >= 0 else { throw Self.error(byteCount, errno) }
        defer { close(descriptor) }
        unsafe bytes = try Self.map(descriptor, byteCount)
        (self.name, self.descriptor) = (name, -1)
    }

    deinit {
        unlink()
        unsafe munmap(bytes.baseAddress, bytes.count)
    }

    /// Takes the name away; called when all processes have opened it.
    func unlink() {
        guard descriptor >= 0 else { return }
        unsafe shm_unlink(name)
        close(descriptor)
        descriptor = -1
    }

    private static func map(
        _ descriptor: Int32, _ byteCount: Int
    ) throws(PlacementError) -> UnsafeMutableRawBufferPointer {
        let address = unsafe mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        guard let address = unsafe address, unsafe address != MAP_FAILED else { throw error(byteCount, errno) }
        return unsafe UnsafeMutableRawBufferPointer(start: address, count: byteCount)
    }

    private static func error(_ byteCount: Int, _ code: Int32) -> PlacementError {
        unsafe .noSharedMemory(byteCount: byteCount, reason: String(cString: strerror(code)))
    }
}
