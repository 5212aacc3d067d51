import CatenaLearning
import CatenaFiles
import CatenaReporting
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
            "\(PrintableText.escaped(name: preview.file)):\(preview.line): \(preview.answer.map { $0 + ", " } ?? "")"
            + "\(encoded.inputIds.count) tokens, " + learned(preview) + "\n"
        if preview.text != nil {
            text += preview.pieces.map { marked(PrintableText.escaped($0.text), $0.isLearned) }.joined() + "\n"
        }
        text += "tokens: " + tokens(encoded) + "\n"
        for note in preview.notes { text += "note: " + PrintableText.escaped(note) + "\n" }
        return text + "\n"
    }

    private func learned(_ preview: ExamplePreview) -> String {
        guard let (label, category) = preview.judgement else { return "\(preview.encoded.supervisedCount) learned" }
        let name = label.stringValue.map { PrintableText.escaped(name: $0) } ?? label.compactText()
        return "label \(name)" + (category.map { " (class \($0))" } ?? "")
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
}
