public import CatenaEngine

/// A head that judges whole sequences by one token's hidden states; see ``SequenceHead`` for the formula.
///
/// The classifier is trained whole beside an adapter, and so is a pooler that the model's files do not have; another pooler may
/// carry an adapter like any linear layer.
public final class ClassificationHead: Head {
    private let configuration: SequenceHead
    private let norm: Norm?
    /// The linear layer before the classifier; nil for none.
    let pooler: Linear?
    /// `[C, D]`.
    let classifier: Linear

    /// The head that `configuration` describes, of hidden states `width` wide that pass `norm` first.
    init(_ configuration: SequenceHead, width: Int, norm: Norm?, weights: any WeightStore, memory: TensorMemory) throws
    {
        (self.configuration, self.norm) = (configuration, norm)
        func linear(_ path: String, _ role: Role, rows: Int, hasBias: Bool) throws -> Linear {
            let weights = configuration.madeModules.contains(path) ? configuration.madeWeights(memory) : weights
            let (weight, bias) = (path + ".weight", path + ".bias")
            let matrix = try weights.matrix(weight, rows: rows, columns: width, role: role, in: .head)
            let vector = hasBias ? try weights.vector(bias, count: rows) : nil
            return Linear(
                path: path, role: role, weight: matrix,
                bias: vector.map { LayerVector(name: bias, value: $0, decays: configuration.biasDecays) })
        }
        pooler = try configuration.pooler.map { try linear($0.path, .pooler, rows: width, hasBias: true) }
        classifier = try linear(
            configuration.classifier, .classifier, rows: configuration.labels.count, hasBias: configuration.hasBias)
    }

    public var demand: HeadDemand { .segments }

    public var linears: [Linear] { pooler.map { [$0] } ?? [] }

    public var wholeModules: [Linear] { linears + [classifier] }

    public var madeModules: Set<String> { configuration.madeModules }

    public var normVectors: [LayerVector] { norm?.vectors ?? [] }

    public func scores(_ hidden: Tensor, layout: SequenceLayout, engine: Engine) -> Tensor {
        let rows = (0..<layout.segmentCount).map { row(ofSegment: $0, layout) }
        let pooled = Variable(hidden.gathered(rows, engine.memory), requiresGradient: false)
        return scores(pooled, on: Tape(engine: engine, isRecording: false)).value
    }

    public func loss(
        _ hidden: Tensor, of batch: Batch, _ objective: any Objective, wantsGradient: Bool, engine: Engine
    ) -> Loss {
        segments(hidden, of: batch, objective, wantsGradient: wantsGradient, engine: engine).loss(batch.weighing)
    }

    public func judged(_ hidden: Tensor, of batch: Batch, _ objective: any Objective, engine: Engine) -> JudgedBatch {
        let segments = segments(hidden, of: batch, objective, wantsGradient: true, engine: engine)
        return JudgedBatch(weighing: segments.weighing()) { segments.loss($0) }
    }

    private func segments(
        _ hidden: Tensor, of batch: Batch, _ objective: any Objective, wantsGradient: Bool, engine: Engine
    ) -> SupervisedSegments {
        precondition(batch.tokenCount == hidden.rows, "\(batch.tokenCount) tokens for \(hidden.rows) rows")
        precondition(objective.demand == .segments, "an objective of tokens for a head that judges sequences")
        let supervision = objective.supervision(of: batch)
        precondition(
            supervision.targets.allSatisfy { $0 >= 0 && Int($0) < classifier.outFeatures }, "a label that is not there")
        return SupervisedSegments(
            hidden, places: supervision.rows.map { row(ofSegment: $0, batch.layout) }, supervision, objective,
            tape: Tape(engine: engine, isRecording: wantsGradient, randomKey: batch.randomKey), scores: scores)
    }

    /// What the classifier sees of each segment `[S, D]` of the hidden states `[N, D]` that leave the last layer, and what it says
    /// `[S, C]`.
    func judged(_ hidden: Tensor, layout: SequenceLayout, engine: Engine) -> (features: Tensor, scores: Tensor) {
        let rows = (0..<layout.segmentCount).map { row(ofSegment: $0, layout) }
        let tape = Tape(engine: engine, isRecording: false)
        let features = features(
            Variable(hidden.gathered(rows, engine.memory), requiresGradient: false), on: tape)
        return (features.value, classifier.forward(features, on: tape).value)
    }

    /// `[S, D]` to `[S, C]`.
    private func scores(_ pooled: Variable, on tape: Tape) -> Variable {
        classifier.forward(features(pooled, on: tape), on: tape)
    }

    /// `[S, D]` to what the classifier sees of it.
    private func features(_ pooled: Variable, on tape: Tape) -> Variable {
        let x = norm?.forward(pooled, on: tape) ?? pooled
        guard let pooler, let activation = configuration.pooler?.activation else { return x }
        return tape.activation(pooler.forward(x, on: tape), activation)
    }

    private func row(ofSegment segment: Int, _ layout: SequenceLayout) -> Int {
        switch configuration.pooling {
        case .first: layout.segmentStarts[segment]
        case .last: layout.segmentStarts[segment + 1] - 1
        }
    }
}

extension SequenceHead {
    /// What modules that are not in the files begin with.
    fileprivate func madeWeights(_ memory: TensorMemory) -> any WeightStore {
        guard let initialDeviation else { return ConvolutionInitialisation(seed: seed, memory: memory) }
        return RandomWeights(seed: seed, standardDeviation: initialDeviation, memory: memory)
    }
}
