/// Statements.
extension JinjaParser {
    mutating func template() throws(JinjaError) -> [JinjaStatement] {
        try statements(until: [])
    }

    /// Statements up to one of the tags, which is left as the current word.
    mutating func statements(until ends: [String]) throws(JinjaError) -> [JinjaStatement] {
        var body: [JinjaStatement] = []
        var parts: [JinjaOutputPart] = []
        var partsLine = current.line
        if !ends.isEmpty { endTags.append(ends) }
        defer { if !ends.isEmpty { endTags.removeLast() } }
        func flush() {
            if !parts.isEmpty { body.append(JinjaStatement(line: partsLine, form: .output(parts))) }
            parts = []
        }
        while true {
            if parts.isEmpty { partsLine = current.line }
            switch current.kind {
            case .data:
                if case .string(let text) = current.value { parts.append(.text(text)) }
                advance()
            case .variableBegin:
                let line = current.line
                advance()
                parts.append(.expression(try whole { parser throws(JinjaError) in try parser.tuple() }, line: line))
                try expect(.variableEnd, "end of print statement")
            case .blockBegin:
                flush()
                advance()
                if current.kind == .name, ends.contains(current.text) { return body }
                let statement = try nested { parser throws(JinjaError) in try parser.statement() }
                if let statement { body.append(statement) }
                try expect(.blockEnd, "end of statement block")
            default:
                flush()
                guard ends.isEmpty else { throw lookingFor(unexpected: nil) }
                return body
            }
        }
    }

    private func lookingFor(unexpected name: String?) -> JinjaError {
        var message = name.map { "Encountered unknown tag '\($0)'." } ?? "Unexpected end of template."
        if let wanted = endTags.last {
            let list = wanted.map { "'\($0)'" }.joined(separator: " or ")
            message += " Jinja was looking for the following tags: \(list)."
        }
        if let tag = openTags.last { message += " The innermost block that needs to be closed is '\(tag)'." }
        return failure(message)
    }

    /// An expression whose unknown filters fail here, unless a condition may keep them from being used.
    mutating func whole(_ read: (inout JinjaParser) throws(JinjaError) -> JinjaExpression) throws(JinjaError)
        -> JinjaExpression
    {
        unknown = []
        let expression = try read(&self)
        if !isConditional, let first = unknown.first { throw first }
        return expression
    }

    /// The statements of a block up to `ends`.
    private mutating func body(_ ends: String..., conditional: Bool = false) throws(JinjaError) -> [JinjaStatement] {
        let outer = isConditional
        isConditional = conditional
        defer { isConditional = outer }
        _ = skip(sign: ":")
        try expect(.blockEnd, "end of statement block")
        return try statements(until: ends)
    }

    /// The same for a block that becomes a function, where loops outside cannot be left.
    mutating func functionBody(_ end: String) throws(JinjaError) -> [JinjaStatement] {
        let outer = loopDepth
        loopDepth = 0
        defer { loopDepth = outer }
        let statements = try body(end)
        advance()
        return statements
    }

    private mutating func statement() throws(JinjaError) -> JinjaStatement? {
        guard current.kind == .name else { throw failure("tag name expected") }
        let (tag, line) = (current.text, current.line)
        openTags.append(tag)
        guard let form = try form(of: tag) else {
            openTags.removeLast()
            throw lookingFor(unexpected: tag)
        }
        openTags.removeLast()
        return JinjaStatement(line: line, form: form)
    }

    private mutating func form(of tag: String) throws(JinjaError) -> JinjaStatement.Form? {
        switch tag {
        case "if": return try condition()
        case "for": return try loop()
        case "set": return try assignment()
        case "with": return try with()
        case "macro": return try macro()
        case "call": return try callBlock()
        case "print":
            advance()
            var parts: [JinjaOutputPart] = []
            while current.kind != .blockEnd {
                if !parts.isEmpty { try expect(.sign, ",") }
                parts.append(
                    .expression(try whole { parser throws(JinjaError) in try parser.expression() }, line: current.line))
            }
            return .output(parts)
        case "filter":
            advance()
            let filter = try whole { parser throws(JinjaError) in
                try parser.filters(of: nil, isInline: true) ?? .constant(.none)
            }
            let content = try body("endfilter")
            advance()
            return .filterBlock(filter, content)
        case "generation":
            advance()
            hasGenerationBlocks = true
            return .generation(try functionBody("endgeneration"))
        case "autoescape":
            advance()
            let flag = try whole { parser throws(JinjaError) in try parser.expression() }
            let content = try body("endautoescape")
            advance()
            return .autoescape(flag, content)
        case "block": return try block()
        case "break", "continue":
            guard loopDepth > 0 else { throw failure("'\(tag)' outside loop") }
            advance()
            return tag == "break" ? .leaveLoop : .nextRound
        case "include", "import", "from", "extends":
            while current.kind != .blockEnd, current.kind != .end { advance() }
            return .otherTemplate
        default: return nil
        }
    }

    private mutating func condition() throws(JinjaError) -> JinjaStatement.Form {
        var branches: [(test: JinjaExpression, body: [JinjaStatement])] = []
        let outer = isConditional
        isConditional = true
        defer { isConditional = outer }
        while true {
            advance()
            let test = try whole { parser throws(JinjaError) in try parser.tuple(withCondition: false) }
            branches.append((test: test, body: try body("elif", "else", "endif", conditional: true)))
            if isName("elif") { continue }
            guard isName("else") else {
                advance()
                return .condition(branches, otherwise: [])
            }
            advance()
            let otherwise = try body("endif", conditional: true)
            advance()
            return .condition(branches, otherwise: otherwise)
        }
    }

    private mutating func loop() throws(JinjaError) -> JinjaStatement.Form {
        advance()
        let target = try target(until: "in")
        guard !Self.names(of: target).contains(place("loop")) else {
            throw failure("Can't assign to special loop variable in for-loop target")
        }
        try expect(.name, "in")
        let source = try whole { parser throws(JinjaError) in
            try parser.tuple(withCondition: false, until: "recursive")
        }
        var test: JinjaExpression?
        if skip(name: "if") { test = try whole { parser throws(JinjaError) in try parser.expression() } }
        let isRecursive = skip(name: "recursive")
        loopDepth += 1
        let content = try body("endfor", "else")
        loopDepth -= 1
        var otherwise: [JinjaStatement] = []
        let hasElse = isName("else")
        advance()
        if hasElse {
            otherwise = try body("endfor")
            advance()
        }
        return .loop(
            JinjaLoopSyntax(
                target: target, source: source, condition: test, isRecursive: isRecursive, body: content,
                otherwise: otherwise))
    }

    private mutating func assignment() throws(JinjaError) -> JinjaStatement.Form {
        advance()
        let target = try target(mayBeMember: true)
        if skip(sign: "=") {
            return .assign(target, try whole { parser throws(JinjaError) in try parser.tuple() })
        }
        unknown = []
        let filter = try filters(of: nil)
        if !isConditional, let first = unknown.first { throw first }
        let content = try body("endset")
        advance()
        return .assignBlock(target, filter: filter, content)
    }

    private mutating func with() throws(JinjaError) -> JinjaStatement.Form {
        advance()
        var bindings: [(target: JinjaTarget, value: JinjaExpression)] = []
        while current.kind != .blockEnd, current.kind != .end {
            if !bindings.isEmpty { try expect(.sign, ",") }
            let target = try target()
            try expect(.sign, "=")
            bindings.append((target: target, value: try whole { parser throws(JinjaError) in try parser.expression() }))
        }
        let content = try body("endwith")
        advance()
        return .with(bindings, content)
    }

    private mutating func block() throws(JinjaError) -> JinjaStatement.Form {
        advance()
        let name = try expectName()
        guard blockNames.insert(name).inserted else { throw failure("block '\(name)' defined twice") }
        _ = skip(name: "scoped")
        _ = skip(name: "required")
        let content = try functionBody("endblock")
        _ = skip(name: name)
        return .block(content)
    }
}
