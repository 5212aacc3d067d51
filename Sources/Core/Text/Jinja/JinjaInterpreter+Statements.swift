extension JinjaInterpreter {
    func run(_ statements: [JinjaStatement]) throws(JinjaError) -> JinjaFlow {
        for statement in statements {
            line = statement.line
            let flow = try run(statement.form)
            if flow != .done { return flow }
        }
        return .done
    }

    private func run(_ form: JinjaStatement.Form) throws(JinjaError) -> JinjaFlow {
        try enter()
        defer { leave() }
        switch form {
        case .output(let parts):
            try print(parts)
            return .done
        case .condition(let branches, let otherwise):
            for branch in branches where try evaluate(branch.test).isTrueOrThrow() { return try run(branch.body) }
            return try run(otherwise)
        case .loop(let syntax):
            return try run(loop: syntax)
        case .assign(let target, let expression):
            try assign(try evaluate(expression), to: target)
            return .done
        case .macro(let definition):
            macros.append(JinjaMacro(definition: definition, scope: scope))
            set(definition.nameId, .object(.macro(macros.count - 1)))
            return .done
        case .leaveLoop: return .leaveLoop
        case .nextRound: return .nextRound
        case .otherTemplate: throw .unsupported("a chat template cannot use other templates (include, import, extends)")
        default: return try runBlock(form)
        }
    }

    private func print(_ parts: [JinjaOutputPart]) throws(JinjaError) {
        for part in parts {
            switch part {
            case .text(let text): try write(text)
            case .expression(let expression, let line):
                self.line = line
                try write(try evaluate(expression))
            }
        }
    }

    /// Statements whose body has variables of its own.
    private func runBlock(_ form: JinjaStatement.Form) throws(JinjaError) -> JinjaFlow {
        let outer = scope
        defer { scope = outer }
        switch form {
        case .assignBlock(let target, let filter, let body):
            scope = JinjaScope(parent: outer)
            let (text, flow) = try captured { () throws(JinjaError) in try run(body) }
            scope = outer
            guard flow == .done else { return flow }
            try assign(
                try filter.map { expression throws(JinjaError) in try evaluate(expression, blockText: text) }
                    ?? .string(text), to: target)
        case .with(let bindings, let body):
            var values: [JinjaValue] = []
            for binding in bindings { values.append(try evaluate(binding.value)) }
            scope = JinjaScope(parent: outer)
            for (binding, value) in zip(bindings, values) { try assign(value, to: binding.target) }
            return try run(body)
        case .callBlock(let definition, let callee, let call):
            macros.append(JinjaMacro(definition: definition, scope: outer))
            var arguments = try self.arguments(call)
            let function = try evaluate(callee)
            arguments.named.append((name: "caller", value: .object(.macro(macros.count - 1))))
            try write(try self.call(function, arguments))
        case .filterBlock(let filter, let body):
            scope = JinjaScope(parent: outer)
            let (text, flow) = try captured { () throws(JinjaError) in try run(body) }
            guard flow == .done else { return flow }
            try write(try evaluate(filter, blockText: text))
        case .generation(let body):
            scope = JinjaScope(parent: outer)
            let (text, _) = try captured { () throws(JinjaError) in try run(body) }
            let start = writtenBefore ?? output.count
            generations.append(start..<start + text.count)
            try write(text)
        case .autoescape(let flag, let body):
            let escaped = escapesOutput
            defer { escapesOutput = escaped }
            escapesOutput = try evaluate(flag).isTrueOrThrow()
            scope = JinjaScope(parent: outer)
            return try run(body)
        case .block(let body):
            scope = JinjaScope(parent: nil)
            return try run(body)
        default: break
        }
        return .done
    }
}

extension JinjaValue {
    /// Python's truth; what the sandbox forbids says so.
    func isTrueOrThrow() throws(JinjaError) -> Bool {
        if case .undefined(let undefined) = self, case .unsafe = undefined { throw undefined.error }
        return isTrue
    }
}
