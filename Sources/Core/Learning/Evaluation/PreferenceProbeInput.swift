import CatenaFiles
package import CatenaModels

/// Pairs of a chosen and a rejected answer, to be compared with what another framework computes from them.
package struct PreferenceProbeInput {
    /// A pair's answers follow each other, the chosen one first.
    package let batch: Batch
    /// Tokens of the longest answer with its prompt.
    package let length: Int

    /// Whether the file at `path` holds pairs and not a batch of sequences.
    ///
    /// - Throws: ``FileError``.
    package static func isHeld(by path: String) throws -> Bool {
        try SafetensorsFile(path: path).tensors.keys.contains("chosen_input_ids")
    }

    /// Reads `chosen_` and `rejected_` `input_ids`, `labels` (not shifted) and `attention_mask`, whole numbers `[P, T]`, and `lengths` `[P]`
    /// from a safetensors file and checks them. What lies behind a row's length is left out.
    ///
    /// - Throws: ``FileError`` for a missing tensor, another encoding or shape;
    ///   ``ModelError/tokenOutOfRange(id:vocabularySize:)``; ``EvaluationError``.
    package init(path: String, vocabularySize: Int) throws {
        let file = try SafetensorsFile(path: path)
        let sides = try ["chosen_", "rejected_"].map {
            try Side(file, prefix: $0, vocabularySize: vocabularySize)
        }
        guard sides[0].rows.count == sides[1].rows.count else {
            throw EvaluationError.notPairs(
                path: path, chosen: sides[0].rows.count, rejected: sides[1].rows.count)
        }
        var batch = Batch()
        for pair in sides[0].rows.indices {
            for side in sides { batch.append(side.rows[pair], exampleIndex: pair) }
        }
        self.batch = batch
        length = sides.flatMap(\.rows).map(\.inputIds.count).max() ?? 0
    }

    /// The chosen or the rejected answers.
    private struct Side {
        let rows: [EncodedExample]

        init(_ file: SafetensorsFile, prefix: String, vocabularySize: Int) throws {
            let ids = try file.wholeNumbers(prefix + "input_ids")
            guard ids.shape.count == 2, ids.elementCount > 0 else {
                throw EvaluationError.notABatch(path: file.path, tensor: prefix + "input_ids", shape: ids.shape)
            }
            let (count, width) = (ids.shape[0], ids.shape[1])
            func values(_ name: String, shape: [Int]) throws -> [Int64] {
                let tensor = try file.wholeNumbers(prefix + name)
                try tensor.requireShape(shape)
                return try tensor.integers()
            }
            let labels = try values("labels", shape: ids.shape)
            let mask = try values("attention_mask", shape: ids.shape)
            let lengths = try values("lengths", shape: [count])
            let tokens = try ids.integers()
            rows = try (0..<count).map { row in
                let (all, length) = (row * width..<(row + 1) * width, Int(lengths[row]))
                guard (2...max(width, 2)).contains(length), length <= width,
                    all.allSatisfy({ mask[$0] == ($0 - all.lowerBound < length ? 1 : 0) })
                else { throw EvaluationError.notRightPadded(path: file.path, side: prefix, row: row) }
                let range = all.lowerBound..<all.lowerBound + length
                let (ids, targets) = (Array(tokens[range]), Array(labels[range]))
                try ProbeInput.check(ids: ids, labels: targets, path: file.path, vocabularySize: vocabularySize)
                guard targets.dropFirst().contains(where: { $0 >= 0 }) else {
                    throw EvaluationError.nothingSupervised(path: file.path)
                }
                return EncodedExample(inputIds: ids.map { Int32($0) }, labels: targets.map { Int32($0) })
            }
        }
    }
}

extension SafetensorsFile {
    /// The tensor `name`, of whole numbers.
    func wholeNumbers(_ name: String) throws(FileError) -> StoredTensor {
        guard let tensor = tensors[name] else {
            throw .missingTensor(
                path: path, tensor: name, nearest: NearestName.matches(for: name, among: tensors.keys.sorted()))
        }
        guard tensor.encoding.isInteger else {
            throw .wrongEncoding(path: path, tensor: name, expected: "int64", actual: tensor.encoding)
        }
        return tensor
    }
}
