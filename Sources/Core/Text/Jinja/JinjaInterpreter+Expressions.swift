extension JinjaInterpreter {
    func evaluate(_ expression: JinjaExpression) throws(JinjaError) -> JinjaValue {
        switch expression {
        case .constant(let value): return value
        case .name(let id): return value(id)
        default:
            try enter()
            defer { leave() }
            return try evaluateNode(expression)
        }
    }

    /// The value of filters that are applied to a block's text.
    func evaluate(_ filters: JinjaExpression, blockText: JinjaText) throws(JinjaError) -> JinjaValue {
        guard case .filter(let inner, let name, let call) = filters else { return .string(blockText) }
        let value = try inner.map { expression throws(JinjaError) in try evaluate(expression, blockText: blockText) }
        return try filter(named: name, value ?? .string(blockText), try arguments(call))
    }

    private func evaluateNode(_ expression: JinjaExpression) throws(JinjaError) -> JinjaValue {
        switch expression {
        case .constant, .name: return try evaluate(expression)
        case .attribute(let owner, let name, let text): return try attribute(of: try evaluate(owner), name, text)
        case .item(let owner, .slice(let start, let stop, let step)):
            return try slice(try evaluate(owner), try bound(start), try bound(stop), try bound(step))
        case .item(let owner, let key): return try item(of: try evaluate(owner), try evaluate(key))
        case .slice: throw .type("slices stand alone between brackets")
        case .call(let callee, let call): return try evaluateCall(callee, call)
        case .filter(let value, let name, let call):
            guard let value else { throw .type("a filter without a value") }
            return try filter(named: name, try evaluate(value), try arguments(call))
        case .test(let value, let name, let call):
            return .bool(try test(named: name, try evaluate(value), try arguments(call)))
        case .not(let operand): return .bool(!(try evaluate(operand).isTrueOrThrow()))
        case .negative(let operand): return try negated(try evaluate(operand))
        case .positive(let operand): return try positive(try evaluate(operand))
        case .arithmetic(let sign, let left, let right):
            let left = try evaluate(left)
            return try arithmetic(sign, left, try evaluate(right))
        case .and(let left, let right):
            let value = try evaluate(left)
            return try value.isTrueOrThrow() ? evaluate(right) : value
        case .or(let left, let right):
            let value = try evaluate(left)
            return try value.isTrueOrThrow() ? value : evaluate(right)
        case .compare(let first, let rest): return try compare(first, rest)
        case .concatenation(let parts): return try concatenate(parts)
        case .conditional(let condition, let then, let otherwise):
            if try evaluate(condition).isTrueOrThrow() { return try evaluate(then) }
            guard let otherwise else {
                return .undefined(
                    .hint("the inline if-expression evaluated to false and no else section was defined."))
            }
            return try evaluate(otherwise)
        case .list(let elements): return .list(try sequence(try evaluateAll(elements)))
        case .tuple(let elements): return .tuple(try sequence(try evaluateAll(elements)))
        case .dictionary(let members):
            var pairs: [(JinjaValue, JinjaValue)] = []
            for member in members {
                let key = try evaluate(member.key)
                pairs.append((key, try evaluate(member.value)))
            }
            return .dictionary(try dictionary(pairs))
        }
    }

    private func bound(_ expression: JinjaExpression?) throws(JinjaError) -> Int? {
        guard let expression else { return nil }
        let value = try evaluate(expression)
        if case .none = value { return nil }
        if case .integer(let number) = value { return Int(clamping: number) }
        return try integer(value)
    }

    private func evaluateAll(_ expressions: [JinjaExpression]) throws(JinjaError) -> [JinjaValue] {
        var values: [JinjaValue] = []
        values.reserveCapacity(expressions.count)
        for expression in expressions { values.append(try evaluate(expression)) }
        return values
    }

    private func evaluateCall(_ callee: JinjaExpression, _ call: JinjaCallSyntax) throws(JinjaError) -> JinjaValue {
        let function = try evaluate(callee)
        let arguments = try arguments(call)
        line = call.line
        return try self.call(function, arguments)
    }

    private func compare(_ first: JinjaExpression, _ rest: [(comparison: JinjaComparison, right: JinjaExpression)])
        throws(JinjaError) -> JinjaValue
    {
        var left = try evaluate(first)
        for (comparison, expression) in rest {
            let right = try evaluate(expression)
            guard try holds(comparison, left, right) else { return .bool(false) }
            left = right
        }
        return .bool(true)
    }

    func holds(_ comparison: JinjaComparison, _ left: JinjaValue, _ right: JinjaValue) throws(JinjaError) -> Bool {
        switch comparison {
        case .equal: return try areEqual(left, right)
        case .notEqual: return !(try areEqual(left, right))
        case .less: return try isLess(left, right)
        case .lessOrEqual: return try isLess(left, right, orEqual: true, sign: "<=")
        case .greater: return try isLess(right, left, sign: ">")
        case .greaterOrEqual: return try isLess(right, left, orEqual: true, sign: ">=")
        case .isIn: return try contains(right, left)
        case .isNotIn: return !(try contains(right, left))
        }
    }

    /// Python's `==`, its work counted.
    func areEqual(_ left: JinjaValue, _ right: JinjaValue) throws(JinjaError) -> Bool {
        for case .undefined(.unsafe(let attribute, let owner)) in [left, right] {
            throw JinjaUndefined.unsafe(attribute: attribute, of: owner).error
        }
        try step(min(left.weight, right.weight))
        return JinjaValue.areEqual(left, right)
    }

    func isLess(_ left: JinjaValue, _ right: JinjaValue, orEqual: Bool = false, sign: String = "<") throws(JinjaError)
        -> Bool
    {
        try step(min(left.weight, right.weight))
        return try JinjaValue.isLess(left, right, orEqual: orEqual, sign: sign)
    }

    /// `element in container`.
    private func contains(_ container: JinjaValue, _ element: JinjaValue) throws(JinjaError) -> Bool {
        switch container {
        case .string(let text):
            guard case .string(let needle) = element else {
                throw .type("'in <string>' requires string as left operand, not \(element.typeName)")
            }
            try step(1 + text.count / 8)
            return text.firstIndex(of: needle.scalars) != nil
        case .dictionary(let dictionary), .view(.keys, let dictionary):
            guard let key = element.key else { throw .type("unhashable type: '\(element.typeName)'") }
            return dictionary.value(key) != nil
        case .object(.generator(let place)):
            while let next = try generators[place].next() {
                if try areEqual(next, element) { return true }
            }
            return false
        case .list, .tuple, .view, .range, .undefined:
            for candidate in try elements(of: container) where try areEqual(candidate, element) { return true }
            return false
        default: throw .type("argument of type '\(container.typeName)' is not iterable")
        }
    }

    private func concatenate(_ parts: [JinjaExpression]) throws(JinjaError) -> JinjaValue {
        var texts: [JinjaText] = []
        for part in parts { texts.append(try text(of: try evaluate(part))) }
        let isMarkup = escapesOutput && texts.contains { $0.isMarkup }
        var out: [Unicode.Scalar] = []
        for text in texts {
            let text = isMarkup ? text.escaped : text
            try charge(text.count)
            out.append(contentsOf: text.scalars)
        }
        return .string(JinjaText(out, isMarkup: isMarkup))
    }
}
