import CatenaCore
import Foundation
import Glibc

/// Memory that the processes of one machine share. It has no name once all of them have it, and is gone with the last.
final class SharedMemory {
    /// The bytes, the same on all processes of the machine.
    let bytes: UnsafeMutableRawBufferPointer
    private let name: String
    private var isLinked: Bool

    /// Makes it; the machine's other processes open it by `name`.
    ///
    /// - Throws: ``PlacementError/noSharedMemory(byteCount:reason:)``.
    init(creating name: String, byteCount: Int) throws(PlacementError) {
        let descriptor = shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0o600)
        guard descriptor >= 0 else { throw Self.error(byteCount, errno) }
        // Reserves it now: without space the first touch would end the process.
        let code = posix_fallocate(descriptor, 0, off_t(byteCount))
        guard code == 0 else {
            close(descriptor)
            shm_unlink(name)
            throw Self.error(byteCount, code)
        }
        do {
            bytes = try Self.map(descriptor, byteCount)
        } catch {
            shm_unlink(name)
            throw error
        }
        (self.name, isLinked) = (name, true)
    }

    /// Opens what another process made.
    ///
    /// - Throws: ``PlacementError/noSharedMemory(byteCount:reason:)``.
    init(opening name: String, byteCount: Int) throws(PlacementError) {
        let descriptor = shm_open(name, O_RDWR, 0)
        guard descriptor >= 0 else { throw Self.error(byteCount, errno) }
        bytes = try Self.map(descriptor, byteCount)
        (self.name, isLinked) = (name, false)
    }

    deinit {
        unlink()
        munmap(bytes.baseAddress, bytes.count)
    }

    /// Takes the name away; called when all processes have opened it.
    func unlink() {
        guard isLinked else { return }
        isLinked = false
        shm_unlink(name)
    }

    private static func map(
        _ descriptor: Int32, _ byteCount: Int
    ) throws(PlacementError) -> UnsafeMutableRawBufferPointer {
        defer { close(descriptor) }
        let address = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        guard let address, address != MAP_FAILED else { throw error(byteCount, errno) }
        return UnsafeMutableRawBufferPointer(start: address, count: byteCount)
    }

    private static func error(_ byteCount: Int, _ code: Int32) -> PlacementError {
        .noSharedMemory(byteCount: byteCount, reason: String(cString: strerror(code)))
    }
}
