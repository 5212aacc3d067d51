extension JinjaParser {
    static let constants: [String: JinjaValue] = [
        "true": .bool(true), "True": .bool(true), "false": .bool(false), "False": .bool(false), "none": .none,
        "None": .none,
    ]

    /// Notes that an expression was made of the last one and one of depth `left`.
    mutating func deepen(over left: Int) throws(JinjaError) {
        depth = max(left, depth) + 1
        guard depth <= Self.deepestExpression else {
            throw .budget("an expression is longer than \(Self.deepestExpression) operators", line: current.line)
        }
    }

    /// Expressions with commas between them, or one.
    mutating func tuple(withCondition: Bool = true, until end: String? = nil, inParentheses: Bool = false)
        throws(JinjaError) -> JinjaExpression
    {
        var elements: [JinjaExpression] = []
        var deepest = 0
        var isTuple = false
        while true {
            if !elements.isEmpty { try expect(.sign, ",") }
            if isTupleEnd(end) { break }
            elements.append(try expression(withCondition: withCondition))
            deepest = max(deepest, depth)
            guard isSign(",") else { break }
            isTuple = true
        }
        depth = deepest
        if !isTuple {
            if let first = elements.first { return first }
            guard inParentheses else { throw failure("Expected an expression, got '\(current.description)'") }
        }
        try deepen(over: 0)
        return .tuple(elements)
    }

    func isTupleEnd(_ end: String?) -> Bool {
        current.kind == .variableEnd || current.kind == .blockEnd || isSign(")") || end.map(isName) == true
    }

    mutating func expression(withCondition: Bool = true) throws(JinjaError) -> JinjaExpression {
        try nested { parser throws(JinjaError) in
            try withCondition ? parser.conditional() : parser.disjunction()
        }
    }

    private mutating func conditional() throws(JinjaError) -> JinjaExpression {
        let known = unknown.count
        var result = try disjunction()
        while skip(name: "if") {
            let left = depth
            let condition = try disjunction()
            let middle = max(left, depth)
            depth = 0
            let otherwise: JinjaExpression? = try skip(name: "else") ? expression() : nil
            try deepen(over: middle)
            unknown.removeLast(unknown.count - known)
            result = .conditional(condition: condition, then: result, otherwise: otherwise)
        }
        return result
    }

    private mutating func disjunction() throws(JinjaError) -> JinjaExpression {
        var left = try conjunction()
        while skip(name: "or") {
            let before = depth
            left = .or(left, try conjunction())
            try deepen(over: before)
        }
        return left
    }

    private mutating func conjunction() throws(JinjaError) -> JinjaExpression {
        var left = try negation()
        while skip(name: "and") {
            let before = depth
            left = .and(left, try negation())
            try deepen(over: before)
        }
        return left
    }

    private mutating func negation() throws(JinjaError) -> JinjaExpression {
        guard skip(name: "not") else { return try comparison() }
        let operand = try nested { parser throws(JinjaError) in try parser.negation() }
        try deepen(over: 0)
        return .not(operand)
    }

    private mutating func comparison() throws(JinjaError) -> JinjaExpression {
        let first = try sum()
        var rest: [(comparison: JinjaComparison, right: JinjaExpression)] = []
        var deepest = depth
        while let comparison = nextComparison() {
            rest.append((comparison: comparison, right: try sum()))
            deepest = max(deepest, depth)
        }
        guard !rest.isEmpty else { return first }
        try deepen(over: deepest)
        return .compare(first, rest)
    }

    private mutating func nextComparison() -> JinjaComparison? {
        if current.kind == .sign, let comparison = JinjaComparison(rawValue: current.text) {
            advance()
            return comparison
        }
        if skip(name: "in") { return .isIn }
        if isName("not"), index + 1 < tokens.count, tokens[index + 1].kind == .name, tokens[index + 1].text == "in" {
            advance()
            advance()
            return .isNotIn
        }
        return nil
    }

    private mutating func nextOperator(_ signs: [JinjaOperator]) -> JinjaOperator? {
        guard current.kind == .sign, let sign = JinjaOperator(rawValue: current.text), signs.contains(sign) else {
            return nil
        }
        advance()
        return sign
    }

    private mutating func sum() throws(JinjaError) -> JinjaExpression {
        var left = try concatenation()
        while let sign = nextOperator([.add, .subtract]) {
            let before = depth
            left = .arithmetic(sign, left, try concatenation())
            try deepen(over: before)
        }
        return left
    }

    private mutating func concatenation() throws(JinjaError) -> JinjaExpression {
        var parts = [try product()]
        var deepest = depth
        while skip(sign: "~") {
            parts.append(try product())
            deepest = max(deepest, depth)
        }
        guard parts.count > 1 else { return parts[0] }
        try deepen(over: deepest)
        return .concatenation(parts)
    }

    private mutating func product() throws(JinjaError) -> JinjaExpression {
        var left = try power()
        while let sign = nextOperator([.multiply, .divide, .floorDivide, .modulo]) {
            let before = depth
            left = .arithmetic(sign, left, try power())
            try deepen(over: before)
        }
        return left
    }

    private mutating func power() throws(JinjaError) -> JinjaExpression {
        var left = try unary()
        while nextOperator([.power]) != nil {
            let before = depth
            left = .arithmetic(.power, left, try unary())
            try deepen(over: before)
        }
        return left
    }

    private mutating func unary(withFilter: Bool = true) throws(JinjaError) -> JinjaExpression {
        var node: JinjaExpression
        if isSign("-") || isSign("+") {
            let isNegative = isSign("-")
            advance()
            let operand = try nested { parser throws(JinjaError) in try parser.unary(withFilter: false) }
            try deepen(over: 0)
            node = isNegative ? .negative(operand) : .positive(operand)
        } else {
            node = try primary()
        }
        node = try postfix(node)
        return withFilter ? try filtersAndTests(node) : node
    }

    mutating func primary() throws(JinjaError) -> JinjaExpression {
        depth = 1
        let token = current
        switch token.kind {
        case .name:
            advance()
            return Self.constants[token.text].map(JinjaExpression.constant) ?? .name(place(token.text))
        case .string:
            var scalars: [Unicode.Scalar] = []
            while current.kind == .string, case .string(let text) = current.value {
                scalars += text.scalars
                advance()
            }
            return .constant(.string(JinjaText(scalars)))
        case .integer, .float:
            advance()
            return .constant(token.value)
        case .sign where token.text == "(":
            advance()
            let inner = try nested { parser throws(JinjaError) in try parser.tuple(inParentheses: true) }
            try expect(.sign, ")")
            return inner
        case .sign where token.text == "[":
            advance()
            let (elements, deepest) = try listElements(until: "]")
            depth = deepest
            try deepen(over: 0)
            return .list(elements)
        case .sign where token.text == "{": return try dictionary()
        default: throw failure("unexpected '\(token.description)'")
        }
    }

    private mutating func listElements(until end: String) throws(JinjaError) -> ([JinjaExpression], Int) {
        var elements: [JinjaExpression] = []
        var deepest = 0
        while !isSign(end) {
            if !elements.isEmpty { try expect(.sign, ",") }
            if isSign(end) { break }
            elements.append(try expression())
            deepest = max(deepest, depth)
        }
        advance()
        return (elements, deepest)
    }

    private mutating func dictionary() throws(JinjaError) -> JinjaExpression {
        advance()
        var members: [(key: JinjaExpression, value: JinjaExpression)] = []
        var deepest = 0
        while !isSign("}") {
            if !members.isEmpty { try expect(.sign, ",") }
            if isSign("}") { break }
            let key = try expression()
            deepest = max(deepest, depth)
            try expect(.sign, ":")
            members.append((key: key, value: try expression()))
            deepest = max(deepest, depth)
        }
        advance()
        depth = deepest
        try deepen(over: 0)
        return .dictionary(members)
    }
}
