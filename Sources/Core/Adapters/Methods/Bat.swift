package import CatenaEngine
package import CatenaModels

/// Bat: Bone with the weight as guide, which the paper's first versions called Bone.
///
///     Y = X W′ᵀ + b      W′_ab = W_ab + (W_ab + I) B_a      W in r x r blocks, B [out / r, r, r]  zero
///
///     G = dYᵀ X [out, in]      dB_a = Σ_b (W_ab + I)ᵀ G_ab      dX = dY W′
///
/// One B_a serves all blocks of a row of blocks (the form that the authors ship and PEFT has; the other two of the first
/// code, one for each column of blocks and two tensors, are not here). ΔW has full rank, so there is no plain LoRA of it.
/// Parameters: r · out per layer. r divides in and out of every layer. At the start B = 0: the layer is unchanged.
///
/// W′ is made from W in each pass, see ``GuidedBlocks``: in · out · r multiplications, little beside the N · in · out of the
/// product while r is far below the tokens N of a pass; the backward pass adds the dense G, N · in · out. Generating one
/// token at a time is slow: merge first. Neither dropout nor alpha exist in it.
///
/// - Source: Kang and Yin 2024, arXiv:2409.15371, versions 1 to 3; peft `miss/layer.py` with `init_weights="bat"`.
package final class Bat: LinearAdapter {
    /// B, `[outFeatures / rank, rank, rank]`.
    package let blocks: Parameter

    /// An adapter for `layer`, whose sides `rank` divides.
    package init(layer: Linear, rank: Int) {
        blocks = Parameter(
            name: PEFT.prefix + layer.path + ".miss_block", shape: [layer.outFeatures / rank, rank, rank]
        ) { $0.fill(0) }
    }

    package func forward(_ x: Variable, through layer: Linear, on tape: Tape) -> Variable {
        let memory = tape.engine.memory
        let product = tape.multiply(x, guidedBlocks: blocks.variable) { layer.currentWeight(memory) }
        guard let bias = layer.bias else { return product }
        return tape.addBias(product, bias.variable)
    }

    package func merged(into weight: Tensor, engine: Engine) -> Tensor {
        let result = engine.memory.tensor(rows: weight.rows, columns: weight.columns)
        result.copy(from: weight)
        GuidedBlocks.apply(blocks.value, to: result, engine: engine)
        return result
    }

    package func folded(engine: Engine) -> FoldedLoRA? { nil }

    /// W′ and G, and a copy of the rows of a block for each thread, of which one is counted.
    package func memory(rank: Int, of layer: Linear) -> AdapterMemory {
        var memory = AdapterMemory()
        let elements = layer.outFeatures * layer.inFeatures
        memory.passTensors = [elements, elements, rank * layer.inFeatures]
        return memory
    }
}

extension AdapterMethod {
    /// Bat, the weight-guided Bone.
    package static let bat: AdapterMethod = .init(
        name: "bat", summary: "r x r blocks that multiply the blocks of the frozen matrix (weight-guided Bone)",
        formula: """
            Y = X W′ᵀ + b     W′_ab = W_ab + (W_ab + I) B_a for the rank x rank blocks W_ab of W [out, in]
            B [out / rank, rank, rank]   zero, so that training starts from the unchanged model
            rank divides in and out of every layer; there is no alpha and no dropout
            merged: W′
            """, parameterFormula: "Σ rank · out",
        keptFormula: "2 in · out + rank · in once for each size of matrix: W′, the gradient G, a row of blocks",
        source: """
            Kang and Yin 2024, arXiv:2409.15371, versions 1 to 3, which call it Bone
            one block for each row of blocks, as in the authors' code and in Hugging Face PEFT's MISS ("bat")
            """, commonKeys: [.rank, .targets, .initial], defaultRank: 64, defaultAlpha: { Double($0) },
        peft: .bat
    ) { request in
        let rank = request.section.rank
        return try AttachedAdapter(each: request) { layer in
            let sides = [layer.outFeatures, layer.inFeatures]
            guard rank >= 1, sides.allSatisfy({ $0.isMultiple(of: rank) }) else {
                let all = request.layers.flatMap { [$0.outFeatures, $0.inFeatures] }
                throw AdapterError.indivisible(
                    key: "rank", size: rank, path: layer.path, shape: sides, fitting: CommonDivisors(of: all).near(rank)
                )
            }
            return Bat(layer: layer, rank: rank)
        } parameters: {
            [$0.blocks]
        }
    }
}
