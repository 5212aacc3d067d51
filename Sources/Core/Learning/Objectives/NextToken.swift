public import CatenaEngine
public import CatenaModels

/// The objective of language models: the next token, at every position that has a target.
///
///     L = Σ w_t (logsumexp z_t - z_t[target]),   dz_t = w_t (softmax z_t - onehot)
///
/// w_t is the batch's weight of the position, 1 without weights.
public struct NextToken: Objective {
    /// There is nothing to choose.
    public init() {}

    public func supervision(of batch: Batch) -> Supervision {
        precondition(
            batch.targets.count == batch.tokenCount, "\(batch.targets.count) targets for \(batch.tokenCount) tokens")
        let rows = batch.targets.indices.filter { batch.targets[$0] >= 0 }
        return Supervision(
            rows: rows, targets: rows.map { batch.targets[$0] }, weights: rows.map { batch.weights?[$0] ?? 1 })
    }

    public func losses(
        of scores: Tensor, rows: Range<Int>, _ supervision: Supervision, into losses: UnsafeMutablePointer<Double>,
        writesGradient: Bool, engine: Engine
    ) {
        unsafe supervision.crossEntropy(
            of: scores, rows: rows, into: losses, writesGradient: writesGradient, engine: engine)
    }
}

extension GradientPass {
    /// A pass that learns the next token.
    public init(model: LanguageModel, recompute: Recompute = .none) {
        self.init(model: model, objective: NextToken(), recompute: recompute)
    }
}

extension WeightGradientPass {
    /// A pass for the matrices of `linears` by the loss of the next token.
    public init(model: LanguageModel, linears: [Linear]) {
        self.init(model: model, objective: NextToken(), linears: linears)
    }
}

extension LanguageModel {
    /// The losses of the next token; see ``losses(_:objective:)``.
    public func losses(_ batches: [Batch]) throws -> [Loss] { try losses(batches, objective: NextToken()) }
}
