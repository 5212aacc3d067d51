import Glibc

extension JSONParser {
    mutating func parseString() throws(JSONSyntaxError) -> String {
        let start = offset + 1
        var end = start
        var hasEscapes = false
        while unsafe end < bytes.count {
            let byte = unsafe bytes[end]
            if byte == UInt8(ascii: "\"") { break }
            if byte < 0x20 {
                offset = end
                throw failure("a control character in a string must be escaped")
            }
            if byte == UInt8(ascii: "\\") {
                hasEscapes = true
                end += 1
            }
            end += 1
        }
        offset = end
        guard unsafe offset < bytes.count else { throw failure("a string is not closed") }
        let raw = unsafe UnsafeRawBufferPointer(rebasing: bytes[start..<offset])
        offset += 1
        let text =
            unsafe hasEscapes
            ? try unescaped(raw, at: start).withUnsafeBytes { unsafe Self.text($0) }
            : unsafe Self.text(raw)
        guard let text else {
            throw JSONSyntaxError(byteOffset: start, reason: "a string is not valid UTF-8")
        }
        return text
    }

    /// The text of UTF-8; nil if it is none, which decoding would mend to other bytes.
    private static func text(_ bytes: UnsafeRawBufferPointer) -> String? {
        let text = unsafe String(decoding: bytes, as: UTF8.self)
        let isExact = unsafe text.utf8.withContiguousStorageIfAvailable { utf8 in
            guard utf8.count == bytes.count else { return false }
            guard let utf8 = utf8.baseAddress, let bytes = bytes.baseAddress else { return true }
            return unsafe memcmp(utf8, bytes, text.utf8.count) == 0
        }
        return unsafe isExact ?? text.utf8.elementsEqual(bytes) ? text : nil
    }

    private func unescaped(
        _ raw: UnsafeRawBufferPointer, at start: Int
    ) throws(JSONSyntaxError) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(raw.count)
        var i = 0
        while i < raw.count {
            let run = unsafe raw[i...].firstIndex(of: UInt8(ascii: "\\")) ?? raw.count
            if run > i {
                unsafe result.append(contentsOf: UnsafeRawBufferPointer(rebasing: raw[i..<run]))
                i = run
                continue
            }
            let escape = unsafe raw[i + 1]
            i += 2
            switch escape {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): result.append(escape)
            case UInt8(ascii: "b"): result.append(0x08)
            case UInt8(ascii: "f"): result.append(0x0C)
            case UInt8(ascii: "n"): result.append(0x0A)
            case UInt8(ascii: "r"): result.append(0x0D)
            case UInt8(ascii: "t"): result.append(0x09)
            case UInt8(ascii: "u"):
                let scalar = unsafe try unicodeEscape(raw, &i, at: start)
                result.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            default:
                throw JSONSyntaxError(byteOffset: start + i - 2, reason: "unknown escape in a string")
            }
        }
        return result
    }

    /// The scalar of the four hexadecimal digits at `i`, or of a surrogate pair, whose second half is the next escape.
    private func unicodeEscape(
        _ raw: UnsafeRawBufferPointer, _ i: inout Int, at start: Int
    ) throws(JSONSyntaxError) -> Unicode.Scalar {
        func failure(_ reason: String) -> JSONSyntaxError {
            JSONSyntaxError(byteOffset: start + i - 2, reason: "a \\u escape \(reason)")
        }
        guard var value = unsafe hexadecimal(raw, i) else { throw failure("has no four hexadecimal digits") }
        var length = 4
        if 0xD800..<0xDC00 ~= value, i + 5 < raw.count, unsafe raw[i + 4] == UInt8(ascii: "\\"),
            unsafe raw[i + 5] == UInt8(ascii: "u"),
            let low = unsafe hexadecimal(raw, i + 6), 0xDC00..<0xE000 ~= low
        {
            value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
            length = 10
        }
        guard let scalar = Unicode.Scalar(value) else { throw failure("is half of a surrogate pair") }
        i += length
        return scalar
    }

    private func hexadecimal(_ raw: UnsafeRawBufferPointer, _ start: Int) -> UInt32? {
        guard start + 4 <= raw.count else { return nil }
        var value: UInt32 = 0
        for offset in start..<start + 4 {
            let byte = unsafe raw[offset]
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: return nil
            }
            value = value << 4 | UInt32(digit)
        }
        return value
    }
}
