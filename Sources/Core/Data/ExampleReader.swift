import Foundation

/// Reads examples from .jsonl, .json (an array, or one object a line) and .txt files.
package enum ExampleReader {
    /// All examples of a file, in its order.
    ///
    /// Blank lines are skipped, a byte order mark is allowed, unknown keys are ignored. A .txt file is one
    /// ``Example/document(_:)``.
    /// - Throws: ``DataError`` that names the file and line for the first thing that is wrong.
    package static func read(path: String) throws(DataError) -> [SourcedExample] {
        try read(contents(of: path), path: path)
    }

    /// The bytes of a file.
    static func contents(of path: String) throws(DataError) -> Data {
        do throws(FileError) {
            return try MappedFile(path: path).data
        } catch .missing {
            throw .unreadable(file: path, reason: "there is no such file")
        } catch .unreadable(_, let reason) {
            throw .unreadable(file: path, reason: reason)
        } catch {
            throw .unreadable(file: path, reason: "\(error)")
        }
    }

    /// As ``read(path:)``, with the file's bytes already at hand.
    static func read(_ data: Data, path: String) throws(DataError) -> [SourcedExample] {
        let result = data.withUnsafeBytes { bytes in
            Result { () throws(DataError) in try read(bytes, path: path) }
        }
        return try result.get()
    }

    private static func read(_ all: UnsafeRawBufferPointer, path: String) throws(DataError) -> [SourcedExample] {
        let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let bytes = UnsafeRawBufferPointer(rebasing: all[(all.starts(with: byteOrderMark) ? 3 : 0)...])
        guard let first = bytes.first(where: { !isWhiteSpace($0) }) else { throw .empty(file: path) }
        var examples: [SourcedExample] = []
        if path.lowercased().hasSuffix(".txt") {
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw .invalidExample(file: path, line: 1, expected: "UTF-8 text", found: "bytes that are not UTF-8")
            }
            examples = [SourcedExample(.document(text), file: path, line: 1)]
        } else if first == UInt8(ascii: "[") {
            try readArray(bytes, path: path, into: &examples)
        } else {
            try readLines(bytes, path: path, into: &examples)
        }
        if examples.isEmpty { throw .empty(file: path) }
        return examples
    }

    private static func readLines(
        _ bytes: UnsafeRawBufferPointer, path: String, into examples: inout [SourcedExample]
    ) throws(DataError) {
        var start = 0
        var line = 1
        while start < bytes.count {
            let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
            let text = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
            if text.contains(where: { !isWhiteSpace($0) }) {
                try append(try parse(text, path: path, firstLine: line), path: path, line: line, to: &examples)
            }
            start = end + 1
            line += 1
        }
    }

    private static func readArray(
        _ bytes: UnsafeRawBufferPointer, path: String, into examples: inout [SourcedExample]
    ) throws(DataError) {
        guard let elements = try parse(bytes, path: path, firstLine: 1).arrayValue else { return }
        let lines = linesOfElements(bytes)
        for (index, element) in elements.enumerated() {
            try append(element, path: path, line: index < lines.count ? lines[index] : 1, to: &examples)
        }
    }

    private static func append(
        _ value: JSONValue, path: String, line: Int, to examples: inout [SourcedExample]
    ) throws(DataError) {
        let example = try ExampleForm.example(from: value, file: path, line: line)
        if let first = examples.first, first.example.form != example.form {
            throw .mixedForms(
                file: path, line: line, form: example.form, firstLine: first.line, firstForm: first.example.form)
        }
        examples.append(SourcedExample(example, file: path, line: line))
    }

    private static func parse(
        _ bytes: UnsafeRawBufferPointer, path: String, firstLine: Int
    ) throws(DataError) -> JSONValue {
        do {
            return try JSONValue.parse(bytes, path: path)
        } catch .invalidJSON(_, let line, let column, let reason) {
            throw .invalidJSON(file: path, line: firstLine + line - 1, column: column, reason: reason)
        } catch {
            throw .unreadable(file: path, reason: "\(error)")
        }
    }

    /// The line on which each element of a valid JSON array begins.
    private static func linesOfElements(_ bytes: UnsafeRawBufferPointer) -> [Int] {
        var lines: [Int] = []
        var line = 1
        var depth = 0
        var isInString = false
        var isEscaped = false
        var expectsElement = false
        for byte in bytes {
            if isInString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
                continue
            }
            if byte == UInt8(ascii: "\n") { line += 1 }
            if isWhiteSpace(byte) { continue }
            if expectsElement, byte != UInt8(ascii: "]") { lines.append(line) }
            expectsElement = false
            switch byte {
            case UInt8(ascii: "\""): isInString = true
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                depth += 1
                expectsElement = depth == 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
            case UInt8(ascii: ","): expectsElement = depth == 1
            default: break
            }
        }
        return lines
    }

    private static func isWhiteSpace(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
            || byte == UInt8(ascii: "\t")
    }
}
