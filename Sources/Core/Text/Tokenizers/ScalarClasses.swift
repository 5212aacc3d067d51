/// The classes of code points that pre-tokenisation patterns distinguish: `\p{L}`, `\p{N}`, `\s`, line ends, the rest.
///
/// A two-stage table (pages of 256) made once from Swift's Unicode data; 20 KB.
struct ScalarClasses: Sendable {
    static let other: UInt8 = 0
    static let letter: UInt8 = 1
    static let number: UInt8 = 2
    /// White space except carriage return and line feed.
    static let space: UInt8 = 3
    /// Carriage return and line feed, which are white space as well.
    static let lineEnd: UInt8 = 4

    static let shared = ScalarClasses()

    private let pageOf: [UInt8]
    private let pages: [UInt8]

    private init() {
        var pageOf = [UInt8](repeating: 0, count: 0x110000 >> 8)
        var pages: [[UInt8]] = [[UInt8](repeating: Self.other, count: 256)]
        // Planes 4 to 13 are unassigned; planes 14 to 16 hold neither letters, numbers nor spaces.
        for page in 0..<(0x40000 >> 8) {
            let classes = (0..<256).map { Self.classify(UInt32(page << 8 + $0)) }
            if let known = pages.firstIndex(of: classes) {
                pageOf[page] = UInt8(known)
            } else {
                pageOf[page] = UInt8(pages.count)
                pages.append(classes)
            }
        }
        self.pageOf = pageOf
        self.pages = pages.flatMap { $0 }
    }

    /// The class of the character that starts at `position`, and its length in bytes. `bytes` must be valid UTF-8.
    @inline(__always)
    func at(_ position: Int, in bytes: [UInt8]) -> (kind: UInt8, length: Int) {
        let lead = bytes[position]
        if lead < 0x80 { return (pages[Int(pageOf[0]) << 8 + Int(lead)], 1) }
        return multibyte(at: position, in: bytes)
    }

    /// The class of the character that ends just before `position`, and its length in bytes.
    func before(_ position: Int, in bytes: [UInt8]) -> (kind: UInt8, length: Int) {
        var start = position - 1
        while start > 0, bytes[start] & 0xC0 == 0x80 { start -= 1 }
        return at(start, in: bytes)
    }

    private func multibyte(at position: Int, in bytes: [UInt8]) -> (kind: UInt8, length: Int) {
        let (codePoint, length) = Self.scalar(at: position, in: bytes)
        return (pages[Int(pageOf[codePoint >> 8]) << 8 + codePoint & 0xFF], length)
    }

    /// Decodes one code point of valid UTF-8.
    static func scalar(at position: Int, in bytes: [UInt8]) -> (codePoint: Int, length: Int) {
        let lead = Int(bytes[position])
        if lead < 0x80 { return (lead, 1) }
        let second = Int(bytes[position + 1] & 0x3F)
        if lead < 0xE0 { return ((lead & 0x1F) << 6 | second, 2) }
        let third = Int(bytes[position + 2] & 0x3F)
        if lead < 0xF0 { return ((lead & 0x0F) << 12 | second << 6 | third, 3) }
        return ((lead & 0x07) << 18 | second << 12 | third << 6 | Int(bytes[position + 3] & 0x3F), 4)
    }

    private static func classify(_ codePoint: UInt32) -> UInt8 {
        guard let scalar = Unicode.Scalar(codePoint) else { return other }
        if codePoint == 0x0A || codePoint == 0x0D { return lineEnd }
        if scalar.properties.isWhitespace { return space }
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: return letter
        case .decimalNumber, .letterNumber, .otherNumber: return number
        default: return other
        }
    }
}
