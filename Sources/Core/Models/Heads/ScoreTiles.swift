import CatenaEngine

/// The scores of rows, a tile at a time, so that those of a whole batch never exist.
struct ScoreTiles {
    /// `[n, D]`, after the final norm.
    private let rows: Tensor
    private let projection: TokenEmbedding
    private let cap: Float?
    private let engine: Engine
    private let tile: Int
    private let buffer: Tensor
    /// Slopes of the soft cap at the scores in `buffer`.
    private let slopes: Tensor?
    /// The rows whose scores are in `buffer` as they were made.
    private var present: Range<Int>?

    init(_ rows: Tensor, projection: TokenEmbedding, cap: Float?, wantsGradient: Bool, engine: Engine) {
        (self.rows, self.projection, self.cap, self.engine) = (rows, projection, cap, engine)
        let (tile, vocabulary) = (LanguageModelHead.tileRows(vocabulary: projection.rows), projection.rows)
        self.tile = tile
        buffer = engine.memory.tensor(rows: tile, columns: vocabulary)
        slopes = cap != nil && wantsGradient ? engine.memory.tensor(rows: tile, columns: vocabulary) : nil
    }

    /// The objective's losses of all rows, and with `gradient` `[n, D]` the gradient of their sum.
    ///
    /// - Parameter reversed: begins with the last tile, which is still there after a pass without a gradient.
    mutating func losses(
        _ supervision: Supervision, _ objective: any Objective, gradient: Tensor?, reversed: Bool = false
    ) -> [Double] {
        var losses = [Double](repeating: 0, count: rows.rows)
        let count = (rows.rows + tile - 1) / tile
        for index in 0..<count {
            let start = (reversed ? count - 1 - index : index) * tile
            let range = start..<min(start + tile, rows.rows)
            let scores = project(range)
            unsafe losses.withUnsafeMutableBufferPointer { losses in
                guard let first = losses.baseAddress else { return }
                unsafe objective.losses(
                    of: scores, rows: range, supervision, into: first + start, writesGradient: gradient != nil,
                    engine: engine)
            }
            guard let gradient else { continue }
            present = nil
            if let slopes { engine.multiply(scores, slopes.rows(0..<range.count), into: scores, accumulate: false) }
            engine.measured(.head, operations: operations(range)) {
                projection.projectBackward(scores, x: rows.rows(range), into: gradient.rows(range), engine: engine)
            }
        }
        return losses
    }

    private mutating func project(_ range: Range<Int>) -> Tensor {
        let scores = buffer.rows(0..<range.count)
        guard present != range else { return scores }
        engine.measured(.head, operations: operations(range)) {
            projection.project(rows.rows(range), into: scores, engine: engine)
        }
        if let cap {
            unsafe Kernels.softCap(
                engine.threads, x: scores.pointer, slopes: slopes?.pointer, cap: cap, count: scores.count)
        }
        present = range
        return scores
    }

    private func operations(_ range: Range<Int>) -> Double {
        2 * Double(range.count) * Double(buffer.columns) * Double(rows.columns)
    }
}
