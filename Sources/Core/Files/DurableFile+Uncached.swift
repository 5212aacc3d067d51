import Glibc

extension DurableFile {
    /// Appends the whole blocks of large contents past the page cache, which would cost a copy into fresh pages while the cores
    /// are wanted for computing; for a file that is still empty.
    ///
    /// - Returns: how many of the bytes that were. Where the file system cannot do it, or an error comes up, the caller goes on
    ///   from there in the usual way.
    mutating func appendUncached(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard writtenBytes == 0, bytes.count >= Self.piece, fcntl(descriptor, F_SETFL, Self.directFlag) == 0 else {
            return 0
        }
        defer { _ = fcntl(descriptor, F_SETFL, 0) }
        var buffer: UnsafeMutableRawPointer?
        guard unsafe posix_memalign(&buffer, Self.blockSize, Self.piece) == 0, let buffer = unsafe buffer else {
            return 0
        }
        defer { unsafe free(buffer) }
        while true {
            let size = min(Self.piece, (bytes.count - writtenBytes) / Self.blockSize * Self.blockSize)
            guard size > 0 else { return writtenBytes }
            if let first = bytes.baseAddress { unsafe buffer.copyMemory(from: first + writtenBytes, byteCount: size) }
            let count = unsafe Glibc.write(descriptor, buffer, size)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return writtenBytes }
            writtenBytes += count
            guard count % Self.blockSize == 0 else { return writtenBytes }
        }
    }

    /// What memory, place and length of uncached writes are multiples of on every common disk.
    private static let blockSize = 4096
    private static let piece = 1 << 20
    /// Linux's `O_DIRECT`, which its headers hide from Swift.
    #if arch(arm64)
        private static let directFlag: CInt = 0o200000
    #else
        private static let directFlag: CInt = 0o40000
    #endif
}
