/// The text clean-up of BERT: control characters, white space, Chinese characters, accents, case.
///
/// - Source: Devlin et al. 2018, *BERT*, arXiv:1810.04805, released tokenisation code.
struct BertText: Sendable {
    var cleansText: Bool
    var separatesChinese: Bool
    var stripsAccents: Bool
    var lowercases: Bool

    func normalized(_ bytes: [UInt8]) -> [UInt8] {
        var text = bytes
        if cleansText || separatesChinese {
            text = ByteText.mappingScalars(text) { scalar, result in
                if cleansText {
                    if Self.isRemoved(scalar) { return }
                    if scalar.properties.isWhitespace { return result.append(" ") }
                }
                if separatesChinese, Self.isChinese(scalar.value) {
                    result.append(contentsOf: [" ", scalar, " "])
                } else {
                    result.append(scalar)
                }
            }
        }
        if stripsAccents, !text.allSatisfy({ $0 < 0x80 }) {
            text = ByteText.mappingScalars(Normalizer.normalized(text, .NFD)) { scalar, result in
                if scalar.properties.generalCategory != .nonspacingMark { result.append(scalar) }
            }
        }
        return lowercases ? Normalizer.lowercased(text) : text
    }

    /// ASCII symbols and the Unicode category P.
    static func isPunctuation(_ codePoint: Int) -> Bool {
        if codePoint < 0x80 {
            return (0x21...0x2F).contains(codePoint) || (0x3A...0x40).contains(codePoint)
                || (0x5B...0x60).contains(codePoint) || (0x7B...0x7E).contains(codePoint)
        }
        switch Unicode.Scalar(UInt32(codePoint))?.properties.generalCategory {
        case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
            .finalPunctuation, .otherPunctuation:
            return true
        default: return false
        }
    }

    private static func isRemoved(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "\t", "\n", "\r": return false
        case "\u{FFFD}": return true
        default: break
        }
        switch scalar.properties.generalCategory {
        case .control, .format, .privateUse, .surrogate: return true
        default: return false
        }
    }

    private static func isChinese(_ codePoint: UInt32) -> Bool {
        switch codePoint {
        case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B73F, 0x2B740...0x2B81F,
            0x2B920...0x2CEAF, 0xF900...0xFAFF, 0x2F800...0x2FA1F:
            return true
        default: return false
        }
    }
}
