import Foundation

/// One step that rewrites text before it is cut into words.
enum Normalizer: Sendable {
    enum UnicodeForm: String, Sendable, CaseIterable {
        case NFC, NFD, NFKC, NFKD
    }

    case prepend([UInt8])
    case replace([UInt8], [UInt8])
    case unicode(UnicodeForm)
    case lowercase
    case stripAccents
    case stripSpace(left: Bool, right: Bool)
    case bert(BertText)

    func apply(_ bytes: [UInt8]) -> [UInt8] {
        switch self {
        case .prepend(let prefix):
            return bytes.isEmpty ? bytes : prefix + bytes
        case .replace(let pattern, let replacement):
            return ByteText.replacing(pattern, with: replacement, in: bytes)
        case .unicode(let form):
            return Self.normalized(bytes, form)
        case .lowercase:
            return Self.lowercased(bytes)
        case .stripAccents:
            if bytes.allSatisfy({ $0 < 0x80 }) { return bytes }
            return ByteText.mappingScalars(bytes) { scalar, result in
                switch scalar.properties.generalCategory {
                case .nonspacingMark, .spacingMark, .enclosingMark: break
                default: result.append(scalar)
                }
            }
        case .stripSpace(let left, let right):
            return Self.stripped(bytes, left: left, right: right)
        case .bert(let text):
            return text.normalized(bytes)
        }
    }

    static func normalized(_ bytes: [UInt8], _ form: UnicodeForm) -> [UInt8] {
        // Text below U+0300 (lead bytes below 0xCC) is in NFC already, ASCII in every form.
        let firstChanged: UInt8 = form == .NFC ? 0xCC : 0x80
        if bytes.allSatisfy({ $0 < firstChanged }) { return bytes }
        let text = String(decoding: bytes, as: UTF8.self)
        switch form {
        case .NFC: return Array(text.precomposedStringWithCanonicalMapping.utf8)
        case .NFD: return Array(text.decomposedStringWithCanonicalMapping.utf8)
        case .NFKC: return Array(text.precomposedStringWithCompatibilityMapping.utf8)
        case .NFKD: return Array(text.decomposedStringWithCompatibilityMapping.utf8)
        }
    }

    /// Lower case of each code point by itself, without context rules.
    static func lowercased(_ bytes: [UInt8]) -> [UInt8] {
        if bytes.allSatisfy({ $0 < 0x80 }) {
            return bytes.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        }
        return ByteText.mappingScalars(bytes) { scalar, result in
            result.append(contentsOf: scalar.properties.lowercaseMapping.unicodeScalars)
        }
    }

    private static func stripped(_ bytes: [UInt8], left: Bool, right: Bool) -> [UInt8] {
        var scalars = String(decoding: bytes, as: UTF8.self).unicodeScalars[...]
        if left { scalars = scalars.drop { $0.properties.isWhitespace } }
        while right, let last = scalars.last, last.properties.isWhitespace { scalars.removeLast() }
        return Array(String(scalars).utf8)
    }
}
