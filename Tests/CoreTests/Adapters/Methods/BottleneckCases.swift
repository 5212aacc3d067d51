import CatenaModels
import CatenaSchema
import Foundation

extension MethodCase {
    static let bottlenecks: [MethodCase] =
        ["gelu-new", "gelu", "swish", "relu"].flatMap { [houlsby(activation: $0), pfeiffer(activation: $0)] }
        + [
            houlsby(activation: "gelu-new", trainsNorms: false, model: TinyModel.everyOption),
            pfeiffer(activation: "gelu", trainsNorms: true, model: TinyModel.everyOption),
        ]

    /// h + f + W_u σ(W_d f + b_d) + b_u behind both parts of a layer.
    private static func houlsby(
        activation: String, trainsNorms: Bool = true,
        model: @escaping @Sendable (inout ModelConfiguration) -> Void = { _ in }
    ) -> MethodCase {
        MethodCase(
            method: "houlsby", variant: activation + (trainsNorms ? "" : " without norms"), rank: 3,
            options: ["activation": .text(activation), "train-norms": .boolean(trainsNorms)], model: model,
            formula: .sublayer { site, f, h in h + f + bottleneck(site, f, activation: activation) },
            zeroGradientsAtStart: [], startsExactly: false, startTolerance: 1e-5, isSmooth: activation != "relu",
            parameterCount: { _, shape in
                let (width, layers) = (shape.hiddenSize, shape.layerCount)
                return 2 * layers * (2 * width * 3 + 3 + width) + (trainsNorms ? normCount(shape) : 0)
            })
    }

    /// u + W_u σ(W_d u + b_d) + b_u with u = h + f, behind the feed-forward part.
    private static func pfeiffer(
        activation: String, trainsNorms: Bool = false,
        model: @escaping @Sendable (inout ModelConfiguration) -> Void = { _ in }
    ) -> MethodCase {
        MethodCase(
            method: "pfeiffer", variant: activation + (trainsNorms ? " with norms" : ""), rank: 3,
            options: ["activation": .text(activation), "train-norms": .boolean(trainsNorms)], model: model,
            formula: .sublayer { site, f, h in h + f + bottleneck(site, h + f, activation: activation) },
            zeroGradientsAtStart: [], startsExactly: false, startTolerance: 1e-2, isSmooth: activation != "relu",
            parameterCount: { _, shape in
                let (width, layers) = (shape.hiddenSize, shape.layerCount)
                return layers * (2 * width * 3 + 3 + width) + (trainsNorms ? normCount(shape) : 0)
            })
    }

    private static func bottleneck(_ site: Site, _ x: DoubleMatrix, activation: String) -> DoubleMatrix {
        let inner = (x * site("adapter_down.weight").transposed).addingRow(site("adapter_down.bias"))
        return (inner.map(activationFunction(activation)) * site("adapter_up.weight").transposed)
            .addingRow(site("adapter_up.bias"))
    }

    /// The option `activation` as PyTorch and Hugging Face define it.
    static func activationFunction(_ name: String) -> @Sendable (Double) -> Double {
        switch name {
        case "gelu": { x in x / 2 * (1 + erf(x / 2.0.squareRoot())) }
        case "gelu-new": { x in x / 2 * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x))) }
        case "swish": { x in x / (1 + exp(-x)) }
        default: { x in max(x, 0) }
        }
    }

    /// Numbers in the RMSNorms of a Llama-like model, those of heads included.
    static func normCount(_ shape: ModelConfiguration) -> Int {
        (2 * shape.layerCount + 1) * shape.hiddenSize
            + (shape.queryKeyNorm ? 2 * shape.layerCount * shape.headDimension : 0)
    }
}
