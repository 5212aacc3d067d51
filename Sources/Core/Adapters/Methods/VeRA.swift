package import CatenaEngine
import CatenaModels
import CatenaSchema

/// Vector-based random matrix adaptation: all layers share two frozen random matrices and train two vectors each.
///
///     Y = X Wᵀ + ((dropout(X) Aᵀ ⊙ d) Bᵀ) ⊙ b        ΔW = diag(b) B diag(d) A
///     A  the first `in` columns of [r, largest in]      B  the first `out` rows of [largest out, r]
///        uniform in ±√(6 / largest in)                     uniform in ±√(6 / r)
///     d [r]  `d-initial`      b [out]  zero
///
/// With P = X Aᵀ, H = P ⊙ d and B′ = diag(b) B, made once in each pass: db are the row sums of dB′ ⊙ B, dd = Σ rows of dH ⊙ P.
/// Parameters: r + out per layer. At the start b = 0, so the layer is unchanged and dd = 0. r may be above a layer's sides.
///
/// - Source: Kopiczko, Blankevoort, Asano 2023, *VeRA*, arXiv:2310.11454; values as in peft `tuners/vera`. The random
///   matrices come from our own generator and stand in the files (`save_projection`), so that PEFT computes the same.
package final class VeRA: LowRankAdapter {
    /// The random matrices of all layers.
    struct Projections {
        /// A, `[rank, largest in]`.
        let a: AdapterBuffer
        /// B, `[largest out, rank]`.
        let b: AdapterBuffer

        init(_ layers: [Linear], rank: Int, seed: UInt64, memory: TensorMemory) {
            func random(_ name: String, shape: [Int]) -> AdapterBuffer {
                AdapterBuffer(name: name, shape: shape, memory: memory) { value in
                    unsafe SeededGenerator(seed: seed, purpose: "initialisation", name: name).fillKaimingUniform(
                        UnsafeMutableBufferPointer(start: value.pointer, count: value.count), fanIn: shape[1],
                        negativeSlope: 0)
                }
            }
            a = random("base_model.vera_A", shape: [rank, layers.map(\.inFeatures).max() ?? 0])
            b = random("base_model.vera_B", shape: [layers.map(\.outFeatures).max() ?? 0, rank])
        }
    }

    /// b, `[outFeatures]`.
    package let lambdaB: Parameter
    /// d, `[rank]`.
    package let lambdaD: Parameter
    package let dropout: Double
    package var scaling: Double { 1 }
    private let projections: Projections
    private let inFeatures: Int

    init(layer: Linear, projections: Projections, section: AdapterSection) {
        let name = PEFT.prefix + layer.path
        let first = Float(section.option("d-initial")?.number ?? 0.1)
        lambdaB = Parameter(name: name + ".vera_lambda_b", shape: [layer.outFeatures]) { $0.fill(0) }
        lambdaD = Parameter(name: name + ".vera_lambda_d", shape: [section.rank]) { $0.fill(first) }
        dropout = section.dropout
        inFeatures = layer.inFeatures
        self.projections = projections
    }

    package func factors(on tape: Tape) -> (a: Variable, b: Variable) {
        let (a, b) = (AdapterFactor.fixed(projections.a).variable, AdapterFactor.fixed(projections.b).variable)
        return (
            tape.scaleRows(of: a, by: lambdaD.variable, columns: inFeatures),
            tape.scaleRows(of: b, by: lambdaB.variable)
        )
    }

    package func path(of x: Variable, on tape: Tape) -> (h: Variable, b: Variable)? {
        let product = tape.multiply(x, transposedPartOf: projections.a.value)
        return (
            tape.scaleColumns(of: product, by: lambdaD.variable),
            tape.scaleRows(of: AdapterFactor.fixed(projections.b).variable, by: lambdaB.variable)
        )
    }
}

extension AdapterMethod {
    /// VeRA.
    package static let veRA = AdapterMethod(
        name: "vera", summary: "frozen random matrices shared by all layers, two trained vectors for each layer",
        formula: """
            Y = X Wᵀ + ((dropout(X) Aᵀ ⊙ d) Bᵀ) ⊙ b    X [tokens, in], W [out, in] frozen
            A [rank, in]   frozen: the first columns of one random matrix, uniform in ±√(6 / largest in)
            B [out, rank]  frozen: the first rows of one random matrix, uniform in ±√(6 / rank)
            d [rank]       d-initial
            b [out]        zero, so that training starts from the unchanged model
            no scaling; merged: W + diag(b) B diag(d) A; as a plain LoRA: diag(d) A and diag(b) B
            """, parameterFormula: "Σ (rank + out)",
        keptFormula: "rank (largest in + largest out), A and B",
        source: """
            Kopiczko, Blankevoort, Asano 2023, VeRA, arXiv:2310.11454
            values and files as in Hugging Face PEFT, with the random matrices in the file
            """, commonKeys: [.rank, .dropout, .targets, .initial], defaultRank: 256,
        options: [
            .init("d-initial", .number(above: 0), default: .number(0.1), summary: "what d begins with")
        ], hasLoRAForm: true, peft: .vera
    ) { request in
        let projections = VeRA.Projections(
            request.layers, rank: request.section.rank, seed: request.seed, memory: request.model.engine.memory)
        let adapters = request.layers.map { layer in
            (layer: layer, adapter: VeRA(layer: layer, projections: projections, section: request.section))
        }
        return AttachedAdapter(
            request.section, parameters: adapters.flatMap { [$0.adapter.lambdaB, $0.adapter.lambdaD] },
            buffers: [projections.a, projections.b], linearAdapters: adapters)
    }
}
