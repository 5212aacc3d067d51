/// An expression of the syntax tree.
indirect enum JinjaExpression: Sendable {
    case constant(JinjaValue)
    /// A variable, by its place in the template's names.
    case name(Int)
    case list([JinjaExpression])
    case tuple([JinjaExpression])
    case dictionary([(key: JinjaExpression, value: JinjaExpression)])
    case attribute(JinjaExpression, String, JinjaText)
    case item(JinjaExpression, JinjaExpression)
    case slice(JinjaExpression?, JinjaExpression?, JinjaExpression?)
    case call(JinjaExpression, JinjaCallSyntax)
    /// A filter; nil stands for the text of a block.
    case filter(JinjaExpression?, String, JinjaCallSyntax)
    case test(JinjaExpression, String, JinjaCallSyntax)
    case not(JinjaExpression)
    case negative(JinjaExpression)
    case positive(JinjaExpression)
    case arithmetic(JinjaOperator, JinjaExpression, JinjaExpression)
    case and(JinjaExpression, JinjaExpression)
    case or(JinjaExpression, JinjaExpression)
    case compare(JinjaExpression, [(comparison: JinjaComparison, right: JinjaExpression)])
    case concatenation([JinjaExpression])
    case conditional(condition: JinjaExpression, then: JinjaExpression, otherwise: JinjaExpression?)
}

enum JinjaOperator: String, Sendable {
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case floorDivide = "//"
    case modulo = "%"
    case power = "**"
}

enum JinjaComparison: String, Sendable {
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case isIn = "in"
    case isNotIn = "not in"
}

/// What stands between the parentheses of a call.
struct JinjaCallSyntax: Sendable {
    var positional: [JinjaExpression] = []
    var named: [(name: String, value: JinjaExpression)] = []
    var positionalRest: JinjaExpression?
    var namedRest: JinjaExpression?
    var line = 0
}

/// What a value is assigned to.
indirect enum JinjaTarget: Sendable {
    case name(Int)
    case member(of: Int, named: String)
    case tuple([JinjaTarget])
}

/// A part of printed text.
enum JinjaOutputPart: Sendable {
    case text(JinjaText)
    case expression(JinjaExpression, line: Int)
}

/// A statement and its line.
struct JinjaStatement: Sendable {
    let line: Int
    let form: Form

    indirect enum Form: Sendable {
        case output([JinjaOutputPart])
        case condition([(test: JinjaExpression, body: [JinjaStatement])], otherwise: [JinjaStatement])
        case loop(JinjaLoopSyntax)
        case assign(JinjaTarget, JinjaExpression)
        case assignBlock(JinjaTarget, filter: JinjaExpression?, [JinjaStatement])
        case with([(target: JinjaTarget, value: JinjaExpression)], [JinjaStatement])
        case macro(JinjaMacroSyntax)
        case callBlock(JinjaMacroSyntax, callee: JinjaExpression, JinjaCallSyntax)
        case filterBlock(JinjaExpression, [JinjaStatement])
        case generation([JinjaStatement])
        case autoescape(JinjaExpression, [JinjaStatement])
        case block([JinjaStatement])
        case leaveLoop
        case nextRound
        /// Statements that load other templates: there are none.
        case otherTemplate
    }
}

/// `{% for %}`.
struct JinjaLoopSyntax: Sendable {
    let target: JinjaTarget
    let source: JinjaExpression
    let condition: JinjaExpression?
    let isRecursive: Bool
    let body: [JinjaStatement]
    let otherwise: [JinjaStatement]
}

/// `{% macro %}`, and the body of `{% call %}`.
struct JinjaMacroSyntax: Sendable {
    let name: String
    let nameId: Int
    let parameters: [(name: String, id: Int)]
    /// Values of the last parameters where none is given.
    let defaults: [JinjaExpression]
    let body: [JinjaStatement]
    let takesCaller: Bool
    let takesNamedRest: Bool
    let takesPositionalRest: Bool
}
