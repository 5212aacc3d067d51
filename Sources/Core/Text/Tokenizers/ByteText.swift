/// Text operations on UTF-8 bytes that several stages share.
enum ByteText {
    /// Replaces each occurrence of `pattern`, left to right without overlap.
    static func replacing(_ pattern: [UInt8], with replacement: [UInt8], in bytes: [UInt8]) -> [UInt8] {
        guard let lead = pattern.first else { return bytes }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count + bytes.count / 2)
        var position = 0
        while position < bytes.count {
            if bytes[position] == lead, bytes[position...].starts(with: pattern) {
                result.append(contentsOf: replacement)
                position += pattern.count
            } else {
                result.append(bytes[position])
                position += 1
            }
        }
        return result
    }

    /// Maps each code point to any number of code points.
    static func mappingScalars(
        _ bytes: [UInt8], _ transform: (Unicode.Scalar, inout String.UnicodeScalarView) -> Void
    ) -> [UInt8] {
        var result = String.UnicodeScalarView()
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars { transform(scalar, &result) }
        return Array(String(result).utf8)
    }
}
