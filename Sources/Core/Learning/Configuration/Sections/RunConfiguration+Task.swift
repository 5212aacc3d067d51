import CatenaAdapters
public import CatenaModels
import CatenaSchema

extension Task {
    /// Those that can be trained.
    public static let supported: [Task] = [.languageModel, .classification, .regression, .preference]
}

extension ValueKind where Value == Task {
    /// One of the tasks that can be trained.
    static let task = {
        let known = Task.supported.map(\.rawValue)
        return ValueKind(
            choices(known),
            advice: { node in
                node.text.flatMap(Task.init(rawValue:)) != nil ? "that task is not supported yet" : nearest(node, known)
            }, write: { .text($0.rawValue) },
            accept: { node in
                node.text.flatMap(Task.init(rawValue:)).flatMap { Task.supported.contains($0) ? $0 : nil }
            })
    }()
}

extension ValueKind where Value == [String] {
    /// The names of classes: two or more, each once.
    static let classNames = list(
        of: .text(), "a list of two or more different names such as [negative, positive], numbers in quotes"
    ) { Set($0).count == $0.count }
}

extension RunConfiguration {
    /// What belongs to one task is refused with another.
    mutating func checkTask(_ reader: SectionReader) throws(ConfigurationError) {
        if task != .classification, reader.has("labels") {
            throw reader.contradiction(
                "labels", "there are labels, but task is \(task.rawValue), which has no classes",
                advice: "set task to classification or remove labels")
        }
        if reader.has("labels"), labels.count < 2 {
            throw reader.contradiction(
                "labels", "labels has one name, and there is nothing to choose", advice: "give two names or more")
        }
        if task != .preference, reader.has("preference") {
            throw reader.contradiction(
                "preference", "there is a preference section, but task is \(task.rawValue)",
                advice: "set task to preference or remove the section")
        }
        if task != .classification {
            for key in ["distillation", "training.non-negative-classifier"] where reader.has(key) {
                throw reader.contradiction(
                    key, "\(key) is given, but task is \(task.rawValue), which has no classes",
                    advice: "set task to classification or remove it")
            }
        }
        if task != .languageModel, task != .preference, chain != nil {
            throw reader.contradiction(
                "chain",
                "there is a chain section, but task is \(task.rawValue), and chains are for language-model and preference alone",
                advice: "remove one of them")
        }
        if task == .preference, chain?.merge == .weights {
            throw reader.contradiction(
                "chain",
                "chain.merge is weights, but task is preference, whose reference is the base as it was loaded, without links in its matrices",
                advice: "set chain.merge to ledger, which keeps them beside the matrices")
        }
    }
}
