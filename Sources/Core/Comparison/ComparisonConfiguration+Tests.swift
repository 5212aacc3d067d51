import CatenaFiles
import Foundation

extension ComparisonConfiguration {
    enum EvaluateKey: String, ConfigurationKey { case loss, exactMatch = "exact-match", choice, untrained }

    /// The section `evaluate`: what is measured on test data, and whether the untrained model is.
    static func tests(
        _ node: ConfigurationNode?, origin: ConfigurationOrigin
    ) throws(ConfigurationError) -> (tasks: [Task], untrained: Bool) {
        let reader = try SectionReader<EvaluateKey>(node, path: "evaluate", origin: origin)
        var tasks: [Task] = []
        for (key, kind) in [(EvaluateKey.loss, Task.Kind.loss), (.exactMatch, .exactMatch), (.choice, .choice)] {
            guard let node = reader.node(key) else { continue }
            let nodes: [ConfigurationNode] = if case .list(let elements) = node.content { elements } else { [node] }
            for (index, node) in nodes.enumerated() {
                let path = "evaluate.\(kind.rawValue)" + (nodes.count > 1 ? "[\(index)]" : "")
                let task = try Task(node, kind: kind, path: path)
                if tasks.contains(where: { $0.name == task.name }) {
                    throw .contradiction(
                        origin: node.origin, problem: "two tasks of evaluate are called \(task.name)",
                        advice: "give them different names ({name: ..., file: ...})")
                }
                tasks.append(task)
            }
        }
        return (tasks, try reader.boolean(.untrained) ?? true)
    }
}

extension ComparisonConfiguration.Task {
    enum Key: String, ConfigurationKey {
        case name, file, columns, limit
        case maximumTokens = "max-tokens", batch, answerPattern = "answer-pattern"
        case lengthNormalised = "length-normalised"
    }

    init(_ node: ConfigurationNode, kind: Kind, path: String) throws(ConfigurationError) {
        if let text = node.text, !text.isEmpty {
            let file: String
            do {
                file = try UserPath.expanded(text)
            } catch {
                throw .invalidValue(
                    origin: node.origin, keyPath: path, expected: "the path of a file", found: node.found,
                    advice: error.description)
            }
            self.init(kind: kind, name: Self.name(ofFile: file), file: file)
            return
        }
        let reader = try SectionReader<Key>(node, path: path, origin: node.origin)
        let file = try reader.required(
            try reader.path(.file, expected: "the path of a file"), .file, expected: "a file of test examples")
        self.init(kind: kind, name: try reader.text(.name) ?? Self.name(ofFile: file), file: file)
        for (key, owner) in [
            (Key.maximumTokens, Kind.exactMatch), (.batch, .exactMatch), (.answerPattern, .exactMatch),
            (.lengthNormalised, .choice),
        ] where reader.has(key) && owner != kind {
            throw .contradiction(
                origin: reader.place(key), problem: "\(path).\(key.rawValue) means nothing to \(kind.rawValue)",
                advice: "remove it; it belongs to \(owner.rawValue)")
        }
        if reader.has(.columns) { columns = try RunConfiguration.DataSection.columns(reader, .columns) }
        limit = try reader.integer(.limit)
        maximumTokens = try reader.integer(.maximumTokens) ?? maximumTokens
        batch = try reader.integer(.batch) ?? batch
        isLengthNormalised = try reader.boolean(.lengthNormalised) ?? isLengthNormalised
        answerPattern = try reader.text(.answerPattern)
        if let answerPattern {
            do throws(DataError) {
                _ = try AnswerPattern(answerPattern)
            } catch {
                throw reader.invalid(
                    .answerPattern, reader.node(.answerPattern) ?? node,
                    expected: "a regular expression with one group, the answer")
            }
        }
    }

    private static func name(ofFile path: String) -> String {
        URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
    }
}
