#if canImport(Glibc)
    private import Glibc
#elseif canImport(Musl)
    private import Musl
#else
    private import Darwin
#endif

extension JinjaInterpreter {
    func negated(_ value: JinjaValue) throws(JinjaError) -> JinjaValue {
        switch value.number {
        case .integer(let number):
            guard number != .min else { throw Self.integerOverflow }
            return .integer(-number)
        case .float(let number): return .float(-number)
        case nil: throw unaryError("-", value)
        }
    }

    func positive(_ value: JinjaValue) throws(JinjaError) -> JinjaValue {
        switch value.number {
        case .integer(let number): return .integer(number)
        case .float(let number): return .float(number)
        case nil: throw unaryError("+", value)
        }
    }

    private func unaryError(_ sign: String, _ value: JinjaValue) -> JinjaError {
        if case .undefined(let undefined) = value { return undefined.error }
        return .type("bad operand type for unary \(sign): '\(value.typeName)'")
    }

    func arithmetic(_ sign: JinjaOperator, _ left: JinjaValue, _ right: JinjaValue) throws(JinjaError) -> JinjaValue {
        if case .undefined(let undefined) = left { throw undefined.error }
        if sign == .modulo, case .string(let format) = left { return .string(try formatted(format, with: right)) }
        if case .undefined(let undefined) = right { throw undefined.error }
        if let first = left.number, let second = right.number {
            if case .integer(let first) = first, case .integer(let second) = second {
                return try arithmetic(sign, first, second)
            }
            return .float(try arithmetic(sign, first.double, second.double))
        }
        switch sign {
        case .add: return try joined(left, right)
        case .multiply:
            if let result = try repeated(left, right) { return result }
            if let result = try repeated(right, left) { return result }
        default: break
        }
        throw .type("unsupported operand type(s) for \(sign.rawValue): '\(left.typeName)' and '\(right.typeName)'")
    }

    private func arithmetic(_ sign: JinjaOperator, _ left: Int128, _ right: Int128) throws(JinjaError) -> JinjaValue {
        let (result, overflows): (Int128, Bool)
        switch sign {
        case .add: (result, overflows) = left.addingReportingOverflow(right)
        case .subtract: (result, overflows) = left.subtractingReportingOverflow(right)
        case .multiply: (result, overflows) = left.multipliedReportingOverflow(by: right)
        case .divide:
            guard right != 0 else { throw .value("division by zero") }
            return .float(Double(left) / Double(right))
        case .floorDivide, .modulo:
            guard right != 0 else { throw .value("integer division or modulo by zero") }
            guard right != -1 else { return sign == .modulo ? .integer(0) : try negated(.integer(left)) }
            let (quotient, remainder) = left.quotientAndRemainder(dividingBy: right)
            let isBelow = remainder != 0 && (remainder < 0) != (right < 0)
            return .integer(
                sign == .modulo ? (isBelow ? remainder + right : remainder) : isBelow ? quotient - 1 : quotient)
        case .power: return try power(left, right)
        }
        guard !overflows else { throw Self.integerOverflow }
        return .integer(result)
    }

    private func power(_ base: Int128, _ exponent: Int128) throws(JinjaError) -> JinjaValue {
        guard exponent >= 0 else {
            guard base != 0 else { throw .value("0.0 cannot be raised to a negative power") }
            return .float(pow(Double(base), Double(exponent)))
        }
        if base == 0 || base == 1 { return .integer(exponent == 0 ? 1 : base) }
        if base == -1 { return .integer(exponent % 2 == 0 ? 1 : -1) }
        guard exponent < 128 else { throw Self.integerOverflow }
        var result: Int128 = 1
        for _ in 0..<Int(exponent) {
            let (product, overflows) = result.multipliedReportingOverflow(by: base)
            guard !overflows else { throw Self.integerOverflow }
            result = product
        }
        return .integer(result)
    }

    private func arithmetic(_ sign: JinjaOperator, _ left: Double, _ right: Double) throws(JinjaError) -> Double {
        switch sign {
        case .add: return left + right
        case .subtract: return left - right
        case .multiply: return left * right
        case .divide:
            guard right != 0 else { throw .value("float division by zero") }
            return left / right
        case .floorDivide, .modulo:
            guard right != 0 else { throw .value("float floor division by zero") }
            var remainder = left.truncatingRemainder(dividingBy: right)
            var quotient = (left - remainder) / right
            if remainder == 0 {
                remainder = right < 0 ? -0.0 : 0.0
            } else if (remainder < 0) != (right < 0) {
                remainder += right
                quotient -= 1
            }
            guard sign == .floorDivide else { return remainder }
            let floor = quotient.rounded(.down)
            return quotient - floor > 0.5 ? floor + 1 : floor
        case .power:
            guard left >= 0 || right == right.rounded() else { throw .unsupported("complex numbers") }
            guard left != 0 || right >= 0 else { throw .value("0.0 cannot be raised to a negative power") }
            let result = pow(left, right)
            guard result.isFinite || !left.isFinite || !right.isFinite else { throw .overflow("a power is too large") }
            return result
        }
    }

    /// `+` of what is no number.
    private func joined(_ left: JinjaValue, _ right: JinjaValue) throws(JinjaError) -> JinjaValue {
        switch (left, right) {
        case (.string(let left), .string(let right)):
            let isMarkup = left.isMarkup || right.isMarkup
            let (first, second) = isMarkup ? (left.escaped, right.escaped) : (left, right)
            try charge(first.count + second.count)
            return .string(JinjaText(first.scalars + second.scalars, isMarkup: isMarkup))
        case (.list(let left), .list(let right)): return try list(left.elements + right.elements)
        case (.tuple(let left), .tuple(let right)): return .tuple(try sequence(left.elements + right.elements))
        case (.string, _): throw .type("can only concatenate str (not \"\(right.typeName)\") to str")
        case (.list, _): throw .type("can only concatenate list (not \"\(right.typeName)\") to list")
        default:
            throw .type("unsupported operand type(s) for +: '\(left.typeName)' and '\(right.typeName)'")
        }
    }

    /// A sequence times an integer; nil where `sequence` is none.
    private func repeated(_ sequence: JinjaValue, _ times: JinjaValue) throws(JinjaError) -> JinjaValue? {
        let elements: [JinjaValue]
        switch sequence {
        case .string(let text):
            let count = max(0, try multiplier(times))
            try charge(text.count, times: count)
            var out: [Unicode.Scalar] = []
            if !text.isEmpty { for _ in 0..<count { out.append(contentsOf: text.scalars) } }
            return .string(JinjaText(out, isMarkup: text.isMarkup))
        case .list(let sequence), .tuple(let sequence): elements = sequence.elements
        default: return nil
        }
        let count = max(0, try multiplier(times))
        try charge(elements.count * 8, times: count)
        var out: [JinjaValue] = []
        if !elements.isEmpty { for _ in 0..<count { out += elements } }
        let made = try self.sequence(out)
        if case .tuple = sequence { return .tuple(made) }
        return .list(made)
    }

    private func multiplier(_ value: JinjaValue) throws(JinjaError) -> Int {
        switch value {
        case .integer, .bool: return try integer(value)
        default: throw .type("can't multiply sequence by non-int of type '\(value.typeName)'")
        }
    }
}
