/// `str.format`.
extension JinjaInterpreter {
    func formatted(_ format: JinjaText, _ arguments: JinjaArguments) throws(JinjaError) -> JinjaText {
        var automatic = 0
        let out = try filled(format.scalars[...], arguments, &automatic, isMarkup: format.isMarkup, depth: 0)
        return JinjaText(out, isMarkup: format.isMarkup)
    }

    private func filled(
        _ format: ArraySlice<Unicode.Scalar>, _ arguments: JinjaArguments, _ automatic: inout Int, isMarkup: Bool,
        depth: Int
    ) throws(JinjaError) -> [Unicode.Scalar] {
        guard depth < 2 else { throw .value("Max string recursion exceeded") }
        var rest = format
        var out: [Unicode.Scalar] = []
        while let scalar = rest.popFirst() {
            switch scalar {
            case _ where (scalar == "{" || scalar == "}") && rest.first == scalar:
                rest.removeFirst()
                out.append(scalar)
            case "}": throw .value("Single '}' encountered in format string")
            case "{":
                guard let end = fieldEnd(rest) else { throw .value("expected '}' before end of string") }
                let text = try field(rest[..<end], arguments, &automatic, isMarkup: isMarkup, depth: depth)
                try charge(text.count)
                out.append(contentsOf: text)
                rest = rest[(end + 1)...]
            default: out.append(scalar)
            }
        }
        return out
    }

    /// Where the field ends whose opening brace was read.
    private func fieldEnd(_ rest: ArraySlice<Unicode.Scalar>) -> Int? {
        var open = 1
        for index in rest.indices {
            if rest[index] == "{" { open += 1 }
            if rest[index] == "}" { open -= 1 }
            if open == 0 { return index }
        }
        return nil
    }

    private func field(
        _ field: ArraySlice<Unicode.Scalar>, _ arguments: JinjaArguments, _ automatic: inout Int, isMarkup: Bool,
        depth: Int
    ) throws(JinjaError) -> [Unicode.Scalar] {
        var brackets = 0
        let nameEnd =
            field.firstIndex { scalar in
                if scalar == "[" { brackets += 1 }
                if scalar == "]" { brackets -= 1 }
                return brackets == 0 && (scalar == "!" || scalar == ":")
            } ?? field.endIndex
        var value = try value(named: field[..<nameEnd], arguments, &automatic)
        var rest = field[nameEnd...]
        if rest.first == "!" {
            guard rest.count >= 2 else { throw .value("end of string while looking for conversion specifier") }
            switch rest[rest.startIndex + 1] {
            case "s": value = .string(try text(of: value))
            case "r": value = .string(try representation(of: value))
            case let letter: throw .value("Unknown conversion specifier \(letter)")
            }
            rest = rest.dropFirst(2)
        }
        guard rest.isEmpty || rest.first == ":" else { throw .value("expected ':' after conversion specifier") }
        let specification = try filled(rest.dropFirst(), arguments, &automatic, isMarkup: false, depth: depth + 1)
        return try set(value, JinjaText(specification), isMarkup: isMarkup)
    }

    private func set(_ value: JinjaValue, _ specification: JinjaText, isMarkup: Bool) throws(JinjaError)
        -> [Unicode.Scalar]
    {
        if specification.isEmpty {
            let text = try text(of: value)
            return isMarkup ? text.escaped.scalars : text.scalars
        }
        let field = try JinjaFieldFormat(specification)
        switch value {
        case .string(let text):
            guard field.type == nil || field.type == "s", field.sign == nil, field.alignment != "=" else {
                throw .value("Unknown format code for object of type 'str'")
            }
            let text = isMarkup ? text.escaped : text
            return field.placed(field.precision.map { JinjaText(text.scalars.prefix($0)) } ?? text)
        case .bool(let flag): return try field.placed(flag ? 1 : 0 as Int128)
        case .integer(let number): return try field.placed(number)
        case .float(let number):
            guard !["d", "x", "X", "o", "b", "c"].contains(field.type ?? "f") else {
                throw .value("Unknown format code for object of type 'float'")
            }
            return try field.placed(number)
        default: throw .type("unsupported format string passed to \(value.typeName).__format__")
        }
    }

    private func value(named name: ArraySlice<Unicode.Scalar>, _ arguments: JinjaArguments, _ automatic: inout Int)
        throws(JinjaError) -> JinjaValue
    {
        let firstEnd = name.firstIndex { $0 == "." || $0 == "[" } ?? name.endIndex
        let first = JinjaText(name[..<firstEnd]).string
        var value: JinjaValue
        if first.isEmpty || first.utf8.allSatisfy({ (48...57).contains($0) }) {
            let place = Int(first) ?? (first.isEmpty ? automatic : .max)
            if first.isEmpty { automatic += 1 }
            guard place < arguments.positional.count else {
                throw .value("Replacement index \(place) out of range for positional args tuple")
            }
            value = arguments.positional[place]
        } else {
            guard let named = arguments.named.first(where: { $0.name == first }) else { throw .value("'\(first)'") }
            value = named.value
        }
        var rest = name[firstEnd...]
        while let scalar = rest.popFirst() {
            if scalar == "." {
                let end = rest.firstIndex { $0 == "." || $0 == "[" } ?? rest.endIndex
                let text = JinjaText(rest[..<end])
                value = try attribute(of: value, text.string, text)
                rest = rest[end...]
            } else {
                guard scalar == "[", let end = rest.firstIndex(of: "]") else {
                    throw .value("Only '.' or '[' may follow ']' in format field specifier")
                }
                let text = JinjaText(rest[..<end])
                value = try item(of: value, Int128(text.string).map { .integer($0) } ?? .string(text))
                rest = rest[(end + 1)...]
            }
        }
        return value
    }
}
