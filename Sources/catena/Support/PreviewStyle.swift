import CatenaCore
import Foundation

/// How learned parts of an example are shown: in green on a terminal, between marks elsewhere.
struct PreviewStyle {
    private let learnedStart: String
    private let learnedEnd: String

    /// Colour where standard output is a terminal that wants it (`NO_COLOR`, `TERM=dumb`).
    static func detect() -> PreviewStyle {
        let environment = ProcessInfo.processInfo.environment
        let isColoured =
            isatty(STDOUT_FILENO) == 1 && environment["NO_COLOR", default: ""].isEmpty
            && environment["TERM", default: "dumb"] != "dumb"
        return isColoured
            ? PreviewStyle(learnedStart: "\u{1B}[1;32m", learnedEnd: "\u{1B}[0m")
            : PreviewStyle(learnedStart: "⟦", learnedEnd: "⟧")
    }

    /// Place and counts, the text, the tokens, the notes.
    func text(_ preview: ExamplePreview) -> String {
        let encoded = preview.encoded
        var text =
            "\(preview.file):\(preview.line): \(encoded.inputIds.count) tokens, "
            + "\(encoded.supervisedCount) learned\n"
        if preview.text != nil {
            text += preview.pieces.map { marked(Self.visible($0.text), $0.isLearned) }.joined() + "\n"
        }
        text += "tokens: " + tokens(encoded) + "\n"
        for note in preview.notes { text += "note: " + Self.visible(note) + "\n" }
        return text + "\n"
    }

    private func marked(_ text: String, _ isLearned: Bool) -> String {
        isLearned && !text.isEmpty ? learnedStart + text + learnedEnd : text
    }

    private func tokens(_ encoded: EncodedExample) -> String {
        var runs: [String] = []
        var start = 0
        while start < encoded.inputIds.count {
            let isLearned = encoded.labels[start] != EncodedExample.ignored
            let end =
                encoded.labels[start...].firstIndex { ($0 != EncodedExample.ignored) != isLearned }
                ?? encoded.inputIds.count
            runs.append(marked(encoded.inputIds[start..<end].map { "\($0)" }.joined(separator: " "), isLearned))
            start = end
        }
        return runs.joined(separator: " ")
    }

    /// The text with control characters other than line feeds and tabs written out, so that data cannot steer a terminal.
    private static func visible(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            let isControl =
                scalar.value < 0x20 && scalar != "\n" && scalar != "\t" || (0x7F...0x9F).contains(scalar.value)
            if isControl {
                result.append(contentsOf: "\\u{\(String(scalar.value, radix: 16, uppercase: true))}".unicodeScalars)
            } else {
                result.append(scalar)
            }
        }
        return String(result)
    }
}
