import CatenaFiles

/// What a model is opened for, which decides its head.
public struct ModelPurpose: Sendable, Equatable {
    /// The task; nil: the one that the model's files are for.
    public var task: Task?
    /// The labels in the order of their numbers; nil: those of the model's files.
    public var labels: [String]?
    /// Key of the numbers that a head which is not in the files begins with.
    public var seed: UInt64

    /// A purpose; without arguments what the files are for.
    public init(task: Task? = nil, labels: [String]? = nil, seed: UInt64 = 0) {
        (self.task, self.labels, self.seed) = (task, labels, seed)
    }

    /// The names of `count` labels that have none, as transformers numbers them.
    package static func numberedLabels(_ count: Int) -> [String] { (0..<count).map { "LABEL_\($0)" } }
}

extension ModelConfiguration {
    /// What the configuration becomes for a purpose, and what the user should know about that, a sentence each.
    struct Opened {
        var configuration: ModelConfiguration
        var notes: [String] = []
        /// Tensors of the files that another head has taken the place of.
        var replaced: Set<String> = []
    }

    /// The configuration with the head that `purpose` needs.
    ///
    /// - Parameter files: the model's weights, which say what of the head is there; nil for a model without.
    /// - Throws: ``ModelError`` for a task that the family does not have and for labels that nothing says.
    func opened(
        for purpose: ModelPurpose, _ family: ModelFamily, _ description: ModelDescription, files: WeightFiles?
    ) throws -> Opened {
        let judges = isBidirectional || images != nil || description.isForSequences
        let task = try purpose.task ?? (judges ? description.sequenceTask() : .languageModel)
        func unsupported(_ supported: String) -> ModelError {
            .unsupportedFeature(path: description.path, feature: "the task", found: task.rawValue, supported: supported)
        }
        if images != nil, task != .classification { throw unsupported("classification, because it is an image model") }
        if task == .multiLabel || task == .sequenceToSequence {
            throw unsupported("language-model, classification, regression or preference (this one is not there yet)")
        }
        guard task.judgesSequences else {
            guard !isBidirectional else {
                throw unsupported(
                    "classification or regression, because every token of a \(self.family) model sees those behind it")
            }
            return Opened(configuration: self)
        }
        var (result, head) = (Opened(configuration: self), family.sequenceHead)
        head.seed = purpose.seed
        if head.initialDeviation != nil, let deviation = try description.initialDeviation() {
            head.initialDeviation = deviation
        }
        let filed = FiledHead(head, self, files)
        head.labels = try labels(purpose, task, description, filed, &result.notes)
        guard let files else {
            result.configuration.sequenceHead = head
            return result
        }
        head.madeModules = Set(head.modules.filter { !filed.has($0) })
        if let rows = filed.classifierRows, rows != head.labels.count {
            head.madeModules.insert(head.classifier)
            result.replaced = filed.classifierTensors
            result.notes.append(
                "\(files.path) has a classifier of \(rows) labels, and \(head.labels.count) are wanted: it is left out")
        }
        result.notes += head.madeNotes(path: files.path)
        result.configuration.sequenceHead = head
        return result
    }

    /// The labels of the head: those that were asked for, else those of the files.
    private func labels(
        _ purpose: ModelPurpose, _ task: Task, _ description: ModelDescription, _ filed: FiledHead,
        _ notes: inout [String]
    ) throws -> [String] {
        let known = try description.labels()
        if task == .regression {
            let count = purpose.labels?.count ?? known?.count ?? filed.classifierRows ?? 1
            guard count == 1 else {
                throw ModelError.unsupportedFeature(
                    path: description.path, feature: "the number of labels for regression", found: "\(count)",
                    supported: "1, a number for each text")
            }
            return purpose.labels ?? known ?? ModelPurpose.numberedLabels(1)
        }
        guard let wanted = purpose.labels else {
            let counted = filed.classifierRows.map(ModelPurpose.numberedLabels)
            // Models that were opened to be looked at have as many labels as transformers gives them.
            guard
                let labels = known ?? counted
                    ?? (purpose.task == nil && images == nil ? ModelPurpose.numberedLabels(2) : nil)
            else {
                throw ModelError.noLabels(path: description.path)
            }
            return labels
        }
        if let known, filed.classifierRows == wanted.count, known != wanted,
            known != ModelPurpose.numberedLabels(known.count)
        {
            guard Set(known) != Set(wanted) else {
                throw ModelError.unsupportedFeature(
                    path: description.path, feature: "the order of the labels", found: known.joined(separator: ", "),
                    supported: "that of the labels that were given, \(wanted.joined(separator: ", "))")
            }
            notes.append(
                "the classifier of \(description.path) was made for the labels \(known.prefix(5).joined(separator: ", ")): "
                    + "its rows are where the classifier of \(wanted.prefix(5).joined(separator: ", ")) begins")
        }
        return wanted
    }
}

/// What of a head a model's files hold.
private struct FiledHead {
    private let tensors: [String: String]
    private let head: SequenceHead
    /// Labels of the classifier in the files; nil if there is none.
    let classifierRows: Int?

    init(_ head: SequenceHead, _ configuration: ModelConfiguration, _ files: WeightFiles?) {
        self.head = head
        var tensors: [String: String] = [:]
        if let files, files.gguf == nil {
            let names = TensorNames(configuration, isGGUF: false)
            for name in head.modules.flatMap({ [$0 + ".weight", $0 + ".bias"] }) {
                tensors[name] = names.inFiles(name, files)
            }
        }
        self.tensors = tensors
        classifierRows = tensors[head.classifier + ".weight"].flatMap { files?.tensors[$0]?.shape.first }
    }

    func has(_ module: String) -> Bool { tensors[module + ".weight"] != nil }

    var classifierTensors: Set<String> {
        Set([".weight", ".bias"].compactMap { tensors[head.classifier + $0] })
    }
}
