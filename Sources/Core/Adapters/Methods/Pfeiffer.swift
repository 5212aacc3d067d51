import CatenaEngine
import CatenaModels

extension AdapterMethod {
    /// Pfeiffer adapters: one bottleneck in each layer, behind the feed-forward part, on the hidden state u after the residual.
    ///
    ///     u + σ(u W_dᵀ + b_d) W_uᵀ + b_u,   u = h + f      W_d [d, D], b_d [d], W_u [D, d], b_u [D]
    ///
    /// d is `rank`. This is the pre-norm form, as AdapterHub's Llama has it; in post-norm models u is normed first. W_d and W_u
    /// begin as normals of deviation 0.02, biases at zero, σ is ReLU, the norms stay frozen: AdapterHub's `seq_bn`, whose
    /// reduction factor 16 is d = 48 for D = 768. The Compacter paper gives the name Pfeiffer to an adapter behind attention.
    ///
    /// Parameters: L (2 D d + D + d), with `train-norms` + norms.
    ///
    /// - Source: Pfeiffer et al. 2020, *AdapterFusion*, arXiv:2005.00247 and *MAD-X*, arXiv:2005.00052; adapter-hub
    ///   `adapters/configuration/adapter_config.py`, `SeqBnConfig`.
    package static let pfeiffer = AdapterMethod(
        name: "pfeiffer", summary: "one bottleneck in each layer, behind the feed-forward part and the residual",
        formula: """
            y = u + W_u σ(W_d u + b_d) + b_u    u = h + f: residual plus output of the feed-forward part, [D]
            W_d [rank, D], W_u [D, rank]    normal, deviation 0.02
            b_d [rank], b_u [D]             zero
            rank is the bottleneck's width; the papers' reduction factor is D / rank
            no merged form: σ stands between the matrices
            """, parameterFormula: "layers (2 D rank + D + rank), with train-norms + norms",
        source: """
            Pfeiffer et al. 2020, AdapterFusion, arXiv:2005.00247; MAD-X, arXiv:2005.00052
            position, initialisation and activation as in adapter-hub/adapters (seq_bn)
            """, commonKeys: [.rank, .initial], defaultRank: 48,
        options: [.bottleneckActivation("relu"), .trainsNorms(false)]
    ) { request in
        try AttachedAdapter(bottlenecksAt: [.feedForward], .hiddenState, for: request) {
            unsafe DenseProjection(name: $0, inFeatures: $1, outFeatures: $2, seed: request.seed) { generator, values in
                unsafe generator.fillNormal(values, standardDeviation: 0.02)
            }
        }
    }
}
