import CatenaEngine

/// A normalisation of the hidden states (or of each head) with its trainable vectors.
public final class Norm {
    /// What is normalised.
    public enum Kind: Sendable {
        /// RMSNorm: by the root mean square, with a scale.
        case rootMeanSquare
        /// LayerNorm: by mean and deviation, with a scale and a bias.
        case layer
    }

    private let scale: LayerVector
    /// Only LayerNorm has one.
    private let bias: LayerVector?
    private let epsilon: Float

    /// The norm whose vectors are `path.weight` and, for LayerNorm, `path.bias`, of `width` elements.
    init(_ kind: Kind, path: String, width: Int, epsilon: Float, weights: any WeightProvider) throws {
        func vector(_ name: String) throws -> LayerVector {
            LayerVector(name: name, value: try weights.vector(name, count: width))
        }
        scale = try vector(path + ".weight")
        bias = kind == .layer ? try vector(path + ".bias") : nil
        self.epsilon = epsilon
    }

    /// Scale, then bias.
    var vectors: [LayerVector] { [scale] + (bias.map { [$0] } ?? []) }

    /// `[N, k · width]` to the same; LayerNorm takes k = 1 only.
    func forward(_ x: Variable, on tape: Tape) -> Variable {
        guard let bias else { return tape.rmsNorm(x, scale.variable, epsilon: epsilon) }
        return tape.layerNorm(x, scale.variable, bias.variable, epsilon: epsilon)
    }
}
