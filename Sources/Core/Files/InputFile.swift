package import Glibc

/// A regular file that is open for reading: the one way in which files of users are opened.
///
/// Opening never waits. A FIFO without a writer would hold a process, and with it all ranks of a job, for ever, and a device such as
/// `/dev/zero` has no end; both are refused by their kind.
package struct InputFile: ~Copyable {
    /// Where the file lies.
    package let path: String
    /// Good until the value goes.
    package let descriptor: CInt
    /// What the file was when it was opened.
    package let identity: FileIdentity

    /// - Throws: ``FileError/missing(path:)``, or ``FileError/unreadable(path:reason:)`` if it is no regular file or may not be
    ///   read.
    package init(path: String) throws(FileError) {
        guard !path.utf8.contains(0) else { throw .unreadable(path: path, reason: "its name holds a zero byte") }
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else {
            let code = errno
            if code == ENOENT { throw .missing(path: path) }
            var status = stat()
            let kind = unsafe stat(path, &status) == 0 ? Self.kind(status.st_mode) : nil
            throw .unreadable(path: path, reason: kind ?? systemErrorText(code))
        }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            let code = errno
            close(descriptor)
            throw .unreadable(path: path, reason: systemErrorText(code))
        }
        if let kind = Self.kind(status.st_mode) {
            close(descriptor)
            throw .unreadable(path: path, reason: kind)
        }
        self.path = path
        self.descriptor = descriptor
        identity = FileIdentity(status)
    }

    deinit { close(descriptor) }

    /// The whole content of a file that has no more than `limit` bytes.
    ///
    /// - Throws: what ``init(path:)`` throws, and ``FileError/unreadable(path:reason:)`` for a larger file.
    package static func contents(of path: String, limit: SizeLimit) throws(FileError) -> [UInt8] {
        try InputFile(path: path).contents(limit: limit)
    }

    private consuming func contents(limit: SizeLimit) throws(FileError) -> [UInt8] {
        let count = identity.byteCount
        guard count <= limit.byteCount else {
            throw .unreadable(
                path: path, reason: "it has \(count) bytes, but \(limit.subject) has at most \(limit.byteCount)")
        }
        var failure: String?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, done in
            while done < count, failure == nil {
                let got = unsafe Glibc.read(descriptor, buffer.baseAddress.map { unsafe $0 + done }, count - done)
                if got < 0, errno == EINTR { continue }
                if got < 0 { failure = systemErrorText(errno) }
                if got == 0 { failure = "it became shorter while it was read" }
                done += max(got, 0)
            }
        }
        if let failure { throw .unreadable(path: path, reason: failure) }
        return bytes
    }

    /// What a file is that is no regular one, as in "cannot be read: it is …".
    package static func kind(_ mode: mode_t) -> String? {
        switch mode & S_IFMT {
        case S_IFREG: nil
        case S_IFDIR: "it is a folder"
        case S_IFIFO: "it is a FIFO (a named pipe), expected a file"
        case S_IFSOCK: "it is a socket, expected a file"
        case S_IFCHR, S_IFBLK: "it is a device, expected a file"
        default: "it is not a regular file"
        }
    }
}

/// How large a file may be that is read and kept as a whole. Weights and data are mapped and have no limit.
package struct SizeLimit: Sendable {
    /// What such a file is, with its article.
    let subject: String
    let byteCount: Int

    /// At most `byteCount` bytes.
    package init(subject: String, byteCount: Int) {
        self.subject = subject
        self.byteCount = byteCount
    }

    /// YAML of a run or a comparison.
    package static let configuration = SizeLimit(subject: "a configuration", byteCount: 1 << 20)
    /// A model's or adapter's JSON; the index of the largest published model has some megabytes.
    package static let json = SizeLimit(subject: "a JSON file beside weights", byteCount: 128 << 20)
    /// The largest published tokenizer.json files have some 35 MB.
    package static let tokenizer = SizeLimit(subject: "a tokenizer's file", byteCount: 512 << 20)
    /// A chat template.
    package static let template = SizeLimit(subject: "a chat template", byteCount: 4 << 20)
    /// What this program wrote and checks by other means: metrics, checkpoints.
    package static let none = SizeLimit(subject: "a file", byteCount: .max)
}
