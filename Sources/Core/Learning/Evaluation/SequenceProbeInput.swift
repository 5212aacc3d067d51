import CatenaEngine
import CatenaFiles
package import CatenaModels

/// A batch of texts that are judged as wholes, to be compared with what another framework computes from it.
package struct SequenceProbeInput {
    /// The sequences, cut to their lengths, with their targets.
    package let batch: Batch
    /// Cross-entropy for labels, the squared error for numbers.
    package let objective: any Objective

    /// What the model has to be opened for, by the tensor `labels` in the file; nil if those are of tokens.
    ///
    /// - Throws: ``FileError``.
    package static func task(of path: String) throws -> Task? {
        guard let labels = try SafetensorsFile(path: path).tensors["labels"], labels.shape.count == 1 else {
            return nil
        }
        return labels.encoding.isInteger ? .classification : .regression
    }

    /// Reads `input_ids` `[B, T]` padded on the right, `lengths` `[B]` or `attention_mask` `[B, T]`, `token_type_ids` `[B, T]` where
    /// they are not 0, and `labels` `[B]`, whole numbers for categories and others for numbers, and checks them against `model`.
    ///
    /// - Throws: ``FileError``, ``ModelError`` or ``EvaluationError`` for what is missing, has another shape or is out of range.
    package init(path: String, model: LanguageModel) throws {
        let file = try SafetensorsFile(path: path)
        let tensors = ProbeTensors(file)
        let ids = try tensors.integers("input_ids")
        guard ids.shape.count == 2, !ids.values.isEmpty else {
            throw EvaluationError.notABatch(path: path, tensor: "input_ids", shape: ids.shape)
        }
        let (count, length) = (ids.shape[0], ids.shape[1])
        let lengths = try tensors.lengths(count: count, length: length)
        let types = try tensors.optional("token_type_ids", shape: ids.shape)
        var batch = Batch()
        for (sequence, used) in lengths.enumerated() {
            let rows = sequence * length..<sequence * length + used
            batch.inputIds += ids.values[rows].map { Int32(truncatingIfNeeded: $0) }
            if let types {
                batch.tokenTypes = (batch.tokenTypes ?? []) + types[rows].map { Int32(truncatingIfNeeded: $0) }
            }
            batch.layout.append(used)
            batch.exampleIndices.append(sequence)
            try model.requirePositions(used)
        }
        for id in ids.values where id < 0 || id >= model.configuration.vocabularySize {
            throw ModelError.tokenOutOfRange(id: Int(id), vocabularySize: model.configuration.vocabularySize)
        }
        for type in types ?? [] where type < 0 || type >= max(model.configuration.tokenTypes, 1) {
            throw ModelError.tokenTypeOutOfRange(Int(type), types: model.configuration.tokenTypes)
        }
        batch.targets = [Int32](repeating: EncodedExample.ignored, count: batch.tokenCount)
        batch.supervisedCount = count
        let labels = try tensors.required("labels")
        try labels.requireShape([count])
        if labels.encoding.isInteger {
            let labelCount = model.configuration.sequenceHead?.labels.count ?? 0
            batch.segmentTargets = try labels.integers().map { label in
                guard label >= 0, label < labelCount else {
                    throw EvaluationError.categoryOutOfRange(path: path, label: Int(label), labelCount: labelCount)
                }
                return .category(Int32(label))
            }
            objective = CrossEntropy()
        } else {
            batch.segmentTargets = try labels.floats().map { .value($0) }
            objective = SquaredError()
        }
        self.batch = batch
    }
}

/// The tensors of a probe's file.
private struct ProbeTensors {
    private let file: SafetensorsFile

    init(_ file: SafetensorsFile) { self.file = file }

    func required(_ name: String) throws(FileError) -> StoredTensor {
        guard let tensor = file.tensors[name] else {
            throw .missingTensor(
                path: file.path, tensor: name,
                nearest: NearestName.matches(for: name, among: file.tensors.keys.sorted()))
        }
        return tensor
    }

    func integers(_ name: String) throws(FileError) -> (shape: [Int], values: [Int64]) {
        let tensor = try required(name)
        guard tensor.encoding.isInteger else {
            throw .wrongEncoding(path: file.path, tensor: name, expected: "int64", actual: tensor.encoding)
        }
        return (tensor.shape, try tensor.integers())
    }

    func optional(_ name: String, shape: [Int]) throws(FileError) -> [Int64]? {
        guard let tensor = file.tensors[name] else { return nil }
        try tensor.requireShape(shape)
        return try integers(name).values
    }

    /// Tokens of each sequence: `lengths`, else the ones that `attention_mask` begins with, else all.
    func lengths(count: Int, length: Int) throws -> [Int] {
        if let lengths = try optional("lengths", shape: [count]) {
            guard let wrong = lengths.first(where: { $0 < 1 || $0 > length }) else { return lengths.map { Int($0) } }
            throw EvaluationError.notALength(path: file.path, found: Int(wrong), longest: length)
        }
        guard let mask = try optional("attention_mask", shape: [count, length]) else {
            return Array(repeating: length, count: count)
        }
        return try (0..<count).map { sequence in
            let row = mask[sequence * length..<(sequence + 1) * length]
            let used = row.prefix { $0 == 1 }.count
            guard used > 0, row.dropFirst(used).allSatisfy({ $0 == 0 }) else {
                throw EvaluationError.notALength(path: file.path, found: row.count { $0 == 1 }, longest: length)
            }
            return used
        }
    }
}
