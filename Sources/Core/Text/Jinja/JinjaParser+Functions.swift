/// Macros, call blocks and the targets of assignments.
extension JinjaParser {
    mutating func macro() throws(JinjaError) -> JinjaStatement.Form {
        advance()
        let name = try expectName()
        let id = place(name)
        return .macro(
            try function(named: name, id: id) { parser throws(JinjaError) in
                (try parser.parameters(), try parser.functionBody("endmacro"))
            })
    }

    mutating func callBlock() throws(JinjaError) -> JinjaStatement.Form {
        advance()
        let line = current.line
        var call: (JinjaExpression, JinjaCallSyntax)?
        let id = place("caller")
        let caller = try function(named: "caller", id: id) { parser throws(JinjaError) in
            let parameters = try parser.isSign("(") ? parser.parameters() : ([], [])
            let callee = try parser.whole { parser throws(JinjaError) in try parser.expression() }
            guard case .call(let function, let arguments) = callee else { throw .syntax("expected call", line: line) }
            call = (function, arguments)
            return (parameters, try parser.functionBody("endcall"))
        }
        guard let call else { throw .syntax("expected call", line: line) }
        return .callBlock(caller, callee: call.0, call.1)
    }

    private typealias Parameters = ([(name: String, id: Int)], [JinjaExpression])

    /// Reads a function and sees whether it mentions `caller`, `kwargs` and `varargs`.
    private mutating func function(
        named name: String, id: Int,
        _ read: (inout JinjaParser) throws(JinjaError) -> (Parameters, [JinjaStatement])
    ) throws(JinjaError) -> JinjaMacroSyntax {
        let outer = mentioned
        mentioned = []
        let (parameters, statements) = try read(&self)
        defer { mentioned.formUnion(outer) }
        let given = Set(parameters.0.map(\.name))
        func takes(_ name: String) -> Bool { mentioned.contains(name) && !given.contains(name) }
        return JinjaMacroSyntax(
            name: name, nameId: id, parameters: parameters.0, defaults: parameters.1, body: statements,
            takesCaller: takes("caller"), takesNamedRest: takes("kwargs"), takesPositionalRest: takes("varargs"))
    }

    private mutating func parameters() throws(JinjaError) -> Parameters {
        var names: [(name: String, id: Int)] = []
        var defaults: [JinjaExpression] = []
        try expect(.sign, "(")
        while !isSign(")") {
            if !names.isEmpty { try expect(.sign, ",") }
            let name = try expectName()
            names.append((name: name, id: place(name)))
            if skip(sign: "=") {
                defaults.append(try whole { parser throws(JinjaError) in try parser.expression() })
            } else if !defaults.isEmpty {
                throw failure("non-default argument follows default argument")
            }
        }
        advance()
        return (names, defaults)
    }

    static func names(of target: JinjaTarget) -> [Int] {
        switch target {
        case .name(let id), .member(let id, _): [id]
        case .tuple(let parts): parts.flatMap(names)
        }
    }

    mutating func target(mayBeMember: Bool = false, until end: String? = nil) throws(JinjaError) -> JinjaTarget {
        var targets: [JinjaTarget] = []
        var isTuple = false
        while true {
            if !targets.isEmpty { try expect(.sign, ",") }
            if isTupleEnd(end) { break }
            targets.append(try singleTarget(mayBeMember: mayBeMember))
            guard isSign(",") else { break }
            isTuple = true
        }
        if isTuple { return .tuple(targets) }
        guard let first = targets.first else {
            throw failure("Expected an expression, got '\(current.description)'")
        }
        return first
    }

    private mutating func singleTarget(mayBeMember: Bool) throws(JinjaError) -> JinjaTarget {
        if isSign("(") {
            advance()
            let inner = try nested { parser throws(JinjaError) in try parser.target() }
            try expect(.sign, ")")
            return inner
        }
        guard current.kind == .name else { throw failure("can't assign to '\(current.description)'") }
        let name = current.text
        guard Self.constants[name] == nil else { throw failure("can't assign to 'const'") }
        advance()
        if mayBeMember, skip(sign: ".") { return .member(of: place(name), named: try expectName()) }
        return .name(place(name))
    }
}
