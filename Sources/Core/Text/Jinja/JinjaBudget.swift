/// How much one rendering may use, in proportion to what it is given.
///
/// A template comes with a model that someone published: it is not trusted. Loops, growing strings and deep nesting end with a
/// sentence instead of filling the machine. Real templates use a few thousandths of this.
struct JinjaBudget {
    /// Statements and expressions that are evaluated, elements that are looped over.
    var steps: Int
    /// Code points (and elements, eight for each) that are made.
    var space: Int
    /// Levels of calls, blocks and expressions inside each other.
    static let deepestNesting = 500
    /// Levels of lists and dictionaries inside each other.
    static let deepestValue = 200
    /// Values in all inside one list or dictionary.
    static let heaviestValue = 4_000_000

    init(inputSize: Int) {
        let input = min(inputSize, 1 << 32)
        steps = 1_000_000 + 32 * input
        space = (1 << 23) + 64 * input
    }
}

extension JinjaInterpreter {
    /// Counts evaluated work.
    func step(_ count: Int = 1) throws(JinjaError) {
        budget.steps -= count
        guard budget.steps >= 0 else { throw .budget("the template loops longer than a rendering is allowed to") }
    }

    /// Counts code points before or after they are made.
    func charge(_ count: Int) throws(JinjaError) {
        let (rest, overflows) = budget.space.subtractingReportingOverflow(count)
        guard !overflows, rest >= 0 else {
            throw .budget("the template makes more text than a rendering is allowed to")
        }
        budget.space = rest
    }

    /// Counts `count` repeated `times` before it is made.
    func charge(_ count: Int, times: Int) throws(JinjaError) {
        let (product, overflows) = count.multipliedReportingOverflow(by: max(0, times))
        try charge(overflows ? .max : product)
    }

    /// Goes `levels` deeper; `leave` goes back.
    func enter(_ levels: Int = 1) throws(JinjaError) {
        guard nesting + levels <= JinjaBudget.deepestNesting else {
            throw .budget("the template nests or calls itself deeper than \(JinjaBudget.deepestNesting) levels")
        }
        try step()
        nesting += levels
    }

    func leave(_ levels: Int = 1) { nesting -= levels }

    /// A list whose elements are counted.
    func list(_ elements: [JinjaValue]) throws(JinjaError) -> JinjaValue { .list(try sequence(elements)) }

    func sequence(_ elements: [JinjaValue], isGroup: Bool = false) throws(JinjaError) -> JinjaSequence {
        try charge(elements.count, times: 8)
        let sequence = JinjaSequence(elements, isGroup: isGroup)
        try check(depth: sequence.depth, weight: sequence.weight)
        return sequence
    }

    func dictionary(_ pairs: [(JinjaValue, JinjaValue)]) throws(JinjaError) -> JinjaDictionary {
        try charge(pairs.count, times: 24)
        var keyed: [(key: JinjaKey, name: JinjaValue, value: JinjaValue)] = []
        keyed.reserveCapacity(pairs.count)
        for (name, value) in pairs {
            guard let key = name.key else { throw .type("unhashable type: '\(name.typeName)'") }
            keyed.append((key: key, name: name, value: value))
        }
        let dictionary = JinjaDictionary(keyed)
        try check(depth: dictionary.depth, weight: dictionary.weight)
        return dictionary
    }

    private func check(depth: Int, weight: Int) throws(JinjaError) {
        guard depth <= JinjaBudget.deepestValue else {
            throw .budget("lists and dictionaries are nested deeper than \(JinjaBudget.deepestValue) levels")
        }
        guard weight <= JinjaBudget.heaviestValue else {
            throw .budget("a list or dictionary holds more than \(JinjaBudget.heaviestValue) values in all")
        }
    }
}
