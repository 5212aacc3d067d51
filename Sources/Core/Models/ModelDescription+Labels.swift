import CatenaFiles

extension ModelDescription {
    /// Whether the files say that their model judges whole sequences.
    var isForSequences: Bool {
        let architectures = (try? json?.optionalStrings("architectures")) ?? nil
        return architectures?.contains { $0.hasSuffix("ForSequenceClassification") } ?? false
    }

    /// What a model that judges sequences is for, by `problem_type`, else as transformers takes it: one label is a number.
    func sequenceTask() throws -> Task {
        switch try text("problem_type") {
        case "regression": return .regression
        case "multi_label_classification": return .multiLabel
        case "single_label_classification": return .classification
        case nil: return try labels()?.count == 1 ? .regression : .classification
        case let kind?:
            throw ModelError.unsupportedFeature(
                path: path, feature: "problem_type", found: kind,
                supported: "single_label_classification or regression")
        }
    }

    /// The names of the labels by `id2label`, or as many as `num_labels` says; nil if there is neither.
    ///
    /// - Throws: ``ModelError/invalidConfiguration(path:reason:)`` if their numbers are not 0, 1 and so on, or the two differ.
    package func labels() throws -> [String]? {
        let count = try integer("num_labels")
        guard let table = json?["id2label"] else { return count.map(ModelPurpose.numberedLabels) }
        let size = try table.fields().count
        let names = try (0..<size).map { number in
            guard let name = table["\(number)"] else {
                throw ModelError.invalidConfiguration(
                    path: path, reason: "id2label has \(size) labels, but none with the number \(number)")
            }
            return try name.string()
        }
        guard !names.isEmpty, count ?? size == size else {
            throw ModelError.invalidConfiguration(
                path: path, reason: "id2label has \(size) labels" + (count.map { ", num_labels is \($0)" } ?? ""))
        }
        return names
    }

    /// `initializer_range`: the standard deviation of weights that are made new; nil if it is not said.
    func initialDeviation() throws -> Float? {
        guard let deviation = try number("initializer_range") else { return nil }
        guard deviation >= 0, deviation <= 1 else {
            throw ModelError.invalidConfiguration(
                path: path, reason: "initializer_range is \(deviation), expected a number in 0...1")
        }
        return Float(deviation)
    }
}
