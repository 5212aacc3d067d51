package import CatenaEngine
import CatenaFiles
package import CatenaModels
import CatenaSchema
import Glibc

/// Weight-decomposed low-rank adaptation: LoRA turns the rows of W, a vector of its own gives them their lengths.
///
///     Y = X Vᵀ diag(m / n) + b      V = W + s B A,   nⱼ = ‖Vⱼ‖ of each row (output), constant in the gradient
///
///     A [r, in], B [out, r]  as in LoRA      m [out]  ‖Wⱼ‖ at the start, so that m / n = 1
///
///     g = m / n:  dmⱼ = Σ dYⱼ (X Vᵀ)ⱼ / nⱼ    dB = s diag(g) dYᵀ X Aᵀ    dA = s Bᵀ diag(g) dYᵀ X    dX = (dY diag(g)) V
///
/// V is never formed in a pass: `nⱼ² = ‖Wⱼ‖² + 2s Σₖ Bⱼₖ (A Wᵀ)ₖⱼ + s² Bⱼ (A Aᵀ) Bⱼᵀ`, where ‖Wⱼ‖² is kept; it is made anew only when
/// A or B have changed. With dropout x′ = dropout(x), while training `Y = x Wᵀ + (g - 1) x′ Wᵀ + g s x′ Aᵀ Bᵀ + b` as in peft,
/// computed as `g (x′ Vᵀ) + (x - x′) Wᵀ + b`; that is a second product with W. A row of zeros in W stays one.
///
/// Parameters: r (in + out) + out per layer. At the start B = 0, so the layer is unchanged and dA = 0.
///
/// - Source: Liu et al. 2024, *DoRA*, arXiv:2402.09353, constant norms as in its section 4.3; rows and dropout as in peft
///   `lora/dora.py` and `lora/variants.py`.
package final class DoRA: WeightInitialised {
    /// A, B, s and the dropout.
    package let direction: LoRA
    /// m, `[out]`; it learns as fast as B and does not decay.
    package let magnitude: Parameter
    /// ‖Wⱼ‖², `[out]`.
    let squaredNorms: AdapterBuffer
    private var present: Norms?

    /// Row norms of V with the factors that they belong to.
    private struct Norms {
        let a: Tensor
        let b: Tensor
        let values: Tensor
    }

    /// An adapter for `layer` from its low-rank part.
    init(layer: Linear, direction: LoRA, learningRateRatio: Double, memory: TensorMemory) {
        self.direction = direction
        let (name, shape) = (PEFT.prefix + layer.path, [layer.outFeatures])
        magnitude = Parameter(
            name: name + ".lora_magnitude_vector", shape: shape, learningRateFactor: learningRateRatio, decays: false,
            neutral: .firstValue
        ) { $0.fill(1) }
        squaredNorms = AdapterBuffer(name: name + ".squared_norms", shape: shape, memory: memory) { $0.fill(1) }
    }

    /// A, B, m.
    package var parameters: [Parameter] { direction.parameters + [magnitude] }

    package func forward(_ x: Variable, through layer: Linear, on tape: Tape) -> Variable {
        let norms = norms(through: layer, engine: tape.engine)
        let dropped = tape.dropout(x, probability: direction.dropout, name: layer.path)
        let product = layer.product(dropped, on: tape)
        let h = tape.multiply(dropped, transposed: direction.a.variable)
        let turned = tape.add(
            h, timesTransposed: direction.b.variable, scaling: Float(direction.scaling), to: product)
        var y = tape.scaleMagnitudes(of: turned, by: magnitude.variable, over: norms)
        if dropped !== x {
            y = tape.residual(y, layer.product(tape.difference(x, dropped), on: tape))
        }
        guard let bias = layer.bias else { return y }
        return tape.addBias(y, bias.variable)
    }

    package func initialise(from weight: Tensor, engine: Engine) {
        for row in 0..<weight.rows {
            let start = unsafe weight.pointer + row * weight.columns
            let square = unsafe Float(Kernels.sumOfSquares(engine.threads, x: start, count: weight.columns))
            unsafe squaredNorms.value.pointer[row] = square
            unsafe magnitude.value.pointer[row] = Float(Double(square).squareRoot())
        }
        present = nil
    }

    package var initialisedValues: [Tensor] { [magnitude.value, squaredNorms.value] }

    package func merged(into weight: Tensor, engine: Engine) -> Tensor {
        let result = direction.merged(into: weight, engine: engine)
        for row in 0..<result.rows {
            let start = unsafe result.pointer + row * result.columns
            let norm = unsafe Kernels.sumOfSquares(engine.threads, x: start, count: result.columns).squareRoot()
            let factor = unsafe norm == 0 ? 0 : Double(magnitude.value.pointer[row]) / norm
            unsafe Kernels.scale(engine.threads, alpha: Float(factor), x: start, count: result.columns)
        }
        return result
    }

    package func folded(engine: Engine) -> FoldedLoRA? { nil }

    /// X Aᵀ and X Vᵀ; and n with the A and B that it belongs to.
    package func memory(rank: Int, of layer: Linear) -> AdapterMemory {
        let (a, b) = (direction.a.count, direction.b.count)
        var memory = AdapterMemory(keptColumns: a / layer.inFeatures + layer.outFeatures)
        memory.keptElements = a + b + layer.outFeatures
        return memory
    }

    /// n `[1, out]` for the present A and B.
    private func norms(through layer: Linear, engine: Engine) -> Tensor {
        let (a, b) = (direction.a.value, direction.b.value)
        if let present, Self.areEqual(present.a, a), Self.areEqual(present.b, b) { return present.values }
        let memory = engine.memory
        func copy(_ tensor: Tensor) -> Tensor {
            let result = memory.tensor(rows: tensor.rows, columns: tensor.columns)
            result.copy(from: tensor)
            return result
        }
        let values = computedNorms(a, b, through: layer, engine: engine)
        present = Norms(a: copy(a), b: copy(b), values: values)
        return values
    }

    private func computedNorms(_ a: Tensor, _ b: Tensor, through layer: Linear, engine: Engine) -> Tensor {
        let (rank, outFeatures) = (a.rows, b.rows)
        let crossed = layer.product(
            Variable(a, requiresGradient: false), on: Tape(engine: engine, isRecording: false)
        ).value  // A Wᵀ [r, out]
        let gram = engine.memory.tensor(rows: rank, columns: rank)
        BLAS.multiply(a, transposed: a, into: gram, engine: engine)
        let product = engine.memory.tensor(rows: outFeatures, columns: rank)
        BLAS.multiply(b, gram, into: product, engine: engine)
        let norms = engine.memory.tensor(rows: 1, columns: outFeatures)
        let scaling = direction.scaling
        for row in 0..<outFeatures {
            var (cross, square) = (0.0, 0.0)
            for k in 0..<rank {
                let factor = unsafe Double(b.pointer[row * rank + k])
                unsafe cross += factor * Double(crossed.pointer[k * outFeatures + row])
                unsafe square += factor * Double(product.pointer[row * rank + k])
            }
            let whole =
                unsafe Double(squaredNorms.value.pointer[row]) + 2 * scaling * cross + scaling * scaling * square
            unsafe norms.pointer[row] = Float(max(whole, 0).squareRoot())
        }
        return norms
    }

    private static func areEqual(_ x: Tensor, _ y: Tensor) -> Bool {
        unsafe memcmp(x.pointer, y.pointer, x.count * MemoryLayout<Float>.stride) == 0
    }
}

extension AdapterMethod {
    /// DoRA, with rsLoRA and LoRA+ as options.
    package static let dora: AdapterMethod = AdapterMethod(
        name: "dora", summary: "LoRA for the direction of each row of a matrix, a trained vector for the rows' lengths",
        formula: """
            Y = X Vᵀ diag(m / n) + b    V = W + s · B A, n = norms of V's rows, constant in the gradient
            A [rank, in]    uniform in ±1/√in (Kaiming-uniform with a = √5)
            B [out, rank]   zero, so that training starts from the unchanged model
            m [out]         norms of W's rows
            s = alpha / rank, with rs-lora alpha / √rank
            merged: diag(m / n) (W + s · B A)
            """, parameterFormula: "Σ (rank (in + out) + out)",
        keptFormula: "Σ (rank (in + out) + 2 out), norms and the A and B that they belong to",
        source: """
            Liu et al. 2024, DoRA, arXiv:2402.09353
            Kalajdzievski 2023, rsLoRA, arXiv:2312.03732 (rs-lora)
            Hayou et al. 2024, LoRA+, arXiv:2402.12354 (lora-plus-ratio)
            norms of rows, initialisation and dropout as in Hugging Face PEFT
            """,
        options: [
            .init(
                "rs-lora", .boolean, default: .boolean(false),
                summary: "scale by alpha / sqrt(rank) instead of alpha / rank"),
            .init(
                "lora-plus-ratio", .number(above: 0), default: .number(1),
                summary: "learning rate of B and m divided by that of A (LoRA+)"),
        ], peft: .dora
    ) { request in
        let section = request.section
        let ratio = section.option("lora-plus-ratio")?.number ?? 1
        let adapters = try request.layers.map { layer in
            let direction = try LoRA(
                layer: layer, rank: section.rank(of: layer), alpha: section.alpha(of: layer),
                rankStabilised: section.option("rs-lora")?.boolean ?? false, learningRateRatio: ratio,
                dropout: section.dropout, seed: request.seed, allowsExcessRank: section.allowsExcessRank)
            return DoRA(
                layer: layer, direction: direction, learningRateRatio: ratio, memory: request.model.engine.memory)
        }
        return AttachedAdapter(
            section, parameters: adapters.flatMap(\.parameters), buffers: adapters.map(\.squaredNorms),
            linearAdapters: zip(request.layers, adapters).map { (layer: $0, adapter: $1) })
    }
}

extension PEFTForm {
    /// DoRA: a LoRA with `use_dora` and one more tensor for each layer.
    ///
    /// - Source: peft `tuners/lora/config.py`; `tuners/lora/model.py`, `_get_adapter_state_dict`.
    static let dora: PEFTForm = PEFTForm(
        type: PEFTForm.lora.type, members: { configuration, _ in loraMembers(configuration, usesDoRA: true) },
        section: { file in
            guard try file["use_dora"]?.bool() == true else { return nil }
            return try loraSection(file, method: .dora)
        })
}
