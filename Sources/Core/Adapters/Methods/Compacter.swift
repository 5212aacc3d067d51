import CatenaEngine
import CatenaModels
import CatenaSchema

extension AdapterMethod {
    /// Compacter: adapters at Houlsby's two places whose projections are sums of Kronecker products with one A for all of them.
    ///
    ///     h + f + σ(f H_d + b_d) H_u + b_u      H = Σᵢ Aᵢ ⊗ (sᵢ tᵢ), i = 1 ... n
    ///
    /// H is never built; see ``Tape/hypercomplexMultiply(_:rule:left:right:)``. d is `rank`, n is `phm-dim` and must divide d and
    /// D. A begins normal with deviation 10⁻⁴, so that an adapter is the identity to about float32's last bit; s and t as in
    /// ``HypercomplexProjection``. The gradient of A is the sum over all projections.
    ///
    /// Position, activation (GELU in its tanh form), n = 4, initialisation and trained norms are those of the authors' code, whose
    /// reduction factor 32 is d = 24 for D = 768. AdapterHub's form of the method sits elsewhere and uses the exact GELU.
    ///
    /// Parameters: 6 L (D + d) + n³ + norms, of which 2 L (D + d) are biases.
    ///
    /// - Source: Karimi Mahabadi, Henderson, Ruder 2021, *Compacter*, arXiv:2106.04647; rabeehk/compacter.
    package static let compacter = compacter(
        name: "compacter", summary: "bottlenecks of Kronecker products with one shared factor, at Houlsby's places",
        places: Sublayer.allCases, where: "attention or feed-forward part", parameterFormula: "6 layers (D + rank)")

    /// Compacter behind the feed-forward parts only.
    ///
    /// Parameters: 3 L (D + d) + n³ + norms.
    package static let compacterPlusPlus = compacter(
        name: "compacter++", summary: "Compacter behind the feed-forward parts only", places: [.feedForward],
        where: "the feed-forward part", parameterFormula: "3 layers (D + rank)")

    private static func compacter(
        name: String, summary: String, places: [Sublayer], where outputs: String, parameterFormula: String
    ) -> AdapterMethod {
        AdapterMethod(
            name: name, summary: summary,
            formula: """
                y = h + f + σ(f H_d + b_d) H_u + b_u    f: output of \(outputs), h: residual, [D]
                H_d [D, rank], H_u [rank, D]    H = Σ A_i ⊗ (s_i t_i), i = 1 ... n, n = phm-dim, never built
                A_i [n, n]    normal, deviation 0.0001; one A of n³ numbers for the whole model
                s_i [in / n, 1], t_i [1, out / n]    Glorot-uniform, gain √2; b_d, b_u zero
                rank is the bottleneck's width; n must divide rank and D
                no merged form: σ stands between the matrices
                """, parameterFormula: parameterFormula + " + n³ + norms",
            source: """
                Karimi Mahabadi, Henderson, Ruder 2021, Compacter, arXiv:2106.04647
                position, activation, initialisation and trained norms as in rabeehk/compacter
                """, commonKeys: [.rank, .initial], defaultRank: 24,
            options: [
                .init(
                    "phm-dim", .integer(atLeast: 1, atMost: WholeNumberLimit.rank), default: .integer(4),
                    summary: "n, the number of Kronecker products; divides rank and the hidden size"),
                .bottleneckActivation("gelu-new"), .trainsNorms(true),
            ]
        ) { request in
            let n = request.section.option("phm-dim")?.integer ?? 4
            try requireDivisor(n, rank: request.section.rank, hidden: request.model.configuration.hiddenSize)
            let rule = sharedRule(n, seed: request.seed)
            return try AttachedAdapter(bottlenecksAt: places, .sublayerOutput, for: request, shared: [rule]) {
                HypercomplexProjection(name: $0, inFeatures: $1, outFeatures: $2, rule: rule, seed: request.seed)
            }
        }
    }

    /// A, `[n, n, n]`, normal with deviation 10⁻⁴.
    private static func sharedRule(_ n: Int, seed: UInt64) -> Parameter {
        let name = PEFT.prefix + "shared_parameters.phm_rule"
        return Parameter(name: name, shape: [n, n, n]) { value in
            unsafe SeededGenerator(seed: seed, purpose: "initialisation", name: name).fillNormal(
                UnsafeMutableBufferPointer(start: value.pointer, count: value.count), standardDeviation: 1e-4)
        }
    }

    private static func requireDivisor(_ n: Int, rank: Int, hidden: Int) throws(AdapterError) {
        guard rank % n != 0 || hidden % n != 0 else { return }
        let divisors = (1...hidden).filter { rank % $0 == 0 && hidden % $0 == 0 }.map(String.init)
        throw .doesNotFit(
            key: "phm-dim", value: n,
            problem: "does not divide both adapter.rank \(rank) and the hidden size \(hidden)",
            advice: "choose one of \(divisors.joined(separator: ", ")), or a rank that is a multiple of it")
    }
}
