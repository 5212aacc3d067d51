/// A string as Python has it: a sequence of code points, equal only where every code point is.
///
/// Swift's `String` would call composed and decomposed letters equal and count grapheme clusters; templates count, cut and
/// compare code points.
package struct JinjaText: Sendable, Hashable {
    /// The code points.
    package var scalars: [Unicode.Scalar]
    /// Whether the text is markup already (`escape`, `safe`), so that escaping leaves it alone.
    var isMarkup = false

    /// The code points of `string`.
    package init(_ string: String) { scalars = Array(string.unicodeScalars) }

    package init(_ scalars: [Unicode.Scalar]) { self.scalars = scalars }

    init(_ scalars: [Unicode.Scalar], isMarkup: Bool) {
        self.scalars = scalars
        self.isMarkup = isMarkup
    }

    init(_ scalars: ArraySlice<Unicode.Scalar>, isMarkup: Bool = false) {
        self.init(Array(scalars), isMarkup: isMarkup)
    }

    package static func == (left: JinjaText, right: JinjaText) -> Bool { left.scalars == right.scalars }

    package func hash(into hasher: inout Hasher) { hasher.combine(scalars) }

    var count: Int { scalars.count }
    var isEmpty: Bool { scalars.isEmpty }

    /// The text as a Swift string.
    package var string: String { Self.string(scalars[...]) }

    /// Code points as a Swift string.
    package static func string(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(scalars.count + scalars.count / 8)
        for scalar in scalars {
            if scalar.isASCII {
                bytes.append(UInt8(truncatingIfNeeded: scalar.value))
            } else {
                bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The text with `& < > ' "` as references, as MarkupSafe writes them.
    var escaped: JinjaText {
        guard !isMarkup else { return self }
        var out: [Unicode.Scalar] = []
        out.reserveCapacity(scalars.count)
        for scalar in scalars {
            switch scalar {
            case "&": out.append(contentsOf: "&amp;".unicodeScalars)
            case "<": out.append(contentsOf: "&lt;".unicodeScalars)
            case ">": out.append(contentsOf: "&gt;".unicodeScalars)
            case "'": out.append(contentsOf: "&#39;".unicodeScalars)
            case "\"": out.append(contentsOf: "&#34;".unicodeScalars)
            default: out.append(scalar)
            }
        }
        return JinjaText(out, isMarkup: true)
    }
}

extension JinjaText: ExpressibleByStringLiteral {
    package init(stringLiteral value: String) { self.init(value) }
}
