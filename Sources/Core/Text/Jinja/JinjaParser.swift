/// Reads a template's words as statements; expressions are in an extension.
struct JinjaParser {
    var tokens: [JinjaToken]
    var index = 0
    /// Names of variables; expressions hold their places here.
    private(set) var names: [String] = []
    private var places: [String: Int] = [:]
    /// Names that are read or written since the innermost macro began.
    var mentioned: Set<String> = []
    /// Filters and tests that do not exist, met since the statement began.
    var unknown: [JinjaError] = []
    /// Whether a condition may keep the part from being used, so that unknown filters fail only in use.
    var isConditional = false
    /// Nesting of what is being read, and depth of the expression that was read last.
    var nesting = 0
    var depth = 0
    var hasGenerationBlocks = false
    var loopDepth = 0
    var blockNames: Set<String> = []
    var openTags: [String] = []
    var endTags: [[String]] = []

    /// Levels of blocks and brackets inside each other, and of operators in one expression.
    static let deepestNesting = 100
    static let deepestExpression = 250

    init(tokens: [JinjaToken]) { self.tokens = tokens }

    var current: JinjaToken { tokens[index] }

    mutating func advance() {
        if index + 1 < tokens.count { index += 1 }
    }

    func isSign(_ text: String) -> Bool { current.kind == .sign && current.text == text }
    func isName(_ text: String) -> Bool { current.kind == .name && current.text == text }

    var followingIsAssign: Bool {
        index + 1 < tokens.count && tokens[index + 1].kind == .sign && tokens[index + 1].text == "="
    }

    mutating func skip(sign text: String) -> Bool {
        guard isSign(text) else { return false }
        advance()
        return true
    }

    mutating func skip(name text: String) -> Bool {
        guard isName(text) else { return false }
        advance()
        return true
    }

    func failure(_ message: String) -> JinjaError { .syntax(message, line: current.line) }

    mutating func expect(_ kind: JinjaToken.Kind, _ text: String) throws(JinjaError) {
        guard current.kind == kind, kind != .sign && kind != .name || current.text == text else {
            throw failure("expected token '\(text)', got '\(current.description)'")
        }
        advance()
    }

    mutating func expectName() throws(JinjaError) -> String {
        guard current.kind == .name else { throw failure("expected token 'name', got '\(current.description)'") }
        defer { advance() }
        return current.text
    }

    mutating func place(_ name: String) -> Int {
        mentioned.insert(name)
        if let place = places[name] { return place }
        places[name] = names.count
        names.append(name)
        return names.count - 1
    }

    mutating func nested<Result>(_ read: (inout JinjaParser) throws(JinjaError) -> Result) throws(JinjaError) -> Result
    {
        guard nesting < Self.deepestNesting else {
            throw .budget("nested deeper than \(Self.deepestNesting) levels", line: current.line)
        }
        nesting += 1
        defer { nesting -= 1 }
        return try read(&self)
    }
}
