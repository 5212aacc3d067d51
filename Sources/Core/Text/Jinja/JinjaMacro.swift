/// A macro, and the variables that its body sees.
struct JinjaMacro {
    let definition: JinjaMacroSyntax
    let scope: JinjaScope?
}

/// The values that something is called with.
struct JinjaArguments {
    var positional: [JinjaValue] = []
    var named: [(name: String, value: JinjaValue)] = []

    var isEmpty: Bool { positional.isEmpty && named.isEmpty }

    /// The values by the parameters' names, nil where none is given.
    ///
    /// A name that begins with "/" takes its value by position only.
    func bound(to names: [String], in function: String) throws(JinjaError) -> [JinjaValue?] {
        guard positional.count <= names.count else {
            throw .type("\(function)() takes at most \(names.count) arguments (\(positional.count) given)")
        }
        var values: [JinjaValue?] = positional + [JinjaValue?](repeating: nil, count: names.count - positional.count)
        for argument in named {
            guard let index = names.firstIndex(of: argument.name) else {
                throw .type("\(function)() got an unexpected keyword argument '\(argument.name)'")
            }
            guard values[index] == nil else {
                throw .type("\(function)() got multiple values for argument '\(argument.name)'")
            }
            values[index] = argument.value
        }
        return values
    }

    /// The same where every value has to be given.
    func required(_ names: [String], in function: String) throws(JinjaError) -> [JinjaValue] {
        let values = try bound(to: names, in: function)
        var given: [JinjaValue] = []
        for (name, value) in zip(names, values) {
            guard let value else { throw .type("\(function)() misses its argument '\(name)'") }
            given.append(value)
        }
        return given
    }
}

extension JinjaInterpreter {
    /// The values of a call's arguments.
    func arguments(_ call: JinjaCallSyntax) throws(JinjaError) -> JinjaArguments {
        var arguments = JinjaArguments()
        for expression in call.positional { arguments.positional.append(try evaluate(expression)) }
        for argument in call.named {
            arguments.named.append((name: argument.name, value: try evaluate(argument.value)))
        }
        if let rest = call.positionalRest { arguments.positional += try elements(of: try evaluate(rest)) }
        if let rest = call.namedRest {
            guard case .dictionary(let dictionary) = try evaluate(rest) else {
                throw .type("the argument after ** must be a mapping")
            }
            for index in dictionary.keys.indices {
                guard case .string(let name) = dictionary.keys[index] else { throw .type("keywords must be strings") }
                arguments.named.append((name: name.string, value: dictionary.values[index]))
            }
        }
        return arguments
    }

    /// The text that a macro makes.
    func invoke(_ macro: JinjaMacro, _ arguments: JinjaArguments) throws(JinjaError) -> JinjaValue {
        try enter(2)
        defer { leave(2) }
        let (outer, outerLine) = (scope, line)
        let inner = JinjaScope(parent: macro.scope)
        try bind(arguments, of: macro.definition, in: inner)
        let (text, _) = try captured { () throws(JinjaError) in try run(macro.definition.body) }
        (scope, line) = (outer, outerLine)
        return .string(text)
    }

    private func bind(_ arguments: JinjaArguments, of definition: JinjaMacroSyntax, in inner: JinjaScope)
        throws(JinjaError)
    {
        let parameters = definition.parameters
        var named = arguments.named
        var missing: [Int] = []
        for (index, parameter) in parameters.enumerated() {
            if index < arguments.positional.count {
                inner.set(parameter.id, arguments.positional[index])
            } else if let place = named.firstIndex(where: { $0.name == parameter.name }) {
                inner.set(parameter.id, named.remove(at: place).value)
            } else {
                missing.append(index)
            }
        }
        if definition.takesCaller, let id = names.firstIndex(of: "caller") {
            let place = named.firstIndex { $0.name == "caller" }
            inner.set(id, place.map { named.remove(at: $0).value } ?? .undefined(.hint("No caller defined")))
        }
        if definition.takesNamedRest, let id = names.firstIndex(of: "kwargs") {
            inner.set(id, .dictionary(try dictionary(named.map { (.text($0.name), $0.value) })))
        } else if let first = named.first {
            throw .type("macro '\(definition.name)' takes no keyword argument '\(first.name)'")
        }
        let rest = arguments.positional.dropFirst(parameters.count)
        if definition.takesPositionalRest, let id = names.firstIndex(of: "varargs") {
            inner.set(id, .tuple(try sequence(Array(rest))))
        } else if !rest.isEmpty {
            throw .type("macro '\(definition.name)' takes not more than \(parameters.count) argument(s)")
        }
        scope = inner
        let firstDefault = parameters.count - definition.defaults.count
        for index in missing {
            inner.set(
                parameters[index].id,
                index >= firstDefault
                    ? try evaluate(definition.defaults[index - firstDefault])
                    : .undefined(.hint("parameter '\(parameters[index].name)' was not provided")))
        }
    }
}
