/// What is done with finished texts, by the code points that templates see.
extension JinjaText {
    /// Python's `str.isspace` of one character.
    package static func isSpace(_ scalar: Unicode.Scalar) -> Bool { scalar.isPythonSpace }

    /// The last place of `part` that ends at or before `end`.
    package func lastPlace(of part: [Unicode.Scalar], before end: Int) -> Int? {
        lastIndex(of: part, to: min(end, count))
    }

    /// The text without `part`, wherever it stands.
    package func removing(_ part: [Unicode.Scalar]) -> JinjaText {
        let places = places(of: part)
        guard !places.isEmpty, !part.isEmpty else { return self }
        return JinjaText(split(at: places, separatorCount: part.count).flatMap(\.scalars))
    }
}

extension JinjaValue {
    /// The text of Python's `json.dumps(ensure_ascii=False)`; nil where the value has none.
    package var jsonText: String? {
        let interpreter = JinjaInterpreter(names: [], variables: [], inputSize: size) {
            JinjaDate(year: 1, month: 1, day: 1)
        }
        guard case .string(let text)? = try? interpreter.json(self, JinjaArguments()) else { return nil }
        return text.string
    }
}
