public import CatenaEngine

/// A convolution `Y = W * X + b`, trained whole or not at all; no adapter.
public final class Convolution: TrainableMatrix {
    /// Module path as in the model's files.
    package let path: String
    /// Channels, window, stride and padding.
    package let shape: ConvolutionShape
    /// b, if there is one.
    package let bias: LayerVector?
    private let frozen: Tensor
    private var parameter: Parameter?

    /// The convolution whose kernel is `path.weight`, `[O, C, k, k]`.
    init(path: String, shape: ConvolutionShape, bias hasBias: Bool, weights: any WeightStore) throws {
        (self.path, self.shape) = (path, shape)
        frozen = try weights.tensor(
            path + ".weight", shape: [shape.outChannels, shape.inChannels, shape.kernel, shape.kernel])
        bias = hasBias ? try LayerVector(decaying: path + ".bias", count: shape.outChannels, weights) : nil
    }

    /// Name of the kernel in files.
    package var name: String { path + ".weight" }

    /// Shape of the kernel in files.
    package var storedShape: [Int] { [shape.outChannels, shape.inChannels, shape.kernel, shape.kernel] }

    /// The kernel as it now is.
    package var value: Tensor { parameter?.value ?? frozen }

    /// Whether it is trained.
    var isTrained: Bool { parameter != nil || bias?.isTrained == true }

    /// `[N · h · w, C]` to `[N · h' · w', O]`.
    func forward(_ x: Variable, on grid: ImageGrid, _ tape: Tape) -> Variable {
        let kernel = parameter?.variable ?? Variable(frozen, requiresGradient: false)
        let product = tape.convolution(x, kernel, shape, on: grid)
        guard let bias else { return product }
        return tape.addBias(product, bias.variable)
    }

    public func trainableParameter() -> Parameter {
        let initial = frozen
        return Parameter(name: name, shape: storedShape) { $0.copy(from: initial) }
    }

    public func train(_ parameter: Parameter?) { self.parameter = parameter }
}

extension LayerVector {
    /// The vector `name` of an image model, to which weight decay applies as to all of its parameters.
    convenience init(
        decaying name: String, count: Int, neutral: Parameter.Neutral = .zero, _ weights: any WeightStore
    ) throws {
        self.init(name: name, value: try weights.vector(name, count: count), neutral: neutral, decays: true)
    }
}
