package import CatenaEngine
import CatenaModels
import CatenaSchema

/// LoRA-GA: LoRA that begins along the leading singular vectors of the loss's gradient, so that its first step does what a step
/// of full fine-tuning does, as far as the rank allows.
///
///     G = dL/dW = U diag(σ) Vᵀ      A₀ = c V[1…r]ᵀ [r, in]      B₀ = c U[r+1…2r] [out, r]      (direction ArB2r)
///     c = out^¼ / √γ      (scale stable, γ = 16)
///     Y = X Wᵀ + s · dropout(X) (B A - B₀ A₀)ᵀ      s = alpha / r, alpha = r unless given; rs-lora: alpha / √r
///
/// A step of size λ changes W by -λ s² (B₀ B₀ᵀ G + G A₀ᵀ A₀) and a term of λ², which is -λ s² c² times the best approximation
/// of G of rank 2r. The singular values of G are not used: its size does not matter.
///
/// Other directions: A2rBr exchanges the two sets of vectors, ArBr takes the odd ones for B and the even ones for A, random
/// deals the 2r out. Other scales: gd c = 1/s; unit c = 1; weight c = mean of √(σ_i(W) / s) over i ≤ r.
///
/// Until it gets a gradient, A is uniform in ±1/√in and B zero, as in plain LoRA.
///
/// Parameters: r (in + out) per layer.
///
/// - Source: Wang et al. 2024, *LoRA-GA*, arXiv:2407.05000, and its repository (`direction`, `scale`, `stable_gamma`;
///   decomposition of 4r vectors with 4 power iterations). peft's `lora_ga` is another initialisation: it puts the singular values
///   into B.
package final class LoRAGA: OriginLoRA, GradientInitialised {
    /// Which of the 2r leading vectors A and B get.
    package enum Direction: String, Sendable, CaseIterable {
        case ArB2r, A2rBr, ArBr, random
    }

    /// What the vectors are multiplied with.
    package enum Scale: String, Sendable, CaseIterable {
        case stable, gd, unit, weight
    }

    /// Over how many steps' batches the gradient is taken.
    package let gradientSteps: Int
    private let direction: Direction
    private let scale: Scale
    private let stableGamma: Double
    private let decomposition: SpectralDecomposition
    private let seed: UInt64

    init(layer: Linear, request: AdapterRequest) throws(AdapterError) {
        let (section, seed) = (request.section, request.seed)
        let (rank, inFeatures) = (section.rank, layer.inFeatures)
        let largest = min(inFeatures, layer.outFeatures) / 2
        guard rank <= largest else {
            throw .optionMisfit(
                option: "rank", found: "\(rank)",
                expected: "1...\(largest), because lora-ga needs 2 · rank vectors of the gradient of \(layer.path), "
                    + "[\(layer.outFeatures), \(inFeatures)]; or leave that layer out of adapter.targets")
        }
        gradientSteps = section.option("gradient-steps")?.integer ?? 1
        direction = section.option("direction")?.text.flatMap(Direction.init) ?? .ArB2r
        scale = section.option("scale")?.text.flatMap(Scale.init) ?? .stable
        stableGamma = section.option("stable-gamma")?.number ?? 16
        decomposition = try SpectralDecomposition(section, seed: seed)
        self.seed = seed
        let isStabilised = section.option("rs-lora")?.boolean ?? false
        let name = PEFT.prefix + layer.path + ".lora_A.weight"
        try super.init(
            layer: layer, request: request,
            scaling: section.alpha / (isStabilised ? Double(rank).squareRoot() : Double(rank))
        ) { value in
            unsafe SeededGenerator(seed: seed, purpose: "initialisation", name: name).fillKaimingUniform(
                UnsafeMutableBufferPointer(start: value.pointer, count: value.count), fanIn: inFeatures)
        }
    }

    package func initialise(fromGradient gradient: Tensor, weight: () -> Tensor, engine: Engine) throws {
        let rank = a.shape[0]
        let leading = try decomposition.leading(
            2 * rank, of: gradient, subspace: 4 * rank, named: "the gradient of \(path)", engine: engine)
        let (ofA, ofB) = vectors(rank)
        let factor = Float(try scaleFactor(rank, outFeatures: gradient.rows, weight: weight, engine: engine))
        let firstA = engine.memory.tensor(rows: rank, columns: gradient.columns)
        let firstB = engine.memory.tensor(rows: gradient.rows, columns: rank)
        for index in 0..<rank {
            for column in 0..<gradient.columns {
                unsafe firstA.pointer[index * gradient.columns + column] =
                    unsafe factor * leading.vT.pointer[ofA[index] * gradient.columns + column]
            }
            for row in 0..<gradient.rows {
                unsafe firstB.pointer[row * rank + index] =
                    factor * leading.u.pointer[row * leading.u.columns + ofB[index]]
            }
        }
        begin(a: firstA, b: firstB)
    }

    /// Which vectors A and B get, counted from 0.
    private func vectors(_ rank: Int) -> (ofA: [Int], ofB: [Int]) {
        let all = Array(0..<2 * rank)
        switch direction {
        case .ArB2r: return (Array(all[..<rank]), Array(all[rank...]))
        case .A2rBr: return (Array(all[rank...]), Array(all[..<rank]))
        case .ArBr: return (all.filter { $0 % 2 == 1 }, all.filter { $0 % 2 == 0 })
        case .random:
            var (dealt, generator) = (all, SeededGenerator(seed: seed, purpose: "lora-ga-direction", name: path))
            for last in stride(from: dealt.count - 1, to: 0, by: -1) {
                dealt.swapAt(last, generator.next(below: last + 1))
            }
            return (Array(dealt[..<rank]), Array(dealt[rank...]))
        }
    }

    /// c.
    private func scaleFactor(
        _ rank: Int, outFeatures: Int, weight: () -> Tensor, engine: Engine
    ) throws -> Double {
        switch scale {
        case .stable: return Double(outFeatures).squareRoot().squareRoot() / stableGamma.squareRoot()
        case .gd: return 1 / scaling
        case .unit: return 1
        case .weight:
            let leading = try decomposition.leading(
                rank, of: weight(), subspace: 4 * rank, named: path, engine: engine)
            return leading.values.reduce(0) { $0 + ($1 / scaling).squareRoot() } / Double(leading.count)
        }
    }
}
