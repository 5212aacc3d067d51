public import CatenaEngine

/// Causal self-attention with rotary positions: four linear layers, and norms of each query's and key's head where a family has
/// them.
///
///     O(attention(rope(norm(Q x)), rope(norm(K x)), V x))
public final class RotaryAttention {
    let query, key, value, output: Linear
    /// Of the queries' and of the keys' heads.
    let queryNorm, keyNorm: Norm?
    let shape: AttentionShape
    private let rotary: RotaryTable
    private let layer: Int

    /// The attention of layer `layer`, whose modules are those of `parts` under `self_attn`.
    public init(
        _ parts: LayerParts, layer: Int, configuration: ModelConfiguration, shape: AttentionShape, rotary: RotaryTable
    ) throws {
        let (d, biased) = (configuration.hiddenSize, configuration.queryKeyValueBias)
        query = try parts.linear("self_attn.q_proj", .query, shape.queryWidth, d, bias: biased)
        key = try parts.linear("self_attn.k_proj", .key, shape.keyValueWidth, d, bias: biased)
        value = try parts.linear("self_attn.v_proj", .value, shape.keyValueWidth, d, bias: biased)
        output = try parts.linear(
            "self_attn.o_proj", .attentionOutput, d, shape.queryWidth, bias: configuration.outputBias)
        func headNorm(_ name: String) throws -> Norm? {
            guard configuration.queryKeyNorm else { return nil }
            return try parts.norm(name, .rootMeanSquare, width: shape.headDimension, epsilon: configuration.normEpsilon)
        }
        queryNorm = try headNorm("self_attn.q_norm")
        keyNorm = try headNorm("self_attn.k_norm")
        self.shape = shape
        self.rotary = rotary
        self.layer = layer
    }

    /// In the order of a forward pass.
    public var linears: [Linear] { [query, key, value, output] }

    /// Numbers kept for each token: q, k, v, the heads' output and log-sum-exp; with norms of q and k their inputs and
    /// statistics too.
    public var keptNumbers: Int {
        let (queries, keys, heads) = (shape.queryWidth, shape.keyValueWidth, shape.queryHeads)
        return 2 * queries + 2 * keys + heads + (queryNorm == nil ? 0 : queries + keys + 2 * heads)
    }

    /// `[N, D]` to `[N, D]`.
    public func forward(_ x: Variable, layout: SequenceLayout, on tape: Tape) -> Variable {
        let q = rotated(query.forward(x, on: tape), norm: queryNorm, layout: layout, on: tape)
        let k = rotated(key.forward(x, on: tape), norm: keyNorm, layout: layout, on: tape)
        let v = value.forward(x, on: tape)
        let heads =
            if let caches = layout.caches {
                tape.cachedAttention(q, k, v, shape: shape, layout: layout, caches: caches, layer: layer)
            } else {
                tape.attention(q, k, v, shape: shape, layout: layout)
            }
        return output.forward(heads, on: tape)
    }

    private func rotated(_ x: Variable, norm: Norm?, layout: SequenceLayout, on tape: Tape) -> Variable {
        let normed = norm?.forward(x, on: tape) ?? x
        return tape.rotary(normed, headDimension: shape.headDimension, layout: layout, table: rotary)
    }
}
