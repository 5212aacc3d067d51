import Foundation

/// Finds the final answer in a text, so that two texts can be compared by it.
///
/// Numbers are compared by value, as far as their decimal notation tells: `1,200`, `$1200` and `1200.0` are equal.
package struct AnswerPattern: Sendable {
    private let expressions: [NSRegularExpression]

    /// The number after the last `####` or `the answer is`; in a text with neither, its last number.
    ///
    /// The second part gives a model that answers in its own words its due.
    package static var finalNumber: AnswerPattern {
        let number = #"(-?\$?\d[\d,]*(?:\.\d+)?)"#
        let marked = #"(?:####|[Tt]he (?:final )?answer is:?)\s*"# + number
        return AnswerPattern(expressions: [marked, number].compactMap { try? NSRegularExpression(pattern: $0) })
    }

    /// The first group of the last match of a regular expression (ICU syntax).
    package init(_ pattern: String) throws(DataError) {
        let expression: NSRegularExpression
        do {
            expression = try NSRegularExpression(pattern: pattern)
        } catch {
            throw .invalidPattern(pattern, reason: "one that cannot be read")
        }
        guard expression.numberOfCaptureGroups >= 1 else { throw .invalidPattern(pattern, reason: "none") }
        expressions = [expression]
    }

    private init(expressions: [NSRegularExpression]) { self.expressions = expressions }

    /// The answer in `text`, normalised; nil if the pattern is not found.
    package func answer(in text: String) -> String? {
        let whole = NSRange(text.startIndex..., in: text)
        for expression in expressions {
            guard let match = expression.matches(in: text, range: whole).last,
                let range = Range(match.range(at: 1), in: text)
            else { continue }
            return Self.normalised(String(text[range]))
        }
        return nil
    }

    /// Whether a generated text gives the reference's answer.
    ///
    /// A reference without the pattern is compared as a whole (`{"completion": "42"}`).
    package func matches(generated: String, reference: String) -> Bool {
        guard let given = answer(in: generated) else { return false }
        return given == (answer(in: reference) ?? Self.normalised(reference))
    }

    /// Without outer blanks and a final full stop; numbers without commas, a dollar sign, and zeros that say nothing.
    package static func normalised(_ answer: String) -> String {
        var text = answer.trimmingCharacters(in: .whitespacesAndNewlines)
        while text.hasSuffix(".") { text.removeLast() }
        let number = text.filter { $0 != "," && $0 != "$" }
        guard !number.isEmpty, number.wholeMatch(of: /-?\d+(?:\.\d+)?/) != nil else { return text }
        var digits = number[...]
        if digits.contains(".") {
            while digits.hasSuffix("0") { digits = digits.dropLast() }
            if digits.hasSuffix(".") { digits = digits.dropLast() }
        }
        return digits == "-0" ? "0" : String(digits)
    }
}
