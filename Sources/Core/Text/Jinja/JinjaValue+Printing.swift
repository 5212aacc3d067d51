extension JinjaValue {
    /// The name of Python's type, for messages and reprs.
    var typeName: String {
        switch self {
        case .none: return "NoneType"
        case .bool: return "bool"
        case .integer: return "int"
        case .float: return "float"
        case .string(let text): return text.isMarkup ? "Markup" : "str"
        case .list: return "list"
        case .tuple: return "tuple"
        case .dictionary: return "dict"
        case .undefined: return "Undefined"
        case .range: return "range"
        case .view(let view, _): return view.rawValue
        case .object(.namespace): return "Namespace"
        case .object(.loop): return "LoopContext"
        case .object(.macro): return "Macro"
        case .object(.generator): return "generator"
        case .object(.cycler): return "Cycler"
        case .object(.joiner): return "Joiner"
        case .function(.dict): return "TemplateDict"
        case .function(.selfReference): return "TemplateReference"
        case .function: return "function"
        case .method: return "builtin_function_or_method"
        }
    }

    /// How messages about missing attributes name the owner.
    var ownerName: String {
        if case .none = self { return "None" }
        return "\(typeName) object"
    }
}

extension JinjaInterpreter {
    /// Python's `str`.
    func text(of value: JinjaValue) throws(JinjaError) -> JinjaText {
        switch value {
        case .string(let text): return text
        case .undefined: return ""
        default:
            var out: [Unicode.Scalar] = []
            try writeRepresentation(of: value, to: &out)
            return JinjaText(out)
        }
    }

    /// Python's `repr`.
    func representation(of value: JinjaValue) throws(JinjaError) -> JinjaText {
        var out: [Unicode.Scalar] = []
        try writeRepresentation(of: value, to: &out)
        return JinjaText(out)
    }

    private func writeRepresentation(of value: JinjaValue, to out: inout [Unicode.Scalar]) throws(JinjaError) {
        let before = out.count
        switch value {
        case .none: out.append("None")
        case .bool(let flag): out.append(flag ? "True" : "False")
        case .integer(let number): out.append(String(number))
        case .float(let number): out.append(Self.pythonText(number))
        case .string(let text):
            if text.isMarkup { out.append("Markup(") }
            Self.quote(text, to: &out)
            if text.isMarkup { out.append(")" as Unicode.Scalar) }
        case .undefined: out.append("Undefined")
        case .range(let range):
            out.append("range(\(range.start), \(range.stop)\(range.step == 1 ? "" : ", \(range.step)"))")
        case .function(let function): out.append("<function \(function.rawValue)>")
        case .method(_, let name): out.append("<built-in method \(name)>")
        case .list, .tuple, .dictionary, .view, .object:
            try writeContainer(value, to: &out)
            return
        }
        try charge(out.count - before)
    }

    private func writeContainer(_ value: JinjaValue, to out: inout [Unicode.Scalar]) throws(JinjaError) {
        try enter()
        defer { leave() }
        switch value {
        case .list(let sequence): try writeElements(sequence.elements, "[", "]", to: &out)
        case .tuple(let sequence):
            try writeElements(sequence.elements, "(", sequence.elements.count == 1 ? ",)" : ")", to: &out)
        case .dictionary(let dictionary): try writeMembers(dictionary, to: &out)
        case .view(let view, let dictionary):
            out.append("\(view.rawValue)(")
            try writeElements(dictionary.elements(view), "[", "])", to: &out)
        case .object(.namespace(let place)):
            out.append("<Namespace ")
            try writeMembers(namespaces[place], to: &out)
            out.append(">" as Unicode.Scalar)
        case .object(.loop(let place)):
            out.append("<LoopContext \(loops[place].index + 1)/\(try loopLength(place))>")
        case .object(.macro(let place)): out.append("<Macro '\(macros[place].definition.name)'>")
        default: throw .unsupported("printing a \(value.typeName), whose text differs from run to run")
        }
    }

    private func writeElements(
        _ elements: [JinjaValue], _ opening: String, _ closing: String, to out: inout [Unicode.Scalar]
    )
        throws(JinjaError)
    {
        out.append(opening)
        for (index, element) in elements.enumerated() {
            if index > 0 { out.append(", ") }
            try writeRepresentation(of: element, to: &out)
        }
        out.append(closing)
    }

    private func writeMembers(_ dictionary: JinjaDictionary, to out: inout [Unicode.Scalar]) throws(JinjaError) {
        out.append("{" as Unicode.Scalar)
        for index in dictionary.keys.indices {
            if index > 0 { out.append(", ") }
            try writeRepresentation(of: dictionary.keys[index], to: &out)
            out.append(": ")
            try writeRepresentation(of: dictionary.values[index], to: &out)
        }
        out.append("}" as Unicode.Scalar)
    }

    /// A string in quotes as `repr` writes it: single ones unless only those occur in it.
    private static func quote(_ text: JinjaText, to out: inout [Unicode.Scalar]) {
        let quotes: Unicode.Scalar = text.scalars.contains("'") && !text.scalars.contains("\"") ? "\"" : "'"
        out.append(quotes)
        for scalar in text.scalars {
            switch scalar {
            case quotes, "\\": out.append(contentsOf: ["\\", scalar])
            case "\n": out.append("\\n")
            case "\r": out.append("\\r")
            case "\t": out.append("\\t")
            case _ where scalar.isPrintable: out.append(scalar)
            default:
                let value = scalar.value
                if value < 0x100 {
                    out.append("\\x" + hexadecimal(value, digits: 2))
                } else if value < 0x10000 {
                    out.append("\\u" + hexadecimal(value, digits: 4))
                } else {
                    out.append("\\U" + hexadecimal(value, digits: 8))
                }
            }
        }
        out.append(quotes)
    }

    static func hexadecimal(_ value: UInt32, digits: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }
}

extension [Unicode.Scalar] {
    mutating func append(_ string: String) { append(contentsOf: string.unicodeScalars) }
}
