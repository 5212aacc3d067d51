import CatenaCore

/// A method of one's own: a trained factor for each output of a layer, `Y = (X Wᵀ + b) ⊙ s`, s = 1 at the start.
final class OutputScale: LinearAdapter {
    let scale: Parameter

    init(_ layer: Linear) {
        scale = Parameter(name: layer.path + ".scale", shape: [layer.outFeatures, 1], decays: false) { $0.fill(1) }
    }

    func forward(_ x: Variable, through layer: Linear, on tape: Tape) -> Variable {
        tape.scaleColumns(of: layer.base(x, on: tape), by: scale.variable)
    }

    func merged(into weight: Tensor, engine: Engine) -> Tensor {
        let result = engine.memory.tensor(rows: weight.rows, columns: weight.columns)
        for row in 0..<weight.rows {
            for column in 0..<weight.columns { result[row, column] = weight[row, column] * scale.value[row, 0] }
        }
        return result
    }

    func folded(engine: Engine) -> FoldedLoRA? { nil }
}
