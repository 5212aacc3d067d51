import CatenaReporting
import Glibc

/// Writing to standard output, unbuffered: every call writes all it was given.
enum StandardOutput {
    /// Lines of text; control characters in names that others chose are shown and not sent.
    static func write(_ text: String) { write(Array(PrintableText.escaped(text).utf8)) }

    /// Text that is JSON.
    static func write(json text: String) { write(Array(PrintableText.escaped(json: text).utf8)) }

    /// JSON or lines of text.
    static func write(_ text: String, asJSON: Bool) { if asJSON { write(json: text) } else { write(text) } }

    /// Text that is the result itself, to the byte.
    static func write(verbatim text: String) { write(Array(text.utf8)) }

    /// Ends the process quietly when the reader has gone away, and with an error when the disk is full.
    static func write(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { buffer in
            var done = 0
            while done < buffer.count {
                let count = unsafe Glibc.write(
                    STDOUT_FILENO, buffer.baseAddress.map { unsafe $0 + done }, buffer.count - done)
                if count > 0 {
                    done += count
                } else if errno == EPIPE {
                    exit(0)
                } else if errno != EINTR {
                    StandardError.write(
                        unsafe "catena: error: standard output cannot be written: \(String(cString: strerror(errno))).\n"
                    )
                    exit(Failure.failed)
                }
            }
        }
    }
}

/// Writing to standard error, where messages and progress go.
enum StandardError {
    /// Lines of text; control characters in names that others chose are shown and not sent.
    static func write(_ text: String) { write(verbatim: PrintableText.escaped(text)) }

    /// Text with control codes of our own.
    static func write(verbatim text: String) {
        let bytes = Array(text.utf8)
        _ = unsafe Glibc.write(STDERR_FILENO, bytes, bytes.count)
    }
}
