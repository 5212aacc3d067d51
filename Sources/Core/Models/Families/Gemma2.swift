import CatenaEngine

extension ModelFamily {
    /// Gemma 2: norms before and after each part, scores of attention and of the head with a soft cap, every other layer with a
    /// sliding window, embeddings times √D, tanh-GELU gates.
    ///
    /// - Source: Gemma Team 2024, *Gemma 2*, arXiv:2408.00118; transformers `models/gemma2/modeling_gemma2.py`.
    static let gemma2 = ModelFamily(
        name: "gemma2", modelType: "gemma2", ggufArchitecture: nil, ggufInterleavesRotary: false,
        hiddenActivations: activations
    ) { configuration, source in
        try source.require("attention_bias", false)
        if let activation = try source.text("hidden_activation"), !activations.contains(activation) {
            throw ModelError.unsupportedFeature(
                path: source.path, feature: "hidden_activation", found: activation,
                supported: activations.sorted().joined(separator: ", "))
        }
        if !source.mentions("head_dim") { configuration.headDimension = 256 }
        configuration.finalNorm = .rootMeanSquareOnePlus
        configuration.tiesEmbeddings = try source.flag("tie_word_embeddings") ?? true
        configuration.embeddingScale = Float(configuration.hiddenSize).squareRoot()
        let scalar = try source.number("query_pre_attn_scalar") ?? 256
        configuration.attentionScale = Float(1 / scalar.squareRoot())
        // A config.json without these keys means the class's defaults, null means none.
        func cap(_ key: String, default value: Float) throws -> Float? {
            source.mentions(key) ? try source.number(key).map { Float($0) } : value
        }
        configuration.attentionSoftCap = try cap("attn_logit_softcapping", default: 50)
        configuration.headSoftCap = try cap("final_logit_softcapping", default: 30)
        configuration.slidingWindow = source.mentions("sliding_window") ? try source.integer("sliding_window") : 4096
        configuration.wholeAttentionLayers =
            try source.layers(
                ofKind: "full_attention", known: ["sliding_attention", "full_attention"],
                count: configuration.layerCount)
            ?? Set((0..<configuration.layerCount).filter { $0 % 2 == 1 })
    } layers: { configuration, weights, engine in
        let rotary = configuration.rotaryTable(memory: engine.memory)
        return try (0..<configuration.layerCount).map {
            try Gemma2Layer(index: $0, configuration: configuration, rotary: rotary, weights: weights)
        }
    }
}

private let activations: Set<String> = ["gelu_pytorch_tanh", "gelu_new"]

/// One layer of Gemma 2.
///
///     h = x + n₂(attention(n₁(x)))
///     y = h + n₄(Down(gelu(Gate n₃(h)) ⊙ Up n₃(h)))      nᵢ: rmsNorm with the scale 1 + w
final class Gemma2Layer: TransformerLayer {
    let index: Int
    let path: String
    var sublayerAdapters = SublayerAdapters()
    let attention: RotaryAttention
    let inputNorm, postAttentionNorm, preFeedForwardNorm, postFeedForwardNorm: Norm
    let gate, up, down: Linear

    init(index: Int, configuration: ModelConfiguration, rotary: RotaryTable, weights: any WeightStore) throws {
        self.index = index
        path = "\(configuration.names.layers).\(index)"
        let parts = LayerParts(prefix: path + ".", block: .layer(index), weights: weights)
        let (d, f) = (configuration.hiddenSize, configuration.intermediateSize)
        func norm(_ name: String) throws -> Norm {
            try parts.norm(name, .rootMeanSquareOnePlus, width: d, epsilon: configuration.normEpsilon)
        }
        inputNorm = try norm("input_layernorm")
        attention = try RotaryAttention(
            parts, layer: index, configuration: configuration, shape: configuration.attentionShape(layer: index),
            rotary: rotary)
        postAttentionNorm = try norm("post_attention_layernorm")
        preFeedForwardNorm = try norm("pre_feedforward_layernorm")
        gate = try parts.linear("mlp.gate_proj", .gate, f, d, bias: false)
        up = try parts.linear("mlp.up_proj", .up, f, d, bias: false)
        down = try parts.linear("mlp.down_proj", .down, d, f, bias: false)
        postFeedForwardNorm = try norm("post_feedforward_layernorm")
    }

    var linears: [Linear] { attention.linears + [gate, up, down] }

    var normVectors: [LayerVector] {
        [inputNorm, postAttentionNorm, preFeedForwardNorm, postFeedForwardNorm].flatMap(\.vectors)
    }

    /// Beside the attention's: both residual sums, what enters the norms after the parts, gate, up and the gate's activation.
    var cost: BlockCost {
        let (d, f) = (down.outFeatures, down.inFeatures)
        return BlockCost(
            kept: attention.keptNumbers + 4 * d + 2 * f + 4, transient: 3 * f + 3 * d)
    }

    func forward(_ hidden: Variable, layout: SequenceLayout, on tape: Tape) -> Variable {
        let attended = attention.forward(inputNorm.forward(hidden, on: tape), layout: layout, on: tape)
        let middle = sublayerAdapters.join(
            postAttentionNorm.forward(attended, on: tape), residual: hidden, at: .attention, on: tape)
        let input = preFeedForwardNorm.forward(middle, on: tape)
        let gated = tape.elementwiseProduct(
            tape.activation(gate.forward(input, on: tape), .geluTanh), up.forward(input, on: tape))
        return sublayerAdapters.join(
            postFeedForwardNorm.forward(down.forward(gated, on: tape), on: tape), residual: middle, at: .feedForward,
            on: tape)
    }
}
