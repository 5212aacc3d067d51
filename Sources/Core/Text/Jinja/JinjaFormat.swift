/// How a value is set into a text: what a format says behind `:` or `%`.
struct JinjaFieldFormat {
    var filling: Unicode.Scalar = " "
    var alignment: Unicode.Scalar?
    var sign: Unicode.Scalar?
    var isAlternate = false
    var width = 0
    var grouping: Unicode.Scalar?
    var precision: Int?
    var type: Unicode.Scalar?

    /// The widest field and the most digits that are written.
    static let widest = 100_000

    init() {}

    /// Reads `[[fill]align][sign][#][0][width][,][.precision][type]`.
    init(_ text: JinjaText) throws(JinjaError) {
        var rest = text.scalars[...]
        let alignments: [Unicode.Scalar] = ["<", ">", "^", "="]
        if rest.count > 1, alignments.contains(rest[rest.startIndex + 1]) {
            filling = rest.removeFirst()
            alignment = rest.removeFirst()
        } else if let first = rest.first, alignments.contains(first) {
            alignment = rest.removeFirst()
        }
        if let first = rest.first, ["+", "-", " "].contains(first) { sign = rest.removeFirst() }
        if rest.first == "#" {
            isAlternate = true
            rest.removeFirst()
        }
        if rest.first == "0" {
            if alignment == nil { (alignment, filling) = ("=", "0") }
            rest.removeFirst()
        }
        width = try Self.number(&rest) ?? 0
        if rest.first == "," || rest.first == "_" { grouping = rest.removeFirst() }
        if rest.first == "." {
            rest.removeFirst()
            guard let digits = try Self.number(&rest) else { throw .value("Format specifier missing precision") }
            precision = digits
        }
        if !rest.isEmpty { type = rest.removeFirst() }
        guard rest.isEmpty else { throw .value("Invalid format specifier '\(text.string)'") }
    }

    /// Digits at the beginning of `rest`; nil where there are none.
    static func number(_ rest: inout ArraySlice<Unicode.Scalar>) throws(JinjaError) -> Int? {
        var number: Int?
        while let digit = rest.first, ("0"..."9").contains(digit) {
            number = (number ?? 0) * 10 + Int(digit.value - 48)
            rest.removeFirst()
            guard let number, number <= widest else { throw .budget("a field wider than \(widest) characters") }
        }
        return number
    }

    /// A text in its field.
    func placed(_ text: JinjaText, standard: Unicode.Scalar = "<") -> [Unicode.Scalar] {
        let missing = max(0, width - text.count)
        let alignment = alignment ?? standard
        if alignment == "=" {
            let signed = text.scalars.first.map { ["+", "-", " "].contains($0) } ?? false
            var head = signed ? 1 : 0
            if text.hasPrefix(["0"], from: head), text.count > head + 1,
                ["x", "X", "o", "b"].contains(text.scalars[head + 1])
            {
                head += 2
            }
            return Array(text.scalars[..<head]) + repeatElement(filling, count: missing) + text.scalars[head...]
        }
        let left = alignment == ">" ? missing : alignment == "^" ? missing / 2 : 0
        return [Unicode.Scalar](repeating: filling, count: left) + text.scalars
            + repeatElement(filling, count: missing - left)
    }

    /// Digits with what stands before them, in their field.
    func placed(digits: String, isNegative: Bool, prefix: String = "") -> [Unicode.Scalar] {
        var grouped = digits
        if let grouping {
            let whole = digits.prefix { $0 != "." }
            let size = type == nil || type == "d" || type == "f" || type == "F" || type == "%" ? 3 : 4
            var parts = ""
            for (index, digit) in whole.enumerated() {
                if index > 0, (whole.count - index) % size == 0 { parts.unicodeScalars.append(grouping) }
                parts.append(digit)
            }
            grouped = parts + digits.dropFirst(whole.count)
        }
        let signs = isNegative ? "-" : sign == "+" ? "+" : sign == " " ? " " : ""
        return placed(JinjaText(signs + prefix + grouped), standard: ">")
    }

    /// An integer by the type `d`, `x`, `X`, `o`, `b` or `c`.
    func placed(_ number: Int128) throws(JinjaError) -> [Unicode.Scalar] {
        let radix: Int
        var prefix = ""
        switch type {
        case nil, "d", "i", "u", "n": radix = 10
        case "x", "X": (radix, prefix) = (16, type == "x" ? "0x" : "0X")
        case "o": (radix, prefix) = (8, "0o")
        case "b": (radix, prefix) = (2, "0b")
        case "c":
            guard let value = UInt32(exactly: number), let scalar = Unicode.Scalar(value) else {
                throw .overflow("%c arg not in range(0x110000)")
            }
            return placed(JinjaText([scalar]))
        case "f", "F", "%": return try placed(Double(number))
        case let type: throw .unsupported("the format type \(type.map { String(Character($0)) } ?? "")")
        }
        var digits = String(number.magnitude, radix: radix, uppercase: type == "X")
        if let precision, precision > digits.utf8.count {
            digits = String(repeating: "0", count: precision - digits.utf8.count) + digits
        }
        return placed(digits: digits, isNegative: number < 0, prefix: isAlternate ? prefix : "")
    }

    /// A float by the type `f` or `%`, or as `repr` writes it where there is neither type nor precision.
    func placed(_ number: Double) throws(JinjaError) -> [Unicode.Scalar] {
        let isNegative = number.sign == .minus && !number.isNaN
        guard number.isFinite else { return placed(digits: number.isNaN ? "nan" : "inf", isNegative: isNegative) }
        switch type {
        case "f", "F":
            return placed(
                digits: JinjaInterpreter.fixedText(number.magnitude, places: precision ?? 6), isNegative: isNegative)
        case "%":
            let text = JinjaInterpreter.fixedText(number.magnitude * 100, places: precision ?? 6)
            return placed(digits: text + "%", isNegative: isNegative)
        case nil where precision == nil:
            return placed(digits: JinjaInterpreter.pythonText(number.magnitude), isNegative: isNegative)
        default:
            throw .unsupported(
                "floats with the format type \(type.map { String(Character($0)) } ?? "of a precision alone")")
        }
    }
}

extension JinjaInterpreter {
    /// `format % value`.
    func formatted(_ format: JinjaText, with value: JinjaValue) throws(JinjaError) -> JinjaText {
        var rest = format.scalars[...]
        var values = [value]
        if case .tuple(let sequence) = value { values = sequence.elements }
        var names: JinjaDictionary?
        if case .dictionary(let dictionary) = value { names = dictionary }
        var used = 0
        var out: [Unicode.Scalar] = []
        func next() throws(JinjaError) -> JinjaValue {
            guard used < values.count else { throw .type("not enough arguments for format string") }
            defer { used += 1 }
            return values[used]
        }
        while let scalar = rest.popFirst() {
            guard scalar == "%" else {
                out.append(scalar)
                continue
            }
            var named: JinjaValue?
            if rest.first == "(" {
                guard let names else { throw .type("format requires a mapping") }
                guard let end = rest.firstIndex(of: ")") else { throw .value("incomplete format key") }
                let key = JinjaText(rest[(rest.startIndex + 1)..<end])
                guard let value = names.value(key) else { throw .value("'\(key.string)'") }
                named = value
                rest = rest[(end + 1)...]
            }
            var field = JinjaFieldFormat()
            try readFlags(&rest, into: &field, next)
            guard let type = rest.popFirst() else { throw .value("incomplete format") }
            if type == "%" {
                out.append("%" as Unicode.Scalar)
                continue
            }
            field.type = type
            let value: JinjaValue
            if let named { value = named } else { value = try next() }
            let text = try percentText(field, value, isMarkup: format.isMarkup)
            try charge(text.count)
            out.append(contentsOf: text)
        }
        var isMapping = names != nil
        switch value {
        case .list, .range, .undefined: isMapping = true
        default: break
        }
        guard used >= values.count || isMapping else {
            throw .type("not all arguments converted during string formatting")
        }
        return JinjaText(out, isMarkup: format.isMarkup)
    }

    private func readFlags(
        _ rest: inout ArraySlice<Unicode.Scalar>, into field: inout JinjaFieldFormat,
        _ next: () throws(JinjaError) -> JinjaValue
    ) throws(JinjaError) {
        var padsZeros = false
        flags: while let flag = rest.first {
            switch flag {
            case "-": field.alignment = "<"
            case "0": padsZeros = true
            case "+": field.sign = "+"
            case " ": if field.sign == nil { field.sign = " " }
            case "#": field.isAlternate = true
            default: break flags
            }
            rest.removeFirst()
        }
        if rest.first == "*" {
            rest.removeFirst()
            let width = try integer(try next())
            guard width.magnitude <= JinjaFieldFormat.widest else { throw .budget("a field of \(width) characters") }
            if width < 0 { field.alignment = "<" }
            field.width = abs(width)
        } else {
            field.width = try JinjaFieldFormat.number(&rest) ?? 0
        }
        if rest.first == "." {
            rest.removeFirst()
            field.precision = try JinjaFieldFormat.number(&rest) ?? 0
        }
        if padsZeros, field.alignment == nil { (field.alignment, field.filling) = ("=", "0") }
        if field.alignment == nil { field.alignment = ">" }
    }

    private func percentText(_ field: JinjaFieldFormat, _ value: JinjaValue, isMarkup: Bool) throws(JinjaError)
        -> [Unicode.Scalar]
    {
        var field = field
        switch field.type {
        case "s", "r":
            if field.alignment == "=" { (field.alignment, field.filling) = (">", " ") }
            var text = field.type == "s" ? try text(of: value) : try representation(of: value)
            if isMarkup { text = text.escaped }
            return field.placed(field.precision.map { JinjaText(text.scalars.prefix($0)) } ?? text)
        case "c":
            if case .string(let text) = value, text.count == 1 { return field.placed(text) }
            return try field.placed(Int128(try integer(value)))
        case "d", "i", "u":
            switch value.number {
            case .integer(let number): return try field.placed(number)
            case .float(let number):
                guard let whole = Int128(exactly: number.rounded(.towardZero)) else { throw Self.integerOverflow }
                return try field.placed(whole)
            case nil: throw .type("%d format: a real number is required, not \(value.typeName)")
            }
        case "x", "X", "o":
            guard case .integer(let number) = value.number else {
                throw .type("%x format: an integer is required, not \(value.typeName)")
            }
            return try field.placed(number)
        case "f", "F":
            guard let number = value.number else { throw .type("must be real number, not \(value.typeName)") }
            return try field.placed(number.double)
        case let type: throw .unsupported("the format %\(type.map { String(Character($0)) } ?? "")")
        }
    }
}
