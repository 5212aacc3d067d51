import CatenaFiles
import Foundation

/// Text that others wrote (names of files, tensors, layers, what a server answered) as a terminal may show it.
///
/// A terminal acts on control characters: they can hide, forge or rewrite lines, and on some set the clipboard. What is printed
/// has them in a form that can be read: `\u{1B}` for an escape. The same goes for characters that reverse the direction of text.
package enum PrintableText {
    /// `text` with every control character but line feeds and tabs in the form `\u{hex}`.
    package static func escaped(_ text: String) -> String {
        rewritten(text) { "\\u{" + String($0.value, radix: 16, uppercase: true) + "}" }
    }

    /// A name in a line: line feeds and tabs, which could forge other lines, are escaped as well.
    package static func escaped(name: String) -> String {
        escaped(name).replacingOccurrences(of: "\n", with: "\\u{A}").replacingOccurrences(of: "\t", with: "\\u{9}")
    }

    /// The same for text that is JSON, where such characters stand in strings alone: `\u001b`, with the same meaning as before.
    package static func escaped(json text: String) -> String {
        rewritten(text) { $0.jsonEscape }
    }

    private static func rewritten(_ text: String, _ replacement: (Unicode.Scalar) -> String) -> String {
        guard text.unicodeScalars.contains(where: isActive) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            if isActive(scalar) { result += replacement(scalar) } else { result.unicodeScalars.append(scalar) }
        }
        return result
    }

    /// Control characters, and marks that change the direction of what follows; all lie below U+10000.
    private static func isActive(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A: false
        case 0x00...0x1F, 0x7F...0x9F, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069, 0x061C: true
        default: false
        }
    }
}
