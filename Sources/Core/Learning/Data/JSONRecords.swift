import CatenaFiles
import Glibc

/// What takes the records of a data file one after the other.
protocol RecordCollector {
    /// Takes a record that begins at `place`.
    mutating func add(_ value: JSONValue, line place: RecordPlace)

    /// Notes what is wrong with a text that is no record.
    mutating func add(_ fault: DataError)
}

/// Finds the records of a JSON text: one a line, the elements of an array, one object, or the elements of its `data`.
enum JSONRecords {
    /// Gives every record to `collector` with the place at which it begins.
    static func read(
        _ bytes: UnsafeRawBufferPointer, path: String, into collector: inout some RecordCollector
    ) throws(DataError) {
        unsafe try DataContainer.requireJSON(bytes, path: path)
        let start = unsafe bytes.firstIndex { !ExampleReader.isWhiteSpace($0) } ?? 0
        let firstLine = unsafe 1 + bytes[..<start].count { $0 == UInt8(ascii: "\n") }
        if unsafe bytes[start] == UInt8(ascii: "[") {
            unsafe readArray(bytes, at: start, line: firstLine, path: path, into: &collector)
        } else if let document = unsafe wholeObject(bytes, from: start) {
            unsafe readObject(document, bytes, from: start, line: firstLine, path: path, into: &collector)
        } else {
            unsafe readLines(bytes, path: path, into: &collector)
        }
    }

    /// The object that is the whole text; nil where the first line is a record of its own that others follow.
    private static func wholeObject(_ bytes: UnsafeRawBufferPointer, from start: Int) -> JSONValue? {
        let end = unsafe lineEnd(bytes, from: start)
        let isOnlyLine = unsafe !bytes[end...].contains { !ExampleReader.isWhiteSpace($0) }
        let line = unsafe UnsafeRawBufferPointer(rebasing: bytes[start..<end])
        // A value reads `nil` as its null, so an absent value is named.
        let absent = JSONValue?.none
        if let record = unsafe try? JSONValue.parse(line) { return isOnlyLine ? record : absent }
        if isOnlyLine { return absent }
        return unsafe try? JSONValue.parse(UnsafeRawBufferPointer(rebasing: bytes[start...]))
    }

    /// One record, or a list of them in `data` beside things like a version.
    private static func readObject(
        _ document: JSONValue, _ bytes: UnsafeRawBufferPointer, from start: Int, line: Int, path: String,
        into collector: inout some RecordCollector
    ) {
        guard case .object(let members) = document, case .array = document["data"],
            !members.contains(where: { DataKeys.all.contains($0.key) }),
            let data = unsafe JSONParser.offset(ofMember: "data", in: bytes, from: start)
        else { return collector.add(document, line: RecordPlace(line)) }
        let before = unsafe bytes[start..<data].count { $0 == UInt8(ascii: "\n") }
        unsafe readArray(bytes, at: data, line: line + before, path: path, isWholeText: false, into: &collector)
    }

    private static func readLines(
        _ bytes: UnsafeRawBufferPointer, path: String, into collector: inout some RecordCollector
    ) {
        var start = 0
        var line = 1
        while start < bytes.count {
            let end = unsafe lineEnd(bytes, from: start)
            let text = unsafe UnsafeRawBufferPointer(rebasing: bytes[start..<end])
            if unsafe text.contains(where: { !ExampleReader.isWhiteSpace($0) }) {
                do throws(JSONSyntaxError) {
                    unsafe collector.add(try JSONValue.parse(text), line: RecordPlace(line))
                } catch {
                    collector.add(
                        .invalidJSON(file: path, line: line, column: error.byteOffset + 1, reason: error.reason))
                }
            }
            start = end + 1
            line += 1
        }
    }

    /// The elements of the array at `start`; a fault in the syntax ends it.
    private static func readArray(
        _ bytes: UnsafeRawBufferPointer, at start: Int, line: Int, path: String, isWholeText: Bool = true,
        into collector: inout some RecordCollector
    ) {
        var parser = unsafe JSONParser(bytes)
        parser.offset = start
        var (line, counted) = (line, start)
        do throws(JSONSyntaxError) {
            var (number, lastLine) = (0, 0)
            while try parser.moveToElement(isFirst: number == 0) {
                number += 1
                unsafe line += bytes[counted..<parser.offset].count { $0 == UInt8(ascii: "\n") }
                counted = parser.offset
                let place = RecordPlace(line, record: line == lastLine ? number : nil)
                lastLine = line
                collector.add(try parser.parseValue(), line: place)
            }
            if isWholeText { try parser.requireEnd() }
        } catch {
            unsafe line += bytes[counted..<max(counted, error.byteOffset)].count { $0 == UInt8(ascii: "\n") }
            let lineStart = unsafe bytes[..<error.byteOffset].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
            collector.add(
                .invalidJSON(file: path, line: line, column: error.byteOffset - lineStart + 1, reason: error.reason))
        }
    }

    private static func lineEnd(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        guard let base = bytes.baseAddress, start < bytes.count,
            let found = unsafe memchr(base + start, CInt(UInt8(ascii: "\n")), bytes.count - start)
        else { return bytes.count }
        return unsafe UnsafeRawPointer(found) - base
    }
}

extension JSONParser {
    /// From the `[` of an array to its first element, or from behind an element to the next; false behind the `]`.
    mutating func moveToElement(isFirst: Bool) throws(JSONSyntaxError) -> Bool {
        if isFirst { offset += 1 }
        skipWhiteSpace()
        if consume("]") { return false }
        if !isFirst {
            guard consume(",") else { throw failure("expected \",\" or \"]\", found \(shown())") }
            skipWhiteSpace()
        }
        return true
    }

    /// Nothing but white space may follow.
    mutating func requireEnd() throws(JSONSyntaxError) {
        skipWhiteSpace()
        if unsafe offset < bytes.count { throw failure("unexpected \(shown()) after the value") }
    }

    /// Where the value of a member of the object at `start` begins; nil if the object lacks it.
    static func offset(ofMember name: String, in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
        var parser = unsafe JSONParser(bytes)
        parser.offset = start
        do throws(JSONSyntaxError) {
            guard parser.consume("{") else { return nil }
            parser.skipWhiteSpace()
            while !parser.consume("}") {
                let key = try parser.parseKey()
                if key == name { return parser.offset }
                _ = try parser.parseValue()
                parser.skipWhiteSpace()
                _ = parser.consume(",")
                parser.skipWhiteSpace()
            }
        } catch {
            return nil
        }
        return nil
    }
}
