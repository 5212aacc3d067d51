package import CatenaEngine
import CatenaModels
import CatenaSchema

/// Low-rank adaptation with factors that all layers share and vectors that each layer has for itself.
///
///     Y = X Wᵀ + s · (((dropout(X) Aᵀ) ⊙ u) Bᵀ) ⊙ v        ΔW = s diag(v) B diag(u) A
///     A [r, in]   B [out, r]   u [r]   v [out]   s = alpha / r; each tensor of a layer or tied, trained or frozen
///
/// A and u belong to a group of layers that read the same input (q, k, v), B and v to each layer; a tied tensor belongs to
/// its place in all blocks. Random A and B are uniform in ±1/√in and ±1/√r; what is zero and one at the start, see
/// `TiedLoRAForm`. With A′ = diag(u) A and B′ = diag(v) B, made once in each pass, G = dY and H = X A′ᵀ:
///
///     dB′ = s Gᵀ H    dA′ = (s G B′)ᵀ X
///     dvᵢ = Σⱼ dB′ᵢⱼ Bᵢⱼ    dB += diag(v) dB′    duᵢ = Σⱼ dA′ᵢⱼ Aᵢⱼ    dA += diag(u) dA′      += over all that share it
///
/// Parameters: the size of each trained tensor, once if it is tied, else once for each block. The gradient of a tied
/// tensor is a sum over blocks. Where A is frozen, u scales the columns of P = X Aᵀ: du = Σ rows of dH ⊙ P. u and v do not decay; u learns at A's rate, v at B's.
///
/// - Source: Renduchintala, Konuk, Kuchaiev 2023, *Tied-LoRA*, arXiv:2311.09578. The paper's 4.2 million parameters of LoRA
///   and 12.5 % of them for TL6 are 4 L d r and 4 d r + L (r + 3 d) with rank 8 on Llama-2-7B; TL5 has the 4 d r of one layer. alpha = r
///   there. Initial values are ours where the paper's table was not found.
package final class TiedLoRA: LowRankAdapter {
    package let scaling: Double
    package let dropout: Double
    private let a, b: AdapterFactor
    /// nil: ones.
    private let u, v: AdapterFactor?

    init(scaling: Double, dropout: Double, a: AdapterFactor, b: AdapterFactor, u: AdapterFactor?, v: AdapterFactor?) {
        (self.scaling, self.dropout) = (scaling, dropout)
        (self.a, self.b, self.u, self.v) = (a, b, u, v)
    }

    package func factors(on tape: Tape) -> (a: Variable, b: Variable) {
        (scaled(a, by: u, on: tape), scaled(b, by: v, on: tape))
    }

    package func path(of x: Variable, on tape: Tape) -> (h: Variable, b: Variable)? {
        // With a frozen A, u's gradient follows from X Aᵀ.
        guard case .fixed(let matrix) = a, let u else { return nil }
        let product = tape.multiply(x, transposedPartOf: matrix.value)
        return (tape.scaleColumns(of: product, by: u.variable), scaled(b, by: v, on: tape))
    }

    private func scaled(_ matrix: AdapterFactor, by vector: AdapterFactor?, on tape: Tape) -> Variable {
        guard let vector else { return matrix.variable }
        return tape.scaleRows(of: matrix.variable, by: vector.variable)
    }

    /// Adapters for the layers of `request`, in their order, with the tensors that they share.
    static func attached(_ request: AdapterRequest) throws(AdapterError) -> AttachedAdapter {
        let (section, rank, seed) = (request.section, request.section.rank, request.seed)
        let form = try TiedLoRAForm(section)
        let tensors = TiedTensors(memory: request.model.engine.memory)
        let ratio = section.option("lora-plus-ratio")?.number ?? 1
        let isStabilised = section.option("rs-lora")?.boolean ?? false
        // Parameters keep it, so it must not hold the model, which holds them.
        func random(_ name: String, fanIn: Int) -> (Tensor) -> Void {
            { value in
                unsafe SeededGenerator(seed: seed, purpose: "initialisation", name: PEFT.prefix + name)
                    .fillKaimingUniform(
                        UnsafeMutableBufferPointer(start: value.pointer, count: value.count), fanIn: fanIn)
            }
        }
        func vector(
            _ name: String, _ path: String, _ choice: TiedLoRAForm.Choice, _ count: Int, rate: Double, first: Float
        ) -> AdapterFactor? {
            guard choice.isTrained else { return nil }
            return tensors.tensor(
                name, at: path, choice, shape: [count], rate: rate, decays: false, neutral: first == 1 ? .one : .zero
            ) { $0.fill(first) }
        }
        var adapters: [String: TiedLoRA] = [:]
        for group in TieGroup.groups(of: request.layers) {
            let (path, inFeatures) = (group.path, group.members[0].inFeatures)
            // As LoRA's A of the group's first layer, which it is if the group is one layer.
            let a = tensors.tensor(
                "lora_A.weight", at: path, form.a, shape: [rank, inFeatures],
                initialise: random(group.members[0].path + ".lora_A.weight", fanIn: inFeatures))
            let u = vector("lora_u", path, form.u, rank, rate: 1, first: form.firstU)
            for layer in group.members {
                if !section.allowsExcessRank { try layer.requireRank(rank) }
                let b = tensors.tensor(
                    "lora_B.weight", at: layer.path, form.b, shape: [layer.outFeatures, rank], rate: ratio,
                    initialise: form.b.isTrained
                        ? { $0.fill(0) } : random(layer.path + ".lora_B.weight", fanIn: rank))
                let v = vector("lora_v", layer.path, form.v, layer.outFeatures, rate: ratio, first: form.firstV)
                adapters[layer.path] = TiedLoRA(
                    scaling: section.alpha / (isStabilised ? Double(rank).squareRoot() : Double(rank)),
                    dropout: section.dropout, a: a, b: b, u: u, v: v)
            }
        }
        return AttachedAdapter(
            section, parameters: tensors.parameters, buffers: tensors.buffers,
            linearAdapters: request.layers.compactMap { layer in adapters[layer.path].map { (layer, $0) } })
    }
}

extension AdapterMethod {
    /// Tied-LoRA.
    package static let tiedLoRA = AdapterMethod(
        name: "tied-lora", summary: "LoRA whose A and B are shared by all layers, with vectors u, v for each layer",
        formula: """
            Y = X Wᵀ + s · (((dropout(X) Aᵀ) ⊙ u) Bᵀ) ⊙ v    X [tokens, in], W [out, in] frozen
            A [rank, in], u [rank]   one for q, k, v of a block together, one for each other layer
            B [out, rank], v [out]   one for each layer
            each of them: of a layer, or tied (one for that place in all blocks); trained, or frozen
            s = alpha / rank, with rs-lora alpha / √rank; alpha = rank unless given, as in the paper
            start  B trained: A uniform in ±1/√in, B = 0, u = v = 1
                   B frozen: A as before, B uniform in ±1/√rank, v = 0 if it is trained, else u = 0
            presets           A             B             u, v
              tl6             tied-trained  tied-trained  layer-trained
              tl5, tied-ab    tied-trained  tied-trained  frozen at 1
              vectors         tied-frozen   tied-frozen   layer-trained (as VeRA; no name of the paper)
              tied-a, tied-b  only that one is tied; u, v frozen at 1
              lora            layer-trained layer-trained frozen at 1
            merged: W + s · diag(v) B diag(u) A; as a plain LoRA: diag(u) A and diag(v) B, of LoRA's full size
            """,
        parameterFormula: "sizes of the trained tensors, each once if tied, else once per block; "
            + "on q, k, v tl5: rank (in + Σ out), tl6: the same + blocks (rank + Σ out)",
        keptFormula: "sizes of the frozen A and B, each once if tied, else once per block",
        source: """
            Renduchintala, Konuk, Kuchaiev 2023, Tied-LoRA, arXiv:2311.09578
            the paper's names TL1 to TL4 are not offered: their table was not found
            """, defaultAlpha: { Double($0) },
        defaultTargets: .roles([.query, .key, .value, .fusedQueryKeyValue]),
        options: TiedLoRAForm.options + AdapterMethod.lora.options, hasLoRAForm: true
    ) { request in
        try TiedLoRA.attached(request)
    }
}
