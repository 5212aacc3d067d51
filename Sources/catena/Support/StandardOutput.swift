import Glibc

/// Writing to standard output, unbuffered: every call writes all it was given.
enum StandardOutput {
    static func write(_ text: String) { write(Array(text.utf8)) }

    /// Ends the process quietly when the reader has gone away, and with an error when the disk is full.
    static func write(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count {
                let count = Glibc.write(STDOUT_FILENO, buffer.baseAddress.map { $0 + done }, buffer.count - done)
                if count > 0 {
                    done += count
                } else if errno == EPIPE {
                    exit(0)
                } else if errno != EINTR {
                    StandardError.write(
                        "catena: error: standard output cannot be written: \(String(cString: strerror(errno))).\n")
                    exit(Failure.failed)
                }
            }
        }
    }
}

/// Writing to standard error, where messages and progress go.
enum StandardError {
    static func write(_ text: String) {
        let bytes = Array(text.utf8)
        _ = Glibc.write(STDERR_FILENO, bytes, bytes.count)
    }
}
