/// Why a template could not be read or rendered, with the template's line (0 where none is known).
package enum JinjaError: Error, Equatable, CustomStringConvertible {
    /// The template called `raise_exception`; the message is its own.
    case raised(String, line: Int = 0)
    /// The text is not a template of the language.
    case syntax(String, line: Int = 0)
    /// Something undefined was used where a value is needed.
    case undefined(String, line: Int = 0)
    /// The sandbox forbids it: changing a list or dictionary, names that begin with an underscore.
    case security(String, line: Int = 0)
    /// An operation met values of another kind than it needs.
    case type(String, line: Int = 0)
    /// A value of the right kind that the operation cannot take.
    case value(String, line: Int = 0)
    /// An integer left the 128 bits that are kept.
    case overflow(String, line: Int = 0)
    /// The template asks for more time, memory or nesting than a rendering is given.
    case budget(String, line: Int = 0)
    /// Something of the language that is left out, by name.
    case unsupported(String, line: Int = 0)

    /// What happened, without the line.
    package var message: String { parts.message }
    /// The template's line, from 1; 0 where none is known.
    package var line: Int { parts.line }

    package var description: String {
        let (message, line) = parts
        return line > 0 ? "line \(line): \(message)" : message
    }

    private var parts: (message: String, line: Int) {
        switch self {
        case .raised(let message, let line), .syntax(let message, let line), .undefined(let message, let line),
            .security(let message, let line), .type(let message, let line), .value(let message, let line),
            .overflow(let message, let line), .budget(let message, let line), .unsupported(let message, let line):
            (message, line)
        }
    }

    /// The same with `line`, where none is known yet.
    func at(_ line: Int) -> JinjaError {
        guard self.line == 0 else { return self }
        switch self {
        case .raised(let message, _): return .raised(message, line: line)
        case .syntax(let message, _): return .syntax(message, line: line)
        case .undefined(let message, _): return .undefined(message, line: line)
        case .security(let message, _): return .security(message, line: line)
        case .type(let message, _): return .type(message, line: line)
        case .value(let message, _): return .value(message, line: line)
        case .overflow(let message, _): return .overflow(message, line: line)
        case .budget(let message, _): return .budget(message, line: line)
        case .unsupported(let message, _): return .unsupported(message, line: line)
        }
    }
}
