package import CatenaEngine

/// The gradients of the loss by the frozen matrices of some layers, one block at a time.
///
/// The layers stand without their adapters meanwhile. Memory: the matrices of one block once, and the input of every layer for
/// every micro-batch.
package struct WeightGradientPass {
    /// The gradients of the wanted matrices of one block.
    package struct Block {
        /// The layer's number; as many as there are layers for the head.
        package let layer: Int
        /// Whose matrices they are.
        package let linears: [Linear]
        /// All of them, `[1, count]`, in the order of `linears`.
        package let gradients: Tensor

        fileprivate init(layer: Int, linears: [Linear], memory: TensorMemory) {
            (self.layer, self.linears) = (layer, linears)
            gradients = memory.zeros(rows: 1, columns: linears.reduce(0) { $0 + $1.outFeatures * $1.inFeatures })
        }

        /// dL/dW of each layer, `[outFeatures, inFeatures]`, views of ``gradients``.
        package var matrices: [Tensor] {
            var offset = gradients.offset
            return linears.map { linear in
                defer { offset += linear.outFeatures * linear.inFeatures }
                return Tensor(
                    storage: gradients.storage, offset: offset, rows: linear.outFeatures, columns: linear.inFeatures)
            }
        }
    }

    private let model: LanguageModel
    private let objective: any Objective
    private let linears: [[Linear]]

    /// A pass for the matrices of `linears`, which are of `model`.
    package init(model: LanguageModel, objective: any Objective, linears: [Linear]) {
        (self.model, self.objective) = (model, objective)
        let wanted = Set(linears.map(ObjectIdentifier.init))
        self.linears = (model.layers.map(\.linears) + [model.head.linears]).map { linears in
            linears.filter { wanted.contains(ObjectIdentifier($0)) }
        }
    }

    /// Runs micro-batches forward and backward. Announces and visits every block, also without micro-batches.
    ///
    /// - Parameters:
    ///   - added: called with a block, the number of a micro-batch and its loss's weight when the block's gradients are those of that
    ///     micro-batch's loss sum, zero if it has none.
    ///   - finished: called when all micro-batches went through the block, whose gradients may be overwritten then.
    /// - Throws: what kept a block's matrices from coming.
    package func run(
        _ inputs: [Batch], added: @escaping (Block, _ microBatch: Int, _ weight: Double) -> Void,
        finished: @escaping (Block) -> Void
    ) throws {
        let probes = linears.map { $0.map(GradientProbe.init) }
        let earlier = linears.map { $0.map(\.adapter) }
        for (linear, probe) in zip(linears.joined(), probes.joined()) { linear.adapter = probe }
        defer {
            for (linear, adapter) in zip(linears.joined(), earlier.joined()) { linear.adapter = adapter }
            model.engine.memory.trim()
        }
        var current: Block?
        func begin(layer: Int) {
            for probe in current.map({ probes[$0.layer] }) ?? [] { probe.gradient = nil }
            current = nil
            guard layer >= 0, !linears[layer].isEmpty else { return }
            let block = Block(layer: layer, linears: linears[layer], memory: model.engine.memory)
            for (probe, gradient) in zip(probes[layer], block.matrices) { probe.gradient = gradient }
            current = block
        }
        begin(layer: linears.count - 1)
        _ = try GradientPass(model: model, objective: objective, recompute: .blocks).run(inputs) { _ in
            current?.gradients.fill(0)
        } progress: { progress in
            switch progress {
            case .microBatch(let index, _, let weight):
                if let current { added(current, index, weight) }
            case .block(let block):
                if let current { finished(current) }
                switch block {
                case .head: begin(layer: linears.count - 2)
                case .layer(let layer): begin(layer: layer - 1)
                case .embedding: break
                }
            }
        }
    }
}

/// Stands in the place of an adapter, changes nothing and sees the gradient of the layer's matrix.
private final class GradientProbe: LinearAdapter {
    /// Where it is added, `[outFeatures, inFeatures]`.
    var gradient: Tensor?

    init(_ layer: Linear) {}

    func forward(_ x: Variable, through layer: Linear, on tape: Tape) -> Variable {
        tape.observeWeightGradient(of: layer.base(x, on: tape), input: x) { [weak self] in self?.gradient }
    }

    func merged(into weight: Tensor, engine: Engine) -> Tensor { weight }

    func folded(engine: Engine) -> FoldedLoRA? { nil }
}
