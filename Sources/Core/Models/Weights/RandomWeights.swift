package import CatenaEngine

/// Weights drawn from a seed: for models that are trained from nothing and for benchmarks.
///
/// Matrices are normal with standard deviation `standardDeviation`, norms scale by 1, biases are 0.
package struct RandomWeights: WeightStore {
    private let seed: UInt64
    private let standardDeviation: Float
    private let normScale: Float
    private let memory: TensorMemory

    /// Weights for `seed`; 0.02 is the usual deviation.
    package init(
        seed: UInt64, standardDeviation: Float = 0.02, norms: Norm.Kind = .rootMeanSquare, memory: TensorMemory
    ) {
        self.seed = seed
        self.standardDeviation = standardDeviation
        normScale = norms.neutralScale
        self.memory = memory
    }

    package func tensor(_ name: String, shape: [Int]) throws -> Tensor {
        let (rows, columns) = shape.rowsAndColumns
        let result = memory.tensor(rows: rows, columns: columns)
        result.fill(name.hasSuffix(".bias") ? 0 : normScale)
        return result
    }

    package func matrix(_ name: String, rows: Int, columns: Int, role: Role, in block: BlockID) throws
        -> any FrozenWeight
    {
        let result = memory.tensor(rows: rows, columns: columns)
        unsafe SeededGenerator(seed: seed, purpose: "weights", name: name).fillNormal(
            UnsafeMutableBufferPointer(start: result.pointer, count: result.count),
            standardDeviation: standardDeviation)
        return Float32Weight(result)
    }
}
