import Glibc

/// Reads ranges of stored tensors from their files, each range once and nothing beside it.
///
/// Reading instead of mapping keeps what is not this process's part out of its memory.
package final class StoredBytes {
    private var descriptors: [String: Int32] = [:]
    /// Bytes read so far.
    package private(set) var byteCount = 0

    /// Nothing read yet.
    package init() {}

    /// Counts bytes that were read elsewhere.
    package func add(byteCount: Int) { self.byteCount += byteCount }

    deinit {
        for descriptor in descriptors.values { close(descriptor) }
    }

    /// Reads `count` stored bytes of `tensor`, beginning at its byte `offset`.
    package func read(
        _ tensor: StoredTensor, from offset: Int, count: Int, into destination: UnsafeMutableRawPointer
    ) throws(FileError) {
        let path = tensor.file.path
        let descriptor = try descriptor(of: tensor.file)
        var done = 0
        while done < count {
            let got = unsafe pread(
                descriptor, destination + done, count - done, off_t(tensor.byteOffset + offset + done))
            if got < 0, errno == EINTR { continue }
            guard got > 0 else {
                let reason =
                    unsafe got < 0 ? String(cString: strerror(errno)) : "the file is shorter than when it was opened"
                throw .unreadable(path: path, reason: reason)
            }
            done += got
        }
        byteCount += count
    }

    private func descriptor(of file: MappedFile) throws(FileError) -> Int32 {
        if let descriptor = descriptors[file.path] { return descriptor }
        let opened = try InputFile(path: file.path)
        try file.requireSame(opened.identity)
        let descriptor = fcntl(opened.descriptor, F_DUPFD_CLOEXEC, 0)
        guard descriptor >= 0 else {
            throw unsafe .unreadable(path: file.path, reason: String(cString: strerror(errno)))
        }
        descriptors[file.path] = descriptor
        return descriptor
    }
}
