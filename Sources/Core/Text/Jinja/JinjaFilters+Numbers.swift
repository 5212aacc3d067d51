extension JinjaInterpreter {
    /// `abs`, `round`, `int`, `float` and `filesizeformat`.
    func numeric(_ filter: JinjaFilter, _ value: JinjaValue, _ arguments: JinjaArguments) throws(JinjaError)
        -> JinjaValue
    {
        switch filter {
        case .abs:
            try checkEmpty(arguments, "abs")
            switch value.number {
            case .integer(let number): return number < 0 ? try negated(.integer(number)) : .integer(number)
            case .float(let number): return .float(number.magnitude)
            case nil: throw .type("bad operand type for abs(): '\(value.typeName)'")
            }
        case .round: return try rounded(value, arguments)
        case .int:
            let given = try arguments.bound(to: ["default", "base"], in: "int")
            return try wholeNumber(value, base: try given[1].map { base throws(JinjaError) in try integer(base) } ?? 10)
                ?? given[0] ?? .integer(0)
        case .float:
            let standard = try arguments.bound(to: ["default"], in: "float")[0] ?? .float(0)
            if let number = value.number { return .float(number.double) }
            if case .undefined(let undefined) = value { throw undefined.error }
            guard case .string(let text) = value, let number = Self.float(text) else { return standard }
            return .float(number)
        default:
            let isBinary = try arguments.bound(to: ["binary"], in: "filesizeformat")[0]?.isTrue ?? false
            var size = value.number?.double
            if case .string(let text) = value { size = Self.float(text) }
            guard let size else { throw .type("filesizeformat needs a number, not \(value.typeName)") }
            return .text(try fileSize(size, isBinary: isBinary))
        }
    }

    private func wholeNumber(_ value: JinjaValue, base: Int) throws(JinjaError) -> JinjaValue? {
        var float: Double
        switch value {
        case .string(let text):
            if let number = try Self.integer(text, base: base) { return .integer(number) }
            guard let number = Self.float(text), number.isFinite else { return nil }
            float = number
        case .bool, .integer:
            if case .integer(let number) = value.number { return .integer(number) }
            return nil
        case .float(let number):
            guard !number.isInfinite else { throw .overflow("cannot convert float infinity to integer") }
            guard !number.isNaN else { return nil }
            float = number
        case .undefined(let undefined): throw undefined.error
        default: return nil
        }
        float.round(.towardZero)
        guard let number = Int128(exactly: float) else { throw Self.integerOverflow }
        return .integer(number)
    }

    private func rounded(_ value: JinjaValue, _ arguments: JinjaArguments) throws(JinjaError) -> JinjaValue {
        let given = try arguments.bound(to: ["precision", "method"], in: "round")
        let places = try given[0].map { value throws(JinjaError) in try integer(value) } ?? 0
        let method = try given[1].map { value throws(JinjaError) in try needed(value, in: "round").string } ?? "common"
        guard ["common", "ceil", "floor"].contains(method) else { throw .value("method must be common, ceil or floor") }
        guard (-300...300).contains(places) else { throw .value("round() takes a precision between -300 and 300") }
        guard method == "common" else {
            let power = try arithmetic(.power, .integer(10), .whole(places))
            guard let scaled = try arithmetic(.multiply, value, power).number?.double else {
                throw .type("must be real number, not \(value.typeName)")
            }
            let whole = scaled.rounded(method == "ceil" ? .up : .down)
            guard let integer = Int128(exactly: whole) else { throw Self.integerOverflow }
            return try arithmetic(.divide, .integer(integer), power)
        }
        switch value.number {
        case .integer(let number):
            guard places < 0 else { return .integer(number) }
            guard places > -38 else { return .integer(0) }
            guard case .integer(let unit) = try arithmetic(.power, .integer(10), .whole(-places)) else {
                return .integer(0)
            }
            let (quotient, remainder) = number.quotientAndRemainder(dividingBy: unit)
            let twice = remainder.magnitude * 2
            let isUp = twice > unit.magnitude || (twice == unit.magnitude && quotient % 2 != 0)
            return try arithmetic(.multiply, .integer(quotient + (isUp ? (number < 0 ? -1 : 1) : 0)), .integer(unit))
        case .float(let number):
            guard number.isFinite else { return .float(number) }
            if places >= 0 { return .float(Double(Self.fixedText(number, places: places)) ?? number) }
            let unit = Double("1e\(-places)") ?? 1
            return .float((number / unit).rounded(.toNearestOrEven) * unit)
        case nil:
            if case .undefined(let undefined) = value { throw undefined.error }
            throw .type("type \(value.typeName) doesn't define __round__ method")
        }
    }

    private func fileSize(_ size: Double, isBinary: Bool) throws(JinjaError) -> String {
        let base: Double = isBinary ? 1024 : 1000
        if size == 1 { return "1 Byte" }
        if size < base {
            guard let whole = Int128(exactly: size.rounded(.towardZero)) else { throw Self.integerOverflow }
            return "\(whole) Bytes"
        }
        guard size.isFinite else { throw .value("filesizeformat of an infinite number") }
        var unit = base
        let letters = isBinary ? "KMGTPEZY" : "kMGTPEZY"
        for letter in letters {
            unit *= base
            if size < unit || letter == "Y" {
                return Self.fixedText(base * size / unit, places: 1) + " \(letter)\(isBinary ? "iB" : "B")"
            }
        }
        return ""
    }
}
