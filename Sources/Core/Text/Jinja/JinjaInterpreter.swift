/// Variables of a block inside the template; blocks see those of the blocks around them.
final class JinjaScope {
    private(set) var variables: [(id: Int, value: JinjaValue)] = []
    let parent: JinjaScope?

    init(parent: JinjaScope?) { self.parent = parent }

    func value(_ id: Int) -> JinjaValue? {
        for variable in variables where variable.id == id { return variable.value }
        return nil
    }

    func set(_ id: Int, _ value: JinjaValue) {
        if let index = variables.firstIndex(where: { $0.id == id }) {
            variables[index].value = value
        } else {
            variables.append((id: id, value: value))
        }
    }
}

/// One rendering: its variables, what it has written, and what is left of its budget.
final class JinjaInterpreter {
    let names: [String]
    /// The place of the name `loop`, where the template has it.
    let loopName: Int?
    let now: @Sendable () -> JinjaDate
    /// Variables of the template itself, by the names' places.
    private var variables: [JinjaValue?]
    /// The innermost block's variables; nil at the top.
    var scope: JinjaScope?
    /// What is being written: the text, or that of a block whose text is taken.
    var output: [Unicode.Scalar] = []
    /// The length of the text where `output` is that of a block; nil where it is the text itself.
    var writtenBefore: Int?
    var generations: [Range<Int>] = []
    var escapesOutput = false
    var line = 0
    var nesting = 0
    var budget: JinjaBudget

    var namespaces: [JinjaDictionary] = []
    var loops: [JinjaLoop] = []
    var macros: [JinjaMacro] = []
    var generators: [JinjaGenerator] = []
    var cyclers: [(items: [JinjaValue], position: Int)] = []
    var joiners: [(separator: JinjaValue, isUsed: Bool)] = []

    init(
        names: [String], variables: [(name: String, value: JinjaValue)], inputSize: Int,
        now: @escaping @Sendable () -> JinjaDate
    ) {
        self.names = names
        loopName = names.firstIndex(of: "loop")
        self.now = now
        budget = JinjaBudget(inputSize: inputSize)
        self.variables = names.map { name in
            variables.last { $0.name == name }?.value ?? JinjaFunction(rawValue: name).map(JinjaValue.function)
        }
    }

    // MARK: Variables

    func value(_ id: Int) -> JinjaValue {
        var scope = scope
        while let current = scope {
            if let value = current.value(id) { return value }
            scope = current.parent
        }
        return variables[id] ?? .undefined(.name(names[id]))
    }

    func set(_ id: Int, _ value: JinjaValue) {
        if let scope { scope.set(id, value) } else { variables[id] = value }
    }

    func assign(_ value: JinjaValue, to target: JinjaTarget) throws(JinjaError) {
        switch target {
        case .name(let id): set(id, value)
        case .member(let id, let name):
            guard case .object(.namespace(let place)) = self.value(id) else {
                throw .type("cannot assign attribute on non-namespace object")
            }
            try checkNamespaceName(name)
            let before = namespaces[place]
            var members: [(JinjaValue, JinjaValue)] = []
            for index in before.keys.indices { members.append((before.keys[index], before.values[index])) }
            members.append((.text(name), value))
            namespaces[place] = try dictionary(members)
        case .tuple(let targets):
            let parts = try elements(of: value)
            guard parts.count <= targets.count else {
                throw .value("too many values to unpack (expected \(targets.count))")
            }
            guard parts.count == targets.count else {
                throw .value("not enough values to unpack (expected \(targets.count), got \(parts.count))")
            }
            for (target, part) in zip(targets, parts) { try assign(part, to: target) }
        }
    }

    func checkNamespaceName(_ name: String) throws(JinjaError) {
        guard !name.hasPrefix("_") else {
            throw .security(
                "Chat templates cannot store underscore-prefixed attributes on a namespace, but got '\(name)'. Please rename the attribute."
            )
        }
    }

    // MARK: Text

    /// The text that `body` writes, instead of writing it.
    func captured(_ body: () throws(JinjaError) -> JinjaFlow) throws(JinjaError) -> (text: JinjaText, flow: JinjaFlow) {
        let (outer, before) = (output, writtenBefore)
        writtenBefore = before ?? outer.count
        output = []
        let flow = try body()
        let text = JinjaText(output, isMarkup: escapesOutput)
        (output, writtenBefore) = (outer, before)
        return (text, flow)
    }

    func write(_ text: JinjaText) throws(JinjaError) {
        try charge(text.count)
        output.append(contentsOf: text.scalars)
    }

    func write(_ value: JinjaValue) throws(JinjaError) {
        if case .undefined = value { return }
        let text = try text(of: value)
        try write(escapesOutput ? text.escaped : text)
    }

    // MARK: Elements

    /// What a loop over the value meets; a generator is used up.
    func elements(of value: JinjaValue) throws(JinjaError) -> [JinjaValue] {
        switch value {
        case .list(let sequence), .tuple(let sequence): return sequence.elements
        case .dictionary(let dictionary): return dictionary.keys
        case .view(let view, let dictionary):
            try charge(dictionary.count, times: 8)
            return dictionary.elements(view)
        case .undefined(.unsafe(let attribute, let owner)):
            throw JinjaUndefined.unsafe(attribute: attribute, of: owner).error
        case .undefined: return []
        case .string(let text):
            try charge(text.count, times: 8)
            return text.scalars.map { .string(JinjaText([$0])) }
        case .range(let range):
            try charge(range.count, times: 8)
            return range.values
        case .object(.generator(let place)):
            let (elements, failure) = generators[place].takeAll()
            if let failure { throw failure }
            return elements
        default: throw .type("'\(value.typeName)' object is not iterable")
        }
    }

    /// A generator over elements that are made already; `failure` is met behind them.
    func generator(_ elements: [JinjaValue], failure: JinjaError? = nil) throws(JinjaError) -> JinjaValue {
        try charge(elements.count, times: 8)
        generators.append(JinjaGenerator(elements: elements, failure: failure))
        return .object(.generator(generators.count - 1))
    }

    /// The integer that a value is used as.
    func integer(_ value: JinjaValue) throws(JinjaError) -> Int {
        switch value {
        case .bool(let flag): return flag ? 1 : 0
        case .integer(let number):
            guard let small = Int(exactly: number) else { throw .overflow("\(number) is too large here") }
            return small
        case .undefined(let undefined): throw undefined.error
        default: throw .type("'\(value.typeName)' object cannot be interpreted as an integer")
        }
    }
}

/// How a block ended.
enum JinjaFlow {
    case done
    case leaveLoop
    case nextRound
}

/// What a filter such as `map` gives: elements that can be met once.
struct JinjaGenerator {
    private var elements: [JinjaValue]
    private var position = 0
    private let failure: JinjaError?

    init(elements: [JinjaValue], failure: JinjaError?) {
        self.elements = elements
        self.failure = failure
    }

    mutating func next() throws(JinjaError) -> JinjaValue? {
        guard position < elements.count else {
            if let failure { throw failure }
            return nil
        }
        defer { position += 1 }
        return elements[position]
    }

    mutating func takeAll() -> (elements: [JinjaValue], failure: JinjaError?) {
        defer { position = elements.count }
        return (Array(elements[position...]), failure)
    }
}
