package import CatenaFiles
import CatenaReporting

extension Inspection {
    /// Everything as one JSON object; the tensors with name, shape, encoding and bytes.
    package var json: JSONValue {
        var members: JSONObject = ["kind": .string(kind.rawValue), "path": .string(path)]
        for fact in facts { members[fact.name] = fact.value }
        members["tensor_list"] = .array(
            tensors.map { tensor in
                [
                    "name": .string(tensor.name), "shape": .array(tensor.shape.map { .integer($0) }),
                    "encoding": .string(tensor.encoding.rawValue), "bytes": .integer(tensor.byteCount),
                ]
            })
        return .object(members)
    }

    /// A table for a person; `listsTensors` adds a line for each tensor.
    package func text(listsTensors: Bool) -> String {
        func rows(_ entries: [(name: String, value: String)]) -> [String] {
            let shown = entries.map {
                (name: PrintableText.escaped(name: $0.name), value: PrintableText.escaped(name: $0.value))
            }
            let width = (shown.map(\.name.count).max() ?? 0) + 2
            return shown.map { "  \($0.name)\(String(repeating: " ", count: width - $0.name.count))\($0.value)" }
        }
        var lines = ["\(kind.rawValue) \(PrintableText.escaped(name: path))"]
        lines += rows(facts.map { ($0.name, Self.plain($0.value, isBytes: $0.name.hasSuffix("bytes"))) })
        if listsTensors { lines += rows(tensors.map { ($0.name, "\($0.encoding.rawValue) \($0.shape)") }) }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func plain(_ value: JSONValue, isBytes: Bool) -> String {
        switch value {
        case .string(let text): text
        case .integer(let number): isBytes ? "\(grouped(number)) (\(megabytes(number)) MB)" : grouped(number)
        case .number(let number): "\(number)"
        case .bool(let flag): flag ? "yes" : "no"
        case .null: "none"
        case .array(let elements): elements.map { plain($0, isBytes: false) }.joined(separator: ", ")
        case .object(let members):
            members.sorted { $0.key < $1.key }.map { "\($0.key) \(plain($0.value, isBytes: false))" }.joined(
                separator: ", ")
        }
    }

    private static func megabytes(_ bytes: Int) -> String { "\((Double(bytes) / 1e5).rounded() / 10)" }

    /// Digits in groups of three with narrow gaps: `134 515 008`.
    static func grouped(_ number: Int) -> String {
        var groups: [Substring] = []
        var rest = Substring(String(number.magnitude))
        while rest.count > 3 {
            groups.insert(rest.suffix(3), at: 0)
            rest = rest.dropLast(3)
        }
        return (number < 0 ? "-" : "") + ([rest] + groups).joined(separator: " ")
    }
}
