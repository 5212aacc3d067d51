/// What stands behind a value: members, brackets, calls, filters and tests.
extension JinjaParser {
    mutating func postfix(_ start: JinjaExpression) throws(JinjaError) -> JinjaExpression {
        var node = start
        while current.kind == .sign {
            let before = depth
            switch current.text {
            case ".": node = try member(of: node)
            case "[": node = try subscripted(node)
            case "(": node = .call(node, try callArguments())
            default: return node
            }
            try deepen(over: before)
        }
        return node
    }

    private mutating func member(of owner: JinjaExpression) throws(JinjaError) -> JinjaExpression {
        advance()
        let token = current
        advance()
        switch token.kind {
        case .name: return .attribute(owner, token.text, JinjaText(token.text))
        case .integer: return .item(owner, .constant(token.value))
        default: throw .syntax("expected name or number", line: token.line)
        }
    }

    private mutating func subscripted(_ owner: JinjaExpression) throws(JinjaError) -> JinjaExpression {
        advance()
        var places: [JinjaExpression] = []
        var deepest = 0
        while !isSign("]") {
            if !places.isEmpty { try expect(.sign, ",") }
            places.append(try subscriptPlace())
            deepest = max(deepest, depth)
        }
        advance()
        depth = deepest
        return .item(owner, places.count == 1 ? places[0] : .tuple(places))
    }

    private mutating func subscriptPlace() throws(JinjaError) -> JinjaExpression {
        var bounds: [JinjaExpression?] = [nil, nil, nil]
        var deepest = 0
        func isBound(_ parser: JinjaParser) -> Bool {
            !parser.isSign(":") && !parser.isSign("]") && !parser.isSign(",")
        }
        if !isSign(":") {
            let first = try expression()
            guard isSign(":") else { return first }
            bounds[0] = first
            deepest = depth
        }
        for bound in 1...2 {
            guard skip(sign: ":") else { break }
            if isBound(self) {
                bounds[bound] = try expression()
                deepest = max(deepest, depth)
            }
        }
        depth = deepest
        try deepen(over: 0)
        return .slice(bounds[0], bounds[1], bounds[2])
    }

    mutating func filtersAndTests(_ start: JinjaExpression) throws(JinjaError) -> JinjaExpression {
        var node = start
        while true {
            let before = depth
            if isSign("|") {
                node = try filters(of: node) ?? node
                continue
            } else if isName("is") {
                node = try test(of: node)
            } else if isSign("(") {
                node = .call(node, try callArguments())
            } else {
                return node
            }
            try deepen(over: before)
        }
    }

    /// `name.name` of a filter or test.
    private mutating func dottedName() throws(JinjaError) -> String {
        var name = try expectName()
        while skip(sign: ".") { name += "." + (try expectName()) }
        return name
    }

    /// Filters behind a value, or behind the text of a block where there is none; nil where neither is given.
    mutating func filters(of start: JinjaExpression?, isInline: Bool = false) throws(JinjaError) -> JinjaExpression? {
        var node = start
        var isFirst = isInline
        if start == nil { depth = 0 }
        while isFirst || isSign("|") {
            if !isFirst { advance() }
            isFirst = false
            let line = current.line
            let before = depth
            let name = try dottedName()
            depth = 0
            var call = try isSign("(") ? callArguments() : JinjaCallSyntax()
            call.line = line
            if JinjaFilter(rawValue: name) == nil { unknown.append(.syntax("No filter named '\(name)'.", line: line)) }
            node = .filter(node, name, call)
            try deepen(over: before)
        }
        return node
    }

    private mutating func test(of value: JinjaExpression) throws(JinjaError) -> JinjaExpression {
        advance()
        let line = current.line
        let before = depth
        let isNegated = skip(name: "not")
        let name = try dottedName()
        if JinjaTest(rawValue: name) == nil { unknown.append(.syntax("No test named '\(name)'.", line: line)) }
        var call = JinjaCallSyntax()
        depth = 0
        if isSign("(") {
            call = try callArguments()
        } else if startsTestArgument {
            if isName("is") { throw failure("You cannot chain multiple tests with is") }
            call.positional = [try postfix(try primary())]
        }
        call.line = line
        depth = max(depth, before)
        return isNegated ? .not(.test(value, name, call)) : .test(value, name, call)
    }

    private var startsTestArgument: Bool {
        switch current.kind {
        case .name: !["else", "or", "and"].contains(current.text)
        case .string, .integer, .float: true
        case .sign: ["(", "[", "{"].contains(current.text)
        default: false
        }
    }

    mutating func callArguments() throws(JinjaError) -> JinjaCallSyntax {
        var call = JinjaCallSyntax(line: current.line)
        var deepest = depth
        advance()
        var isFirst = true
        func ensure(_ holds: Bool) throws(JinjaError) {
            guard holds else { throw .syntax("invalid syntax for function call expression", line: call.line) }
        }
        while !isSign(")") {
            if !isFirst {
                try expect(.sign, ",")
                if isSign(")") { break }
            }
            isFirst = false
            if skip(sign: "*") {
                try ensure(call.positionalRest == nil && call.namedRest == nil)
                call.positionalRest = try expression()
            } else if skip(sign: "**") {
                try ensure(call.namedRest == nil)
                call.namedRest = try expression()
            } else if current.kind == .name, followingIsAssign {
                try ensure(call.namedRest == nil)
                let name = current.text
                advance()
                advance()
                call.named.append((name: name, value: try expression()))
            } else {
                try ensure(call.positionalRest == nil && call.namedRest == nil && call.named.isEmpty)
                call.positional.append(try expression())
            }
            deepest = max(deepest, depth)
        }
        advance()
        depth = deepest
        return call
    }
}
