/// How much longer the steps of a tokenizer can make a text.
///
/// Forty steps that write every "a" twice are 2 KB of a file and make 10^12 bytes of one letter, so a tokenizer whose steps multiply
/// beyond a bound is refused when it is read; encoding itself cannot fail.
enum TextGrowth {
    /// Bytes out for a byte in. The published pipelines with the most, a prefix and a compatibility form, have some 130.
    static let bound = 256.0
    /// Bytes of a text that is looked for: at each place of a text as many may have to be compared.
    static let longestPattern = 1024

    /// - Parameter factors: those of the steps, one after the other.
    static func require(_ factors: [Double], _ field: TokenizerField) throws(TokenizerError) {
        guard factors.reduce(1, *) > bound else { return }
        throw field.invalid(
            "its steps together can make a text more than \(Int(bound)) times as long, which is not read")
    }

    static func replacing(_ pattern: [UInt8], with replacement: [UInt8]) -> Double {
        pattern.isEmpty ? 1 : max(1, Double(replacement.count) / Double(pattern.count))
    }
}

extension Normalizer {
    /// Most bytes out for a byte in.
    var growth: Double {
        switch self {
        // Every stretch between added tokens gets the prefix, and may have one byte.
        case .prepend(let prefix): 1 + Double(prefix.count)
        case .replace(let pattern, let replacement): TextGrowth.replacing(pattern, with: replacement)
        // Unicode's own bounds for UTF-8.
        case .unicode(.NFC), .unicode(.NFD): 3
        case .unicode(.NFKC), .unicode(.NFKD): 11
        case .lowercase: 1.5
        case .stripAccents, .stripSpace: 1
        // A space on both sides of a character of three bytes, accents taken apart, and lower case.
        case .bert: 5
        }
    }
}

extension TokenDecoder {
    /// Most bytes out for a byte in.
    var growth: Double {
        if case .replace(let pattern, let replacement) = self {
            return TextGrowth.replacing(pattern, with: replacement)
        }
        return 1
    }
}
