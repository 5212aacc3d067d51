public import CatenaEngine

/// Weights of an image model that is trained from nothing, drawn from a seed.
///
///     kernels, matrices and their biases   uniform in ±1/√(numbers of a window, or inputs)
///     norms                                scale 1, bias 0, running mean 0 and variance 1
///
/// - Source: He et al. 2015 with a = √5, as torch `nn.Conv2d` and `nn.Linear` begin.
public final class ConvolutionInitialisation: WeightStore {
    private let seed: UInt64
    private let memory: TensorMemory
    /// Inputs of one output of each module that has them; a bias comes after its kernel.
    private var fanIn: [String: Int] = [:]

    /// Weights for `seed`.
    public init(seed: UInt64, memory: TensorMemory) { (self.seed, self.memory) = (seed, memory) }

    public func tensor(_ name: String, shape: [Int]) throws -> Tensor {
        let module = name.split(separator: ".").dropLast().joined(separator: ".")
        let (rows, columns) = shape.rowsAndColumns
        let result = memory.tensor(rows: rows, columns: columns)
        if shape.count > 1 { fanIn[module] = shape.dropFirst().reduce(1, *) }
        if let inputs = fanIn[module] {
            unsafe SeededGenerator(seed: seed, purpose: "weights", name: name).fillKaimingUniform(
                UnsafeMutableBufferPointer(start: result.pointer, count: result.count), fanIn: inputs)
        } else {
            result.fill(name.hasSuffix(".weight") || name.hasSuffix(".running_var") ? 1 : 0)
        }
        return result
    }

    public func matrix(
        _ name: String, rows: Int, columns: Int, role: Role, in block: BlockID
    ) throws -> any FrozenWeight { Float32Weight(try tensor(name, shape: [rows, columns])) }
}
