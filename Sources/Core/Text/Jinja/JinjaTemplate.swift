/// A chat template: Jinja 2 as transformers runs it (`trim_blocks`, `lstrip_blocks`, loop controls, generation blocks,
/// an immutable sandbox).
///
/// The text is read once; rendering neither reads files nor knows anything that is not given to it.
package struct JinjaTemplate: Sendable {
    private let body: [JinjaStatement]
    private let names: [String]
    /// Whether the template marks what the model writes with `{% generation %}`.
    package let hasGenerationBlocks: Bool
    /// Whether the template can ask for the time.
    package var readsClock: Bool { names.contains(JinjaFunction.strftimeNow.rawValue) }
    /// The size of the source, in code points.
    private let size: Int

    /// The longest template that is read, in bytes.
    private static let longestSource = 1 << 20

    /// Reads a template; a text that is none is refused with its line.
    package init(_ source: String) throws(JinjaError) {
        guard source.utf8.count <= Self.longestSource else {
            throw .budget("a template of \(source.utf8.count) bytes; at most \(Self.longestSource) are read")
        }
        var parser = JinjaParser(tokens: try JinjaLexer.tokens(of: source))
        body = try parser.template()
        names = parser.names
        hasGenerationBlocks = parser.hasGenerationBlocks
        size = source.utf8.count
    }

    /// The template's text for `variables`; `now` tells `strftime_now` the time.
    package func render(_ variables: [(name: String, value: JinjaValue)], now: @Sendable () -> JinjaDate)
        throws(JinjaError) -> JinjaRendering
    {
        let inputSize = variables.reduce(size) { JinjaSequence.added($0, $1.value.size) }
        return try withoutActuallyEscaping(now) { now throws(JinjaError) in
            let interpreter = JinjaInterpreter(names: names, variables: variables, inputSize: inputSize, now: now)
            do throws(JinjaError) {
                _ = try interpreter.run(body)
            } catch {
                throw error.at(interpreter.line)
            }
            return JinjaRendering(scalars: interpreter.output, generations: interpreter.generations)
        }
    }
}

/// What a template made.
package struct JinjaRendering: Sendable {
    /// The text's code points.
    package let scalars: [Unicode.Scalar]
    /// The code points inside `{% generation %}` blocks, in the order in which the blocks ended.
    package let generations: [Range<Int>]

    /// The text.
    package var text: String { JinjaText.string(scalars[...]) }
}

extension JinjaValue {
    /// Code points and values in all; the budget of a rendering follows it.
    var size: Int {
        switch self {
        case .string(let text): text.count
        case .list(let sequence), .tuple(let sequence):
            sequence.elements.reduce(1) { JinjaSequence.added($0, $1.size) }
        case .dictionary(let dictionary):
            (dictionary.keys + dictionary.values).reduce(1) { JinjaSequence.added($0, $1.size) }
        default: 1
        }
    }
}
