import CatenaFiles
package import CatenaModels
import Foundation

/// Reads examples from JSON Lines, a JSON array, one JSON object, `{"data": [...]}`, and .txt files.
package enum ExampleReader {
    /// All examples of a file, in its order.
    ///
    /// Blank lines are skipped, a byte order mark and CRLF are allowed. A .txt file is one ``Example/document(_:)``.
    /// - Parameters:
    ///   - columns: which column of the file stands for which key of a form.
    ///   - task: what the examples are for, which decides about the forms.
    /// - Throws: ``DataError`` that names the file and the lines that are wrong.
    package static func read(
        path: String, columns: [RunConfiguration.DataSection.Column] = [], task: Task = .languageModel
    ) throws(DataError) -> ExampleFile {
        if let images = try images(at: path, task: task) { return images }
        return try read(contents(of: path), path: path, columns: columns, task: task)
    }

    /// The images at `path`, where it is no text; nil for other files.
    ///
    /// - Throws: ``DataError``, also where the task has no use for images.
    static func images(at path: String, task: Task) throws(DataError) -> ExampleFile? {
        // What reads texts says that it is a folder.
        if task != .classification, ImageFiles.isFolder(path) { return nil }
        guard let images = try ImageFiles.read(path: path) else { return nil }
        guard task == .classification else {
            throw .notImages(file: path, expected: "texts (task: \(task.rawValue))", found: "images")
        }
        return images
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

    /// As ``read(path:columns:task:)``, with the file's bytes already at hand.
    static func read(
        _ data: Data, path: String, columns: [RunConfiguration.DataSection.Column], task: Task
    ) throws(DataError) -> ExampleFile {
        let result = unsafe data.withUnsafeBytes { bytes in
            Result { () throws(DataError) in unsafe try read(bytes, path: path, columns: columns, task: task) }
        }
        return try result.get()
    }

    private static func read(
        _ all: UnsafeRawBufferPointer, path: String, columns: [RunConfiguration.DataSection.Column], task: Task
    ) throws(DataError) -> ExampleFile {
        let bytes = unsafe try text(all, path: path)
        if path.lowercased().hasSuffix(".txt") {
            guard task == .languageModel else {
                throw .invalidExample(
                    file: path, line: 1, expected: "records of the task \(task.rawValue), in .jsonl or .json",
                    found: "a plain text")
            }
            guard let text = unsafe String(validating: bytes, as: UTF8.self) else {
                throw .invalidExample(file: path, line: 1, expected: "UTF-8 text", found: "bytes that are not UTF-8")
            }
            return ExampleFile(
                path: path, examples: [SourcedExample(.document(text), file: path, line: 1)], ignoredKeys: IgnoredKeys()
            )
        }
        var collector = ExampleCollector(path: path, columns: columns, task: task)
        unsafe try JSONRecords.read(bytes, path: path, into: &collector)
        return try collector.file()
    }

    /// The bytes of a file's text without a byte order mark.
    ///
    /// - Throws: ``DataError`` for another container than text, and for blanks alone.
    static func text(_ all: UnsafeRawBufferPointer, path: String) throws(DataError) -> UnsafeRawBufferPointer {
        unsafe try DataContainer.requireText(all, path: path)
        let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let bytes = unsafe UnsafeRawBufferPointer(rebasing: all[(all.starts(with: byteOrderMark) ? 3 : 0)...])
        guard unsafe bytes.contains(where: { !isWhiteSpace($0) }) else { throw .empty(file: path) }
        return unsafe bytes
    }

    static func isWhiteSpace(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
            || byte == UInt8(ascii: "\t")
    }
}
