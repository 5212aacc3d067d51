/// Python's `json.dumps`, as transformers gives it to templates: nothing is escaped for HTML.
struct JinjaJSON {
    var escapesNonASCII = false
    /// What one level is indented by; nil: all on one line.
    var indentation: [Unicode.Scalar]?
    var itemSeparator: [Unicode.Scalar] = [",", " "]
    var keySeparator: [Unicode.Scalar] = [":", " "]
    var sortsKeys = false

    private(set) var out: [Unicode.Scalar] = []
    private var charged = 0

    mutating func write(_ value: JinjaValue, level: Int, _ interpreter: JinjaInterpreter) throws(JinjaError) {
        switch value {
        case .none: out.append("null")
        case .bool(let flag): out.append(flag ? "true" : "false")
        case .integer(let number): out.append(String(number))
        case .float(let number): out.append(Self.text(number))
        case .string(let text): writeQuoted(text)
        case .list(let sequence), .tuple(let sequence):
            try interpreter.enter()
            defer { interpreter.leave() }
            try writeList(sequence.elements, level: level, interpreter)
        case .dictionary(let dictionary):
            try interpreter.enter()
            defer { interpreter.leave() }
            try writeObject(dictionary, level: level, interpreter)
        default: throw .type("Object of type \(value.typeName) is not JSON serializable")
        }
        try interpreter.charge(out.count - charged)
        charged = out.count
    }

    private static func text(_ number: Double) -> String {
        number.isNaN
            ? "NaN" : number.isInfinite ? (number < 0 ? "-Infinity" : "Infinity") : JinjaInterpreter.pythonText(number)
    }

    private mutating func writeList(_ elements: [JinjaValue], level: Int, _ interpreter: JinjaInterpreter)
        throws(JinjaError)
    {
        out.append("[" as Unicode.Scalar)
        for (index, element) in elements.enumerated() {
            if index > 0 { out.append(contentsOf: itemSeparator) }
            startLine(level + 1)
            try write(element, level: level + 1, interpreter)
        }
        if !elements.isEmpty { startLine(level) }
        out.append("]" as Unicode.Scalar)
    }

    private mutating func writeObject(_ dictionary: JinjaDictionary, level: Int, _ interpreter: JinjaInterpreter)
        throws(JinjaError)
    {
        out.append("{" as Unicode.Scalar)
        var places = Array(dictionary.keys.indices)
        if sortsKeys { places = try interpreter.sortedPlaces(of: dictionary.keys) }
        for (index, place) in places.enumerated() {
            if index > 0 { out.append(contentsOf: itemSeparator) }
            startLine(level + 1)
            try writeKey(dictionary.keys[place])
            out.append(contentsOf: keySeparator)
            try write(dictionary.values[place], level: level + 1, interpreter)
        }
        if !places.isEmpty { startLine(level) }
        out.append("}" as Unicode.Scalar)
    }

    private mutating func writeKey(_ key: JinjaValue) throws(JinjaError) {
        switch key {
        case .string(let text): writeQuoted(text)
        case .none: out.append("\"null\"")
        case .bool(let flag): out.append(flag ? "\"true\"" : "\"false\"")
        case .integer(let number): out.append("\"\(number)\"")
        case .float(let number): out.append("\"\(Self.text(number))\"")
        default: throw .type("keys must be str, int, float, bool or None, not \(key.typeName)")
        }
    }

    private mutating func startLine(_ level: Int) {
        guard let indentation else { return }
        out.append("\n" as Unicode.Scalar)
        for _ in 0..<level { out.append(contentsOf: indentation) }
    }

    private mutating func writeQuoted(_ text: JinjaText) {
        out.append("\"" as Unicode.Scalar)
        for scalar in text.scalars {
            switch scalar {
            case "\"": out.append("\\\"")
            case "\\": out.append("\\\\")
            case "\n": out.append("\\n")
            case "\r": out.append("\\r")
            case "\t": out.append("\\t")
            case "\u{8}": out.append("\\b")
            case "\u{C}": out.append("\\f")
            case _ where scalar.value < 0x20 || (escapesNonASCII && scalar.value > 0x7E):
                for unit in UTF16.encode(scalar) ?? UTF16.encodedReplacementCharacter {
                    out.append("\\u" + JinjaInterpreter.hexadecimal(UInt32(unit), digits: 4))
                }
            default: out.append(scalar)
            }
        }
        out.append("\"" as Unicode.Scalar)
    }
}

extension JinjaInterpreter {
    /// `tojson(ensure_ascii=False, indent=None, separators=None, sort_keys=False)`.
    func json(_ value: JinjaValue, _ arguments: JinjaArguments) throws(JinjaError) -> JinjaValue {
        let given = try arguments.bound(to: ["ensure_ascii", "indent", "separators", "sort_keys"], in: "tojson")
        var writer = JinjaJSON()
        writer.escapesNonASCII = given[0]?.isTrue ?? false
        writer.sortsKeys = given[3]?.isTrue ?? false
        switch given[1] {
        case nil, .some(.none): break
        case .some(.string(let text)): writer.indentation = text.scalars
        case .some(let width):
            let count = max(0, try integer(width))
            guard count <= 1000 else { throw .budget("tojson indents by \(count) spaces; at most 1000 are written") }
            writer.indentation = [Unicode.Scalar](repeating: " ", count: count)
        }
        if writer.indentation != nil { writer.itemSeparator = [","] }
        switch given[2] {
        case nil, .some(.none): break
        case .some(let separators):
            let pair = try elements(of: separators)
            guard pair.count == 2, case .string(let item) = pair[0], case .string(let key) = pair[1] else {
                throw .type("tojson's separators are two strings")
            }
            writer.itemSeparator = item.scalars
            writer.keySeparator = key.scalars
        }
        try writer.write(value, level: 0, self)
        return .string(JinjaText(writer.out))
    }
}
