/// The table of token vectors `[V, D]`, which a model with tied embeddings also uses as its head.
public final class TokenEmbedding {
    /// Name of the table in the model's files.
    public let name: String
    /// The frozen table.
    public let table: Tensor
    private var parameter: Parameter?

    init(name: String, table: Tensor) {
        self.name = name
        self.table = table
    }

    /// The table as a leaf of computations.
    var variable: Variable {
        parameter?.variable ?? Variable(table, requiresGradient: false)
    }

    /// The table as it now is.
    public var value: Tensor { parameter?.value ?? table }

    /// Hidden states `[N, D]` of the tokens `ids`.
    func forward(_ ids: [Int32], on tape: Tape) -> Variable {
        tape.embeddingLookup(ids, table: variable)
    }

    /// Makes the table trainable and returns its parameter.
    func makeTrainable() -> Parameter {
        let initial = table
        let parameter = Parameter(name: name, shape: [table.rows, table.columns]) { $0.copy(from: initial) }
        self.parameter = parameter
        return parameter
    }
}
