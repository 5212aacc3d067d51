import CatenaFiles
import CatenaModels
import CatenaSchema
import Foundation

extension ComparisonConfiguration {
    /// The section `evaluate`: what is measured on test data, and whether the untrained model is.
    static func tests(
        _ node: ConfigurationNode?, origin: ConfigurationOrigin
    ) throws(ConfigurationError) -> (tasks: [Task], untrained: Bool) {
        let reader = try SectionReader(
            node, path: "evaluate", origin: origin, known: Task.Kind.allCases.map(\.rawValue) + ["untrained"])
        var tasks: [Task] = []
        for kind in Task.Kind.allCases {
            guard let node = reader.node(kind.rawValue) else { continue }
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
        return (tasks, try reader.value("untrained", .flag) ?? true)
    }
}

extension ComparisonConfiguration.Task: ConfigurationSection {
    static let keys: [ConfigurationKey<Self>] = [
        .init("name", \.name, .text(), isWritten: { _ in false }, "name in tables"),
        .init("file", \.file, .path("the path of a file"), required: "a file of test examples", "examples"),
        .init("columns", \.columns, .columns, "columns of the file that stand for keys of a form"),
        .init("limit", \.limit, .wholeNumber(), "only the first examples, this many"),
        .init(
            "max-tokens", \.maximumTokens, .wholeNumber(), isWritten: { $0.kind == .exactMatch },
            "most tokens of an answer"),
        .init(
            "batch", \.batch, .wholeNumber(), isWritten: { $0.kind == .exactMatch },
            "answers generated at the same time"),
        .init(
            "answer-pattern", \.answerPattern, .answerPattern, "a regular expression whose first group is the answer"),
        .init(
            "length-normalised", \.isLengthNormalised, .flag, isWritten: { $0.kind == .choice },
            "whether an option's loss is divided by its length"),
    ]

    init(_ node: ConfigurationNode, kind: Kind, path: String) throws(ConfigurationError) {
        self.init()
        self.kind = kind
        if let text = node.text, !text.isEmpty {
            file = try ValueKind.path("the path of a file").read(node, path)
        } else {
            let reader = try SectionReader(node, of: Self.self, path: path, origin: node.origin)
            for (key, owner) in [
                ("max-tokens", Kind.exactMatch), ("batch", .exactMatch), ("answer-pattern", .exactMatch),
                ("length-normalised", .choice),
            ] where reader.has(key) && owner != kind {
                throw reader.contradiction(
                    key, "\(path).\(key) means nothing to \(kind.rawValue)",
                    advice: "remove it; it belongs to \(owner.rawValue)")
            }
            try reader.fill(&self, Self.keys)
        }
        if name.isEmpty { name = URL(fileURLWithPath: file).deletingPathExtension().lastPathComponent }
    }
}

extension ValueKind where Value == String {
    fileprivate static let answerPattern = ValueKind(
        "a regular expression with one group, the answer", write: { .text($0) },
        accept: { node in node.text.flatMap { (try? AnswerPattern($0)) == nil ? nil : $0 } })
}
