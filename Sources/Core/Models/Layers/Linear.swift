public import CatenaEngine

/// A linear layer `Y = X Wᵀ + b` whose matrix is frozen, or trained when the whole model is, and which
/// may carry an adapter.
public final class Linear: TrainableMatrix {
    /// Module path as in Hugging Face models, for example `model.layers.0.self_attn.q_proj`.
    public let path: String
    /// Rows of W.
    public let outFeatures: Int
    /// Columns of W.
    public let inFeatures: Int
    /// The frozen matrix.
    public let weight: any FrozenWeight
    /// b, if the layer has one.
    public let bias: LayerVector?
    /// The trainable change to this layer, if it has one.
    public package(set) var adapter: (any LinearAdapter)?
    /// What it is for.
    public let role: Role
    /// The links of a chain that were not merged into `weight`.
    package var sidePath: SidePath?
    private var trainable: Parameter?

    /// A layer with the matrix `weight`, which is Wᵀ if the model's files store it so.
    public init(path: String, role: Role, weight: any FrozenWeight, bias: LayerVector?, storesTransposed: Bool = false)
    {
        let weight = storesTransposed ? TransposedWeight(weight) : weight
        self.path = path
        self.role = role
        self.outFeatures = weight.outFeatures
        self.inFeatures = weight.inFeatures
        self.weight = weight
        self.bias = bias
    }

    /// The module's own name, the last part of its path.
    public var moduleName: String { String(path.split(separator: ".").last ?? "") }

    /// Whether the matrix, the bias or an adapter is trained.
    var isTrained: Bool { trainable != nil || adapter != nil || bias?.isTrained == true }

    /// Whether the model's files hold Wᵀ.
    public var storesTransposed: Bool { weight is TransposedWeight }

    /// The matrix's shape in the model's files.
    public var storedShape: [Int] { storesTransposed ? [inFeatures, outFeatures] : [outFeatures, inFeatures] }

    /// `[N, inFeatures]` to `[N, outFeatures]`, through the adapter if there is one.
    public func forward(_ x: Variable, on tape: Tape) -> Variable {
        if let adapter { return adapter.forward(x, through: self, on: tape) }
        return base(x, on: tape)
    }

    /// The layer without its adapter, with the links of a chain.
    public func base(_ x: Variable, on tape: Tape) -> Variable {
        let product = product(x, on: tape)
        guard let bias else { return product }
        return tape.addBias(product, bias.variable)
    }

    /// The layer with a low-rank change, `X Wᵀ + s (D Aᵀ) Bᵀ + b`, where D is X or X with elements dropped.
    package func base(
        _ x: Variable, plus factors: (a: Variable, b: Variable), of dropped: Variable, scaling: Float, on tape: Tape
    ) -> Variable {
        guard trainable == nil, sidePath == nil else {
            let h = tape.multiply(dropped, transposed: factors.a)
            return tape.add(h, timesTransposed: factors.b, scaling: scaling, to: base(x, on: tape))
        }
        let product = tape.multiply(
            x, frozen: weight, plus: factors, of: dropped, scaling: scaling, part: role.part)
        guard let bias else { return product }
        return tape.addBias(product, bias.variable)
    }

    /// `X Wᵀ` with the links of a chain, without b.
    package func product(_ x: Variable, on tape: Tape) -> Variable {
        let product =
            if let trainable {
                storesTransposed
                    ? tape.multiply(x, by: trainable.variable) : tape.multiply(x, transposed: trainable.variable)
            } else {
                tape.multiply(x, frozen: weight, part: role.part)
            }
        return sidePath?.add(x, to: product, on: tape) ?? product
    }

    public func trainableParameter() -> Parameter { trainableParameter(prefix: "") }

    /// A parameter that begins with the frozen numbers; `prefix` comes before the matrix's name.
    package func trainableParameter(prefix: String) -> Parameter {
        let stored = (weight as? TransposedWeight)?.stored ?? weight
        return Parameter(name: prefix + path + ".weight", shape: storedShape) { value in
            unsafe stored.decode(rows: 0..<stored.outFeatures, into: value.pointer)
        }
    }

    public func train(_ parameter: Parameter?) {
        trainable = parameter
    }

    /// W as it now is, float32, with the links of a chain.
    public func currentWeight(_ memory: TensorMemory) -> Tensor {
        guard let trainable else {
            let current = weight.dequantised(memory)
            unsafe sidePath?.update.add(elements: 0..<current.count, to: current.pointer)
            return current
        }
        return storesTransposed ? trainable.value.transposed(memory) : trainable.value
    }

    /// W with the adapter folded in, float32, laid out as in the model's files (`storedShape`).
    public func mergedStoredWeight(engine: Engine) -> Tensor {
        let weight = currentWeight(engine.memory)
        let merged = adapter?.merged(into: weight, engine: engine) ?? weight
        return storesTransposed ? merged.transposed(engine.memory) : merged
    }

    /// b with the adapter folded in; nil if the layer has none.
    public func mergedBias(engine: Engine) -> Tensor? {
        bias.map { adapter?.merged(intoBias: $0.value, engine: engine) ?? $0.value }
    }
}
