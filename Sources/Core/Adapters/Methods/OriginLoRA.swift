package import CatenaEngine
package import CatenaModels

/// A low-rank adapter whose factors begin with numbers of the matrix or of its gradient, in delta form.
///
///     Y = X Wᵀ + s · dropout(X) (B A - B₀ A₀)ᵀ      A [r, in], B [out, r] trained; A₀, B₀ their first values, kept
///
/// W itself stays as it is: what other programs do, to train beside the rest W - s B₀ A₀, rounds that rest to the precision
/// of the weights, and finds A₀ and B₀ again by a decomposition that need not give the same bits. Here both are buffers: they
/// are saved with every checkpoint. The change is zero until ``begin(a:b:)``, and then still zero but for rounding.
///
/// Its exact plain LoRA has rank 2r: A above A₀, B beside -B₀.
package class OriginLoRA: LowRankAdapter {
    /// Path of the layer.
    package let path: String
    /// A, `[rank, inFeatures]`.
    package let a: Parameter
    /// B, `[outFeatures, rank]`.
    package let b: Parameter
    /// A₀ and B₀.
    package let buffers: [AdapterBuffer]
    /// s.
    package let scaling: Double
    /// Probability that an input of the adapter is dropped.
    package let dropout: Double

    /// An adapter without a change for `layer`.
    ///
    /// - Parameter initialiseA: A as long as ``begin(a:b:)`` is not called; B is zero.
    /// - Throws: ``AdapterError/rankOutOfRange(rank:path:inFeatures:outFeatures:)``.
    init(
        layer: Linear, request: AdapterRequest, scaling: Double,
        initialiseA: @escaping (Tensor) -> Void = { $0.fill(0) }
    ) throws(AdapterError) {
        let rank = request.section.rank
        try layer.requireRank(rank)
        (path, self.scaling, dropout) = (layer.path, scaling, request.section.dropout)
        let name = PEFT.prefix + layer.path
        a = Parameter(name: name + ".lora_A.weight", shape: [rank, layer.inFeatures], initialise: initialiseA)
        b = Parameter(name: name + ".lora_B.weight", shape: [layer.outFeatures, rank]) { $0.fill(0) }
        let memory = request.model.engine.memory
        buffers = [
            AdapterBuffer(name: name + ".origin_A", shape: [rank, layer.inFeatures], memory: memory),
            AdapterBuffer(name: name + ".origin_B", shape: [layer.outFeatures, rank], memory: memory),
        ]
    }

    /// A, then B.
    package var parameters: [Parameter] { [a, b] }

    package var origin: LowRankUpdate? { LowRankUpdate(a: buffers[0].value, b: buffers[1].value) }

    package func factors(on tape: Tape) -> (a: Variable, b: Variable) { (a.variable, b.variable) }

    /// X Aᵀ and X A₀ᵀ.
    package func memory(rank: Int, of layer: Linear) -> AdapterMemory { AdapterMemory(keptColumns: 2 * rank) }

    /// All that ``begin(a:b:)`` sets.
    package var initialisedValues: [Tensor] { parameters.map(\.value) + buffers.map(\.value) }

    /// Training begins with these factors, which change nothing yet.
    func begin(a firstA: Tensor, b firstB: Tensor) {
        for (tensor, first) in zip(initialisedValues, [firstA, firstB, firstA, firstB]) { tensor.copy(from: first) }
    }
}

extension AttachedAdapter {
    /// One adapter for each requested layer.
    convenience init<Adapter: OriginLoRA>(
        origins request: AdapterRequest, _ make: (Linear) throws -> Adapter
    ) rethrows {
        let adapters = try request.layers.map { (layer: $0, adapter: try make($0)) }
        self.init(
            request.section, parameters: adapters.flatMap(\.adapter.parameters),
            buffers: adapters.flatMap(\.adapter.buffers),
            linearAdapters: adapters.map { (layer: $0.layer, adapter: $0.adapter) })
    }
}

extension Set<AdapterMethod.CommonKey> {
    /// Those of methods whose files are the LoRA of twice the rank, from which they cannot begin again.
    static let withoutInitial: Self = [.rank, .alpha, .dropout, .targets]
}
