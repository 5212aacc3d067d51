/// GPT-2's printable stand-ins for bytes: each byte is written as one character in a byte-level vocabulary.
///
/// Printable Latin-1 bytes stand for themselves; the other 68 take U+0100, U+0101, … in order, so space is `Ġ`.
/// Source: Radford et al. 2019, *Language Models are Unsupervised Multitask Learners*, released code.
enum ByteAlphabet {
    /// The character of each byte, as a code point.
    static let codePoints: [UInt32] = {
        var next: UInt32 = 0x100
        return (UInt32(0)..<256).map { byte in
            if (0x21...0x7E).contains(byte) || (0xA1...0xAC).contains(byte) || (0xAE...0xFF).contains(byte) {
                return byte
            }
            defer { next += 1 }
            return next
        }
    }()

    private static let byteOfCodePoint: [Int16] = {
        var table = [Int16](repeating: -1, count: 0x144)
        for (byte, codePoint) in codePoints.enumerated() { table[Int(codePoint)] = Int16(byte) }
        return table
    }()

    /// The UTF-8 text of a byte's character.
    static func character(of byte: UInt8) -> [UInt8] {
        let codePoint = codePoints[Int(byte)]
        if codePoint < 0x80 { return [UInt8(codePoint)] }
        return [UInt8(0xC0 | codePoint >> 6), UInt8(0x80 | codePoint & 0x3F)]
    }

    /// The bytes that `token` stands for, or nil if it has a character outside the alphabet.
    static func bytes(of token: ArraySlice<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(token.count)
        for scalar in String(decoding: token, as: UTF8.self).unicodeScalars {
            guard scalar.value < 0x144, byteOfCodePoint[Int(scalar.value)] >= 0 else { return nil }
            bytes.append(UInt8(byteOfCodePoint[Int(scalar.value)]))
        }
        return bytes
    }
}
