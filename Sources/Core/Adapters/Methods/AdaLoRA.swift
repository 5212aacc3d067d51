package import CatenaEngine
package import CatenaModels
import CatenaSchema

/// Adaptive low-rank adaptation: an update in the form of a singular value decomposition whose ranks are moved to the
/// layers where they matter.
///
///     Y = X Wᵀ + s · dropout(X) (diag(E) A)ᵀ Bᵀ      s = alpha / (r₀ + 1e-5), the same before and after pruning
///
///     A [r₀, in], B [out, r₀]  normal, σ = 0.02      E [r₀]  zero
///
///     dE = Σ rows of dA′ ⊙ A    dA = diag(E) dA′    with A′ = diag(E) A and dA′, dB as in LoRA
///
/// Parameters: r₀ (in + out + 1) per layer, all of them trained; ``AdaLoRABudget`` sets entries of E to zero. At the start
/// E = 0, so the layer is unchanged and dA = dB = 0.
///
/// - Source: Zhang et al. 2023, *AdaLoRA*, arXiv:2303.10512; scaling and initialisation as in the authors' code and in
///   peft `adalora/layer.py`.
package final class AdaLoRA: LowRankAdapter {
    /// A, `[r₀, inFeatures]`: right singular vectors.
    package let a: Parameter
    /// E, `[r₀, 1]`: singular values.
    package let e: Parameter
    /// B, `[outFeatures, r₀]`: left singular vectors.
    package let b: Parameter
    /// s.
    package let scaling: Double
    /// Probability that an input of the adapter is dropped.
    package let dropout: Double
    /// 1 for each rank that the last allocation kept, 0 for the others, `[1, r₀]`.
    private(set) lazy var mask: Tensor = {
        let mask = memory.tensor(rows: 1, columns: e.count)
        mask.fill(1)
        return mask
    }()
    private let memory: TensorMemory

    /// An adapter for `layer` of initial rank `rank`.
    init(layer: Linear, rank: Int, alpha: Double, dropout: Double, seed: UInt64, memory: TensorMemory) {
        scaling = alpha / (Double(rank) + 1e-5)
        self.dropout = dropout
        self.memory = memory
        let name = PEFT.prefix + layer.path
        func normal(_ tensor: String, _ shape: [Int]) -> Parameter {
            Parameter(name: name + tensor, shape: shape) { value in
                unsafe SeededGenerator(seed: seed, purpose: "initialisation", name: name + tensor).fillNormal(
                    UnsafeMutableBufferPointer(start: value.pointer, count: value.count), standardDeviation: 0.02)
            }
        }
        a = normal(".lora_A", [rank, layer.inFeatures])
        e = Parameter(name: name + ".lora_E", shape: [rank, 1]) { $0.fill(0) }
        b = normal(".lora_B", [layer.outFeatures, rank])
    }

    /// A, E, B.
    package var parameters: [Parameter] { [a, e, b] }

    package func factors(on tape: Tape) -> (a: Variable, b: Variable) {
        (tape.scaleRows(of: a.variable, by: e.variable), b.variable)
    }

    /// For each rank whether it is in use: kept by the last allocation, or moved from zero since.
    package var isKept: [Bool] {
        (0..<e.count).map { unsafe mask.pointer[$0] != 0 || e.value.pointer[$0] != 0 }
    }

    /// The kept rows of A and E and columns of B, copied.
    var kept: (a: Tensor, e: Tensor, b: Tensor) {
        let kept = isKept.indices(where: true)
        let a = memory.tensor(rows: kept.count, columns: self.a.value.columns)
        let e = memory.tensor(rows: kept.count, columns: 1)
        let b = memory.tensor(rows: self.b.value.rows, columns: kept.count)
        for (position, rank) in kept.enumerated() {
            a.rows(position..<position + 1).copy(from: self.a.value.rows(rank..<rank + 1))
            unsafe e.pointer[position] = self.e.value.pointer[rank]
            for row in 0..<b.rows {
                unsafe b.pointer[row * b.columns + position] = self.b.value.pointer[row * self.b.value.columns + rank]
            }
        }
        return (a, e, b)
    }

    /// Takes the ranks `isKept` from such tensors; the others get E = 0, and their rows of A and B stay.
    func setKept(_ isKept: [Bool], a: Tensor, e: Tensor, b: Tensor) {
        var position = 0
        for (rank, keeps) in isKept.enumerated() {
            unsafe mask.pointer[rank] = keeps ? 1 : 0
            guard keeps else {
                unsafe self.e.value.pointer[rank] = 0
                continue
            }
            self.a.value.rows(rank..<rank + 1).copy(from: a.rows(position..<position + 1))
            unsafe self.e.value.pointer[rank] = e.pointer[position]
            for row in 0..<b.rows {
                unsafe self.b.value.pointer[row * self.b.value.columns + rank] = b.pointer[row * b.columns + position]
            }
            position += 1
        }
    }

    package func foldedForFiles(engine: Engine) -> FoldedLoRA? {
        let (a, e, b) = kept
        for row in 0..<a.rows {
            unsafe engine.scale(a.rows(row..<row + 1), by: e.pointer[row])
        }
        return FoldedLoRA(a: a, b: b, scaling: scaling)
    }
}

extension [Bool] {
    /// The positions of `value`.
    func indices(where value: Bool) -> [Int] { indices.filter { self[$0] == value } }
}

extension AdapterMethod {
    /// AdaLoRA.
    package static let adalora: AdapterMethod = AdapterMethod(
        name: "adalora", summary: "low-rank updates whose ranks move to the layers where they matter most",
        formula: """
            Y = X Wᵀ + s · dropout(X) (diag(E) A)ᵀ Bᵀ    X [tokens, in], W [out, in] frozen
            A [rank, in], B [out, rank]   normal with deviation 0.02
            E [rank]                      zero, so that training starts from the unchanged model
            s = alpha / (rank + 1e-5)
            loss + orthogonal-weight · mean over all A and B of ‖A Aᵀ - I‖ and ‖Bᵀ B - I‖
            From step tinit to tfinal before the end the number of entries of E that are not set to zero falls from
            rank to target-rank for each layer on average; those with the highest Ī Ū stay, wherever they are:
            Ī ← beta1 Ī + (1 - beta1) |w ∂loss/∂w|,  Ū ← beta2 Ū + (1 - beta2) |I - Ī|, for E plus the means over A and B
            merged: W + s · B diag(E) A
            """,
        parameterFormula: "Σ rank (in + out + 1) while training, target-rank instead of rank on average afterwards",
        keptFormula: "2 Σ rank (in + out + 1), the scores Ī and Ū; Σ rank, the masks",
        source: """
            Zhang et al. 2023, AdaLoRA, arXiv:2303.10512
            regulariser, scaling, schedule and initialisation as in the authors' code and in Hugging Face PEFT
            What differs: the authors' scripts give alpha 16 to 32 for rank 2 or 3, s = 5.3 to 16;
            here alpha is 2 · rank unless given, s = 2. orthogonal-weight 0.1 is that of most of the authors'
            scripts (RTE and STS-B 0.3); PEFT's default is 0.5, the paper tries 0.1, 0.3 and 0.5
            """, defaultRank: 12, options: adaloraOptions, hasLoRAForm: true, peft: .adalora
    ) { request in
        let section = request.section
        let adapters = try request.layers.map { layer in
            if !section.allowsExcessRank { try layer.requireRank(section.rank) }
            return AdaLoRA(
                layer: layer, rank: section.rank, alpha: section.alpha, dropout: section.dropout, seed: request.seed,
                memory: request.model.engine.memory)
        }
        let layers = zip(request.layers, adapters).map { (layer: $0, adapter: $1) }
        return AttachedAdapter(
            section, parameters: adapters.flatMap(\.parameters),
            rule: try AdaLoRABudget(section, layers: layers, engine: request.model.engine), linearAdapters: layers)
    }

    private static let adaloraOptions: [AdapterOption] = [
        .init(
            "target-rank", .integerOr("auto", atLeast: 1, atMost: WholeNumberLimit.rank), default: .text("auto"),
            summary: "average rank at the end; auto: two thirds of rank"),
        .init(
            "tinit", .integerOr("auto", atLeast: 0), default: .text("auto"),
            summary: "steps before the ranks begin to fall; auto: an eighth of all"),
        .init(
            "tfinal", .integerOr("auto", atLeast: 0), default: .text("auto"),
            summary: "steps at the end with fixed ranks; auto: half of all"),
        .init("delta-t", .integer(atLeast: 1), default: .integer(1), summary: "steps from one allocation to the next"),
        .init("beta1", .fraction, default: .number(0.85), summary: "smoothing of the sensitivity"),
        .init("beta2", .fraction, default: .number(0.85), summary: "smoothing of the uncertainty"),
        .init(
            "orthogonal-weight", .numberAtLeast(0), default: .number(0.1),
            summary: "weight of the penalty that keeps A and B orthogonal"),
        .init(
            "score", .choice(["after-update", "before-update"]), default: .text("after-update"),
            summary: "whether weights are scored as the optimizer leaves them (peft) or finds them (paper)"),
    ]
}
