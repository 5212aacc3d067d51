/// Runs a program over one text, all its ways at once.
struct RegularMatcher {
    private let program: RegularProgram
    private let text: [Unicode.Scalar]
    /// What look-aheads have found, by their instruction and place.
    private var found: [Int: Bool] = [:]

    init(_ program: RegularProgram, text: [Unicode.Scalar]) {
        (self.program, self.text) = (program, text)
    }

    mutating func matchesWhole() -> Bool { run(from: 0, at: 0, toTheEnd: true) }

    /// Whether the program matches from `start`: up to the text's end, or up to any place.
    private mutating func run(from entry: Int, at start: Int, toTheEnd: Bool) -> Bool {
        var states = RegularStates(capacity: program.instructions.count)
        var next = RegularStates(capacity: program.instructions.count)
        add(entry, to: &states, at: start)
        for place in start...text.count {
            if states.isAccepting, !toTheEnd || place == text.count { return true }
            guard place < text.count, !states.characters.isEmpty else { return false }
            next.removeAll()
            for state in states.characters {
                guard case .character(let set) = program.instructions[state], set.contains(text[place]) else {
                    continue
                }
                add(state + 1, to: &next, at: place + 1)
            }
            swap(&states, &next)
        }
        return false
    }

    /// Adds a state and all that it leads to without a character.
    private mutating func add(_ entry: Int, to states: inout RegularStates, at place: Int) {
        var waiting = [entry]
        while let state = waiting.popLast() {
            guard states.insert(state) else { continue }
            switch program.instructions[state] {
            case .character: states.characters.append(state)
            case .accept: states.isAccepting = true
            case .jump(let target): waiting.append(target)
            case .split(let first, let second): waiting += [second, first]
            case .anchor(let anchor): if holds(anchor, at: place) { waiting.append(state + 1) }
            case .lookahead(let body, let isNegative, let target):
                if finds(body, at: place) != isNegative { waiting.append(target) }
            }
        }
    }

    private mutating func finds(_ body: Int, at place: Int) -> Bool {
        let key = body * (text.count + 1) + place
        if let known = found[key] { return known }
        let result = run(from: body, at: place, toTheEnd: false)
        found[key] = result
        return result
    }

    private func holds(_ anchor: RegularAnchor, at place: Int) -> Bool {
        func isWord(_ index: Int) -> Bool { text.indices.contains(index) && RegularSet.Kind.word.contains(text[index]) }
        return switch anchor {
        case .start: place == 0
        case .end: place == text.count
        case .endOfLine: place == text.count || place == text.count - 1 && text[place] == "\n"
        case .wordBoundary: isWord(place - 1) != isWord(place)
        case .noWordBoundary: isWord(place - 1) == isWord(place)
        }
    }
}

/// The states in which a program is at one place.
private struct RegularStates {
    /// Those that wait for a character.
    var characters: [Int] = []
    /// Whether the program may end here.
    var isAccepting = false
    private var isIn: [Bool]
    private var members: [Int] = []

    init(capacity: Int) { isIn = Array(repeating: false, count: capacity) }

    mutating func insert(_ state: Int) -> Bool {
        guard !isIn[state] else { return false }
        isIn[state] = true
        members.append(state)
        return true
    }

    mutating func removeAll() {
        for state in members { isIn[state] = false }
        members.removeAll(keepingCapacity: true)
        characters.removeAll(keepingCapacity: true)
        isAccepting = false
    }
}
