import CatenaEngine
import CatenaModels

extension AdapterMethod {
    /// Houlsby adapters: a bottleneck behind the attention and another one behind the feed-forward part of each layer, each on
    /// the part's output f before the residual h is added.
    ///
    ///     h + A(f),   A(f) = f + σ(f W_dᵀ + b_d) W_uᵀ + b_u      W_d [d, D], b_d [d], W_u [D, d], b_u [D]
    ///
    ///     z = f W_dᵀ + b_d, a = σ(z), g = dA:   dW_u = gᵀ a, db_u = Σ g, dz = (g W_u) ⊙ σ'(z), dW_d = dzᵀ f, db_d = Σ dz,
    ///     df = g + dz W_d
    ///
    /// d is `rank`. W_d and W_u begin as truncated normals of deviation 10⁻³, the biases at zero, so that A is nearly the
    /// identity: these, the GELU in its tanh form, d = 64 and the trained norms are those of the authors' code. The paper's
    /// text names a deviation of 10⁻², AdapterHub's form of the method swish. The head stays frozen, as a decoder needs no
    /// new one.
    ///
    /// Parameters: 2 L (2 D d + D + d) + norms.
    ///
    /// - Source: Houlsby et al. 2019, *Parameter-Efficient Transfer Learning for NLP*, arXiv:1902.00751; google-research
    ///   `adapter-bert/modeling.py`.
    package static let houlsby = AdapterMethod(
        name: "houlsby", summary: "bottlenecks behind attention and feed-forward part, before the residual",
        formula: """
            y = h + f + W_u σ(W_d f + b_d) + b_u    f: output of attention or feed-forward part, h: residual, [D]
            W_d [rank, D], W_u [D, rank]    truncated normal, deviation 0.001: nearly the identity at the start
            b_d [rank], b_u [D]             zero
            rank is the bottleneck's width; the papers' reduction factor is D / rank
            no merged form: σ stands between the matrices
            """, parameterFormula: "2 layers (2 D rank + D + rank) + norms",
        source: """
            Houlsby et al. 2019, Parameter-Efficient Transfer Learning for NLP, arXiv:1902.00751
            initialisation, activation, width and trained norms as in google-research/adapter-bert
            """, commonKeys: [.rank, .initial], defaultRank: 64,
        options: [.bottleneckActivation("gelu-new"), .trainsNorms(true)]
    ) { request in
        try AttachedAdapter(bottlenecksAt: Sublayer.allCases, .sublayerOutput, for: request) {
            unsafe DenseProjection(name: $0, inFeatures: $1, outFeatures: $2, seed: request.seed) { generator, values in
                unsafe generator.fillTruncatedNormal(values, standardDeviation: 1e-3)
            }
        }
    }
}
