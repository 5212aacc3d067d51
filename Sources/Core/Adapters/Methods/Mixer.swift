import CatenaEngine

/// How an r x r matrix between the factors of a low-rank adapter begins.
///
///     orthogonal  a random orthogonal matrix: the length of X Aᵀ stays what it is
///     kaiming     uniform in ±1/√r: shrinks that length to 1/√3
///     identity    I: the adapter begins as LoRA
///     butterfly   [[I, I], [I, I]] with blocks of r/2, never trained: each half of A meets both halves of B
///
/// The first gradient of B is as much smaller as the mixers shrink: 3^(-n/2) for n of them with `kaiming`.
enum MixerStart: String, CaseIterable {
    case orthogonal, kaiming, identity, butterfly

    /// The matrix called `name`. It learns at the rate of A and does not decay: zero is no place to rest for a factor
    /// of a product.
    func mixer(name: String, rank: Int, seed: UInt64, memory: TensorMemory) -> AdapterFactor {
        let shape = [rank, rank]
        guard self != .butterfly else {
            return .fixed(AdapterBuffer(name: name, shape: shape, memory: memory) { fill($0, name: name, seed: seed) })
        }
        return .trained(Parameter(name: name, shape: shape, decays: false) { fill($0, name: name, seed: seed) })
    }

    private func fill(_ value: Tensor, name: String, seed: UInt64) {
        let rank = value.rows
        let generator = SeededGenerator(seed: seed, purpose: "initialisation", name: name)
        let buffer = unsafe UnsafeMutableBufferPointer(start: value.pointer, count: value.count)
        switch self {
        case .orthogonal: unsafe generator.fillOrthogonal(buffer, size: rank)
        case .kaiming: unsafe generator.fillKaimingUniform(buffer, fanIn: rank)
        case .identity:
            for index in buffer.indices { unsafe buffer[index] = index / rank == index % rank ? 1 : 0 }
        case .butterfly:
            let half = rank / 2
            for index in buffer.indices {
                unsafe buffer[index] = (index / rank) % half == (index % rank) % half ? 1 : 0
            }
        }
    }
}
