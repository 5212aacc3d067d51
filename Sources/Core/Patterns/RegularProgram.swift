/// The instructions that a regular expression becomes.
struct RegularProgram: Sendable {
    enum Instruction: Sendable {
        case character(RegularSet)
        case split(Int, Int)
        case jump(Int)
        case anchor(RegularAnchor)
        /// What begins at `body` has to match, or must not; it ends with `accept`.
        case lookahead(body: Int, isNegative: Bool, next: Int)
        case accept
    }

    private(set) var instructions: [Instruction] = []

    /// - Throws: ``RegularExpressionError`` for a program longer than is allowed, before any of it is made.
    init(_ node: RegularNode) throws(RegularExpressionError) {
        let size = Self.size(node)
        guard size.all < RegularExpression.maximumProgram, size.lookahead < RegularExpression.maximumLookahead else {
            throw RegularExpressionError("its repetitions make it too long")
        }
        append(node)
        instructions.append(.accept)
    }

    /// Instructions that a node becomes, and those of them in look-aheads; above every limit where that is beyond counting.
    private static func size(_ node: RegularNode) -> (all: Int, lookahead: Int) {
        func sum(_ nodes: [RegularNode], each extra: Int) -> (all: Int, lookahead: Int) {
            nodes.map(size).reduce((0, 0)) { (capped($0.0 + $1.all + extra), capped($0.1 + $1.lookahead)) }
        }
        switch node {
        case .empty: return (0, 0)
        case .scalar, .anchor: return (1, 0)
        case .sequence(let nodes): return sum(nodes, each: 0)
        case .alternatives(let nodes): return sum(nodes, each: 2)
        case .repeated(let node, let minimum, let maximum):
            let (one, count) = (size(node), max(maximum ?? minimum + 1, 1))
            return (capped(count * (one.all + 2)), capped(count * one.lookahead))
        case .lookahead(let node, _):
            let inner = size(node).all + 2
            return (capped(inner), capped(inner))
        }
    }

    private static func capped(_ size: Int) -> Int { min(size, 1 << 30) }

    private mutating func append(_ node: RegularNode) {
        switch node {
        case .empty: break
        case .scalar(let set): instructions.append(.character(set))
        case .anchor(let anchor): instructions.append(.anchor(anchor))
        case .sequence(let nodes): for node in nodes { append(node) }
        case .alternatives(let nodes): appendAlternatives(nodes)
        case .repeated(let node, let minimum, let maximum):
            for _ in 0..<minimum { append(node) }
            guard let maximum else { return appendLoop(node) }
            var splits: [Int] = []
            for _ in minimum..<maximum {
                splits.append(instructions.count)
                instructions.append(.accept)
                append(node)
            }
            for split in splits { instructions[split] = .split(split + 1, instructions.count) }
        case .lookahead(let node, let isNegative):
            let place = instructions.count
            instructions.append(.accept)
            append(node)
            instructions.append(.accept)
            instructions[place] = .lookahead(body: place + 1, isNegative: isNegative, next: instructions.count)
        }
    }

    private mutating func appendLoop(_ node: RegularNode) {
        let split = instructions.count
        instructions.append(.accept)
        append(node)
        instructions.append(.jump(split))
        instructions[split] = .split(split + 1, instructions.count)
    }

    private mutating func appendAlternatives(_ nodes: [RegularNode]) {
        var jumps: [Int] = []
        for (index, node) in nodes.enumerated() {
            let isLast = index == nodes.count - 1
            let split = instructions.count
            if !isLast { instructions.append(.accept) }
            append(node)
            guard !isLast else { break }
            jumps.append(instructions.count)
            instructions.append(.accept)
            instructions[split] = .split(split + 1, instructions.count)
        }
        for jump in jumps { instructions[jump] = .jump(instructions.count) }
    }
}
