/// A running `for` loop and what its `loop` variable tells.
struct JinjaLoop {
    let syntax: JinjaLoopSyntax
    /// The variables around the loop.
    let scope: JinjaScope?
    let depth: Int
    fileprivate(set) var items: [JinjaValue]
    fileprivate let failure: JinjaError?
    fileprivate var position = 0
    fileprivate var isFiltered: Bool
    /// Whether the number of rounds is known without going through them.
    fileprivate var length: Int?
    /// The round, from 0.
    fileprivate(set) var index = -1
    fileprivate(set) var before: JinjaValue?
    fileprivate(set) var current: JinjaValue?
    /// The next item, where it was looked at already.
    fileprivate var after: JinjaValue?
    var changed: [JinjaValue]?

    init(
        _ syntax: JinjaLoopSyntax, items: [JinjaValue], failure: JinjaError?, isSized: Bool, scope: JinjaScope?,
        depth: Int
    ) {
        self.syntax = syntax
        self.scope = scope
        self.depth = depth
        self.items = items
        self.failure = failure
        isFiltered = syntax.condition != nil
        length = isSized && syntax.condition == nil ? items.count : nil
    }
}

extension JinjaInterpreter {
    func run(loop syntax: JinjaLoopSyntax) throws(JinjaError) -> JinjaFlow {
        try run(loop: syntax, over: try evaluate(syntax.source), depth: 0)
    }

    /// Runs a loop over a value; `depth` counts recursive calls.
    func run(loop syntax: JinjaLoopSyntax, over source: JinjaValue, depth: Int) throws(JinjaError) -> JinjaFlow {
        let outer = scope
        defer { scope = outer }
        var items: [JinjaValue] = []
        var failure: JinjaError?
        var isSized = true
        if case .object(.generator(let place)) = source {
            (items, failure) = generators[place].takeAll()
            isSized = false
        } else {
            items = try elements(of: source)
        }
        let place = loops.count
        loops.append(
            JinjaLoop(syntax, items: items, failure: failure, isSized: isSized, scope: outer, depth: depth))
        var isElseDue = true
        rounds: while let item = try nextItem(place) {
            let variables = JinjaScope(parent: outer)
            scope = variables
            try assign(item, to: syntax.target)
            if let loopName { variables.set(loopName, .object(.loop(place))) }
            switch try run(syntax.body) {
            case .done: isElseDue = false
            case .nextRound: break
            case .leaveLoop: break rounds
            }
        }
        scope = outer
        guard isElseDue, !syntax.otherwise.isEmpty else { return .done }
        scope = JinjaScope(parent: outer)
        return try run(syntax.otherwise)
    }

    private func nextItem(_ place: Int) throws(JinjaError) -> JinjaValue? {
        let next: JinjaValue?
        if let after = loops[place].after {
            loops[place].after = nil
            next = after
        } else {
            next = try advance(place)
        }
        guard let next else { return nil }
        loops[place].index += 1
        loops[place].before = loops[place].current
        loops[place].current = next
        return next
    }

    /// The next item that the loop's condition admits.
    private func advance(_ place: Int) throws(JinjaError) -> JinjaValue? {
        while loops[place].position < loops[place].items.count {
            try step()
            let item = loops[place].items[loops[place].position]
            loops[place].position += 1
            guard loops[place].isFiltered, let condition = loops[place].syntax.condition else { return item }
            let outer = scope
            scope = JinjaScope(parent: loops[place].scope)
            defer { scope = outer }
            try assign(item, to: loops[place].syntax.target)
            if try evaluate(condition).isTrueOrThrow() { return item }
        }
        if let failure = loops[place].failure { throw failure }
        return nil
    }

    private func peek(_ place: Int) throws(JinjaError) -> JinjaValue? {
        if loops[place].after == nil { loops[place].after = try advance(place) }
        return loops[place].after
    }

    func loopLength(_ place: Int) throws(JinjaError) -> Int {
        if let length = loops[place].length { return length }
        var rest: [JinjaValue] = []
        let peeked = loops[place].after == nil ? 0 : 1
        while let item = try advance(place) { rest.append(item) }
        loops[place].items = rest
        loops[place].position = 0
        loops[place].isFiltered = false
        let length = rest.count + loops[place].index + 1 + peeked
        loops[place].length = length
        return length
    }

    /// A member of the `loop` variable; nil where there is none of that name.
    func loopMember(_ place: Int, _ name: String) throws(JinjaError) -> JinjaValue? {
        let loop = loops[place]
        switch name {
        case "index": return .whole(loop.index + 1)
        case "index0": return .whole(loop.index)
        case "first": return .bool(loop.index == 0)
        case "last": return .bool(try peek(place) == nil)
        case "length": return .whole(try loopLength(place))
        case "revindex": return .whole(try loopLength(place) - loop.index)
        case "revindex0": return .whole(try loopLength(place) - loop.index - 1)
        case "depth": return .whole(loop.depth + 1)
        case "depth0": return .whole(loop.depth)
        case "previtem":
            return loop.index > 0 ? loop.before ?? .none : .undefined(.hint("there is no previous item"))
        case "nextitem": return try peek(place) ?? .undefined(.hint("there is no next item"))
        case "cycle", "changed": return .method(of: .object(.loop(place)), named: name)
        default: return nil
        }
    }

    /// `loop(...)`: the text of the same loop over other items.
    func recurse(_ place: Int, _ arguments: JinjaArguments) throws(JinjaError) -> JinjaValue {
        try enter(3)
        defer { leave(3) }
        let loop = loops[place]
        guard loop.syntax.isRecursive else {
            throw .type("The loop must have the 'recursive' marker to be called recursively.")
        }
        let source = try arguments.required(["iterable"], in: "loop")[0]
        let outer = scope
        defer { scope = outer }
        scope = loop.scope
        let (text, _) = try captured { () throws(JinjaError) in
            try run(loop: loop.syntax, over: source, depth: loop.depth + 1)
        }
        return .string(text)
    }
}
