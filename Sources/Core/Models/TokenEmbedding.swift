public import CatenaEngine

/// The table of token vectors `[V, D]`, which a model with tied embeddings also uses as its head.
public final class TokenEmbedding: TrainableMatrix {
    /// Name of the table in the model's files.
    public let name: String
    /// The frozen table.
    public let weight: any FrozenWeight
    private var parameter: Parameter?

    init(name: String, weight: any FrozenWeight) {
        self.name = name
        self.weight = weight
    }

    /// Rows of the table.
    package var rows: Int { weight.outFeatures }

    /// Columns of the table.
    package var columns: Int { weight.inFeatures }

    /// Whether the table is trained.
    var isTrainable: Bool { parameter != nil }

    /// The table as it now is, float32.
    package func current(_ memory: TensorMemory) -> Tensor { parameter?.value ?? weight.dequantised(memory) }

    /// Hidden states `[N, D]` of the tokens `ids`.
    func forward(_ ids: [Int32], on tape: Tape) -> Variable {
        guard let parameter else { return tape.embeddingLookup(ids, frozen: weight) }
        return tape.embeddingLookup(ids, table: parameter.variable)
    }

    /// Logits `Z = X Wᵀ` `[n, V]` of X `[n, D]`.
    func project(_ x: Tensor, into logits: Tensor, engine: Engine) {
        guard let parameter else { return weight.multiply(x, into: logits, engine: engine) }
        BLAS.multiply(x, transposed: parameter.value, into: logits, engine: engine)
    }

    /// `dX = dZ W`, and `dW += dZᵀ X` if the table is trained.
    func projectBackward(_ dLogits: Tensor, x: Tensor, into dX: Tensor, engine: Engine) {
        guard let parameter else {
            return weight.multiplyTransposed(dLogits, into: dX, accumulate: false, engine: engine)
        }
        BLAS.multiply(dLogits, parameter.value, into: dX, engine: engine)
        parameter.variable.addGradient(engine.memory) { dTable, accumulate in
            BLAS.multiply(transposed: dLogits, x, into: dTable, accumulate: accumulate, engine: engine)
        }
    }

    public func trainableParameter() -> Parameter {
        let frozen = weight
        return Parameter(name: name, shape: [rows, columns]) { value in
            unsafe frozen.decode(rows: 0..<frozen.outFeatures, into: value.pointer)
        }
    }

    public func train(_ parameter: Parameter?) {
        self.parameter = parameter
    }
}
