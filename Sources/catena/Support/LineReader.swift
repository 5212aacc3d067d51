import CatenaLearning
import CatenaFiles
import Glibc

/// Reads the lines of a file or of standard input in batches, each as soon as its bytes are there.
struct LineReader: ~Copyable {
    private let path: String
    private let descriptor: Int32
    private var pending: [UInt8] = []
    private var lineNumber = 0
    private var isAtEnd = false

    /// - Parameter path: `-` is standard input.
    init(path: String) throws(FileError) {
        self.path = path == "-" ? "standard input" : path
        descriptor = path == "-" ? STDIN_FILENO : try Self.descriptor(path)
    }

    private static func descriptor(_ path: String) throws(FileError) -> Int32 {
        let file = try InputFile(path: path)
        let descriptor = fcntl(file.descriptor, F_DUPFD_CLOEXEC, 0)
        guard descriptor >= 0 else { throw unsafe .unreadable(path: path, reason: String(cString: strerror(errno))) }
        return descriptor
    }

    deinit {
        if descriptor != STDIN_FILENO { close(descriptor) }
    }

    /// Some whole lines without their line feeds; nil at the end.
    mutating func next() throws -> [String]? {
        while !isAtEnd {
            let searchFrom = pending.count
            try fill()
            guard let last = isAtEnd ? pending.indices.last : pending[searchFrom...].lastIndex(of: UInt8(ascii: "\n"))
            else { continue }
            let lines = try split(pending[...last])
            pending.removeFirst(last + 1)
            return lines
        }
        return nil
    }

    private mutating func fill() throws(FileError) {
        let size = 1 << 18
        var chunk = [UInt8](repeating: 0, count: size)
        var count = unsafe read(descriptor, &chunk, size)
        while count < 0, errno == EINTR { count = unsafe read(descriptor, &chunk, size) }
        guard count >= 0 else { throw unsafe .unreadable(path: path, reason: String(cString: strerror(errno))) }
        isAtEnd = count == 0
        pending += chunk[..<count]
    }

    private mutating func split(_ bytes: ArraySlice<UInt8>) throws -> [String] {
        var lines: [String] = []
        var start = bytes.startIndex
        while start < bytes.endIndex {
            let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.endIndex
            lineNumber += 1
            guard let line = String(validating: bytes[start..<end], as: UTF8.self) else {
                throw DataError.invalidExample(
                    file: path, line: RecordPlace(lineNumber), expected: "UTF-8 text", found: "bytes that are not UTF-8"
                )
            }
            lines.append(line)
            start = end + 1
        }
        return lines
    }
}
