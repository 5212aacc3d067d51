import CatenaFiles
import CatenaModels

/// What a whole text is judged as, as a record says it.
package enum ExampleLabel: Sendable, Hashable {
    /// The name of a class.
    case name(String)
    /// The number of a class: digits, true and false, and 1.0 too.
    case number(Int)
    /// What a regression learns.
    case value(Double)
}

extension DataRecord {
    /// One text or two and a label: `{"text", "label"}`, `{"sentence1", "sentence2", "label"}`.
    mutating func sequence(_ task: Task) throws(RecordFault) -> (example: Example, form: ExampleForm.Form) {
        // What `columns` names is meant, whatever else the record has.
        let named = DataKeys.textPairs.filter { mapped.contains($0.0) || mapped.contains($0.1) }
        let pair = (named.isEmpty ? DataKeys.textPairs : named).first { has($0.0) && has($0.1) }
        let alone = DataKeys.texts.filter(mapped.contains) + DataKeys.texts
        guard let key = pair?.0 ?? first(of: alone) else {
            throw RecordFault(
                expected: "\"text\", or two texts such as \"sentence1\" and \"sentence2\", with \"label\" "
                    + "(task: \(task.rawValue))", found: description)
        }
        take(key, "label")
        let first = try string(key)
        guard let pair else {
            return (.sequence(first: first, second: nil, label: try label(task)), .sequence)
        }
        take(pair.1)
        return (.sequence(first: first, second: try string(pair.1), label: try label(task)), .pair)
    }

    func label(_ task: Task) throws(RecordFault) -> ExampleLabel {
        guard let value = self["label"] else {
            throw RecordFault(
                expected: "a \"label\" beside the text, or its column in data.columns or --columns (label: NAME)",
                found: description)
        }
        if task == .regression {
            guard !value.isText, let number = value.doubleValue, Float(number).isFinite else {
                throw RecordFault(expected: "a number in \"label\" (task: regression)", found: value.summary)
            }
            return .value(number)
        }
        let fault = RecordFault(
            expected: "one class in \"label\", a name or a whole number of at least 0 (task: classification)",
            found: value.summary)
        switch value {
        case .bool(let truth): return .number(truth ? 1 : 0)
        case .integer(let number) where number >= 0: return .number(number)
        case .number(let number):
            guard number >= 0, let whole = Int(exactly: number) else { throw fault }
            return .number(whole)
        case .string(let text):
            let trimmed = String(text.trimmingPrefix(while: \.isWhitespace))
            guard let last = trimmed.lastIndex(where: { !$0.isWhitespace }) else { throw fault }
            let digits = String(trimmed[...last])
            guard let number = Int(digits), String(number) == digits else { return .name(text) }
            guard number >= 0 else { throw fault }
            return .number(number)
        default: throw fault
        }
    }
}

extension JSONValue {
    fileprivate var isText: Bool { if case .string = self { true } else { false } }
}
