import CatenaEngine

/// Normalisation of each channel over the pixels of each image, with a scale and a bias.
final class InstanceNorm {
    private let scale, bias: LayerVector
    private let epsilon: Float

    /// The norm whose vectors are `path.weight` and `path.bias`.
    init(path: String, width: Int, epsilon: Float, weights: any WeightStore) throws {
        scale = try LayerVector(decaying: path + ".weight", count: width, neutral: .one, weights)
        bias = try LayerVector(decaying: path + ".bias", count: width, weights)
        self.epsilon = epsilon
    }

    var vectors: [LayerVector] { [scale, bias] }

    func forward(_ x: Variable, on grid: ImageGrid, _ tape: Tape) -> Variable {
        tape.columnNorm(x, scale.variable, bias.variable, groupRows: grid.area, epsilon: epsilon)
    }
}
