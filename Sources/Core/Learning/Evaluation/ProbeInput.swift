package import CatenaEngine
import CatenaFiles
import CatenaModels

/// A batch of sequences of one length, to be compared with what another framework computes from it.
package struct ProbeInput: Sendable {
    /// Where it came from, for messages.
    package let path: String
    /// Number of sequences, B.
    package let sequenceCount: Int
    /// Tokens of each sequence, T.
    package let length: Int
    /// The tokens, row by row.
    package let inputIds: [Int32]
    /// The target of each position: the next position's label, or -100. The last of a sequence has none.
    package let targets: [Int32]

    /// Sequences whose labels (not shifted) are the tokens themselves.
    package init(path: String, sequenceCount: Int, length: Int, inputIds: [Int32]) {
        self.init(
            path: path, sequenceCount: sequenceCount, length: length, inputIds: inputIds, labels: inputIds)
    }

    private init(path: String, sequenceCount: Int, length: Int, inputIds: [Int32], labels: [Int32]) {
        precondition(inputIds.count == sequenceCount * length, "\(inputIds.count) tokens")
        self.path = path
        self.sequenceCount = sequenceCount
        self.length = length
        self.inputIds = inputIds
        var targets = [Int32](repeating: EncodedExample.ignored, count: inputIds.count)
        for index in inputIds.indices where index % length + 1 < length { targets[index] = labels[index + 1] }
        self.targets = targets
    }

    /// Reads `input_ids` and `labels`, whole numbers `[B, T]`, from a safetensors file and checks them.
    ///
    /// - Throws: ``FileError`` for a missing tensor, another encoding or differing shapes;
    ///   ``ModelError/tokenOutOfRange(id:vocabularySize:)``; ``EvaluationError``.
    package init(path: String, vocabularySize: Int) throws {
        let file = try SafetensorsFile(path: path)
        let ids = try file.wholeNumbers("input_ids")
        let labels = try file.wholeNumbers("labels")
        guard ids.shape.count == 2, ids.elementCount > 0 else {
            throw EvaluationError.notABatch(path: path, tensor: "input_ids", shape: ids.shape)
        }
        try labels.requireShape(ids.shape)
        let tokens = try ids.integers()
        let targets = try labels.integers()
        try Self.check(ids: tokens, labels: targets, path: path, vocabularySize: vocabularySize)
        self.init(
            path: path, sequenceCount: ids.shape[0], length: ids.shape[1], inputIds: tokens.map { Int32($0) },
            labels: targets.map { Int32($0) })
        if !self.targets.contains(where: { $0 >= 0 }) { throw EvaluationError.nothingSupervised(path: path) }
    }

    /// Checks that tokens and labels are the model's.
    static func check(ids: [Int64], labels: [Int64], path: String, vocabularySize: Int) throws {
        if let id = ids.first(where: { $0 < 0 || $0 >= vocabularySize }) {
            throw ModelError.tokenOutOfRange(id: Int(id), vocabularySize: vocabularySize)
        }
        if let label = labels.first(where: { $0 >= vocabularySize || ($0 < 0 && $0 != Int64(EncodedExample.ignored)) })
        {
            throw EvaluationError.labelOutOfRange(path: path, label: Int(label), vocabularySize: vocabularySize)
        }
    }

    /// Where the sequences lie among the batch's rows.
    package var layout: SequenceLayout {
        SequenceLayout(
            segmentStarts: (0...sequenceCount).map { $0 * length },
            positions: inputIds.indices.map { Int32($0 % length) })
    }
}
