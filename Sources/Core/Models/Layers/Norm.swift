public import CatenaEngine

/// A normalisation of the hidden states (or of each head) with its trainable vectors.
public final class Norm {
    /// What is normalised.
    public enum Kind: Sendable {
        /// RMSNorm: by the root mean square, with a scale.
        case rootMeanSquare
        /// RMSNorm whose files hold w for the scale 1 + w.
        case rootMeanSquareOnePlus
        /// LayerNorm: by mean and deviation, with a scale and a bias.
        case layer

        /// The number in files that scales by 1.
        public var neutralScale: Float { self == .rootMeanSquareOnePlus ? 0 : 1 }
    }

    private let scale: LayerVector
    /// Only LayerNorm has one.
    private let bias: LayerVector?
    private let epsilon: Float
    /// 1 + w of the frozen vector, where files hold w.
    private let shifted: Tensor?

    /// The norm whose vectors are `path.weight` and, for LayerNorm, `path.bias`, of `width` elements.
    public init(_ kind: Kind, path: String, width: Int, epsilon: Float, weights: any WeightStore) throws {
        func vector(_ name: String, neutral: Parameter.Neutral) throws -> LayerVector {
            LayerVector(name: name, value: try weights.vector(name, count: width), neutral: neutral)
        }
        scale = try vector(path + ".weight", neutral: kind.neutralScale == 1 ? .one : .zero)
        bias = kind == .layer ? try vector(path + ".bias", neutral: .zero) : nil
        shifted = kind == .rootMeanSquareOnePlus ? scale.value.onePlus() : nil
        self.epsilon = epsilon
    }

    /// Scale, then bias.
    public var vectors: [LayerVector] { [scale] + (bias.map { [$0] } ?? []) }

    /// `[N, k · width]` to the same; LayerNorm takes k = 1 only.
    public func forward(_ x: Variable, on tape: Tape) -> Variable {
        guard let bias else { return tape.rmsNorm(x, factor(on: tape), epsilon: epsilon) }
        return tape.layerNorm(x, scale.variable, bias.variable, epsilon: epsilon)
    }

    private func factor(on tape: Tape) -> Variable {
        guard let shifted else { return scale.variable }
        return scale.isTrained ? tape.onePlus(scale.variable) : Variable(shifted, requiresGradient: false)
    }
}
