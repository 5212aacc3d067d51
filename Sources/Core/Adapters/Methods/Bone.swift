package import CatenaEngine
package import CatenaModels
import CatenaSchema

/// Bone in the form that is now called MiSS: one row of numbers for each residue of the input's index.
///
///     Y = X Wᵀ + S D            S[t, i] = Σ dropout(X)[t, j] over j ≡ i (mod r)        D [r, out]  zero
///     ΔW[o, j] = D[j mod r, o]
///     mini n: D [r, n] and ΔW[o, j] = D[j mod r, o mod n]
///
///     dD = Sᵀ dY [r, out]       dX += dY Dᵀ, tiled along in       with mini, dD is summed over the tiles of n columns
///
/// Equal to LoRA with a frozen A = [I_r I_r …], B = Dᵀ and scaling 1, but the sums cost N · in additions instead of a
/// product. There is no alpha. Parameters: r · out per layer, r · n with mini. At the start D = 0: the layer is unchanged.
/// r need not divide in; r = in trains a whole matrix.
///
/// - Source: Kang and Yin 2024, *Balancing LoRA Performance and Efficiency with Simple Shard Sharing*, arXiv:2409.15371
///   (version 4 on; what the first versions called Bone is ``Bat``); where text and code of the paper differ, as peft
///   `miss/layer.py` does.
package final class Bone: LinearAdapter {
    /// D, `[rank, outFeatures]`, or `[rank, n]` with mini.
    package let d: Parameter
    /// Probability that an input of the adapter is dropped.
    package let dropout: Double
    private let rank: Int
    private let inFeatures: Int
    private let outFeatures: Int

    /// An adapter for `layer`.
    ///
    /// - Parameter mini: n, which divides the layer's outputs; nil for a column for each output.
    package init(layer: Linear, rank: Int, mini: Int?, dropout: Double) {
        self.rank = rank
        self.dropout = dropout
        (inFeatures, outFeatures) = (layer.inFeatures, layer.outFeatures)
        d = Parameter(
            name: PEFT.prefix + layer.path + ".miss_block", shape: [rank, mini ?? layer.outFeatures]
        ) { $0.fill(0) }
    }

    package func forward(_ x: Variable, through layer: Linear, on tape: Tape) -> Variable {
        let output = layer.base(x, on: tape)
        let dropped = tape.dropout(x, probability: dropout, name: layer.path)
        return tape.add(tape.shardSum(dropped, width: rank), timesTiled: d.variable, to: output)
    }

    package func merged(into weight: Tensor, engine: Engine) -> Tensor {
        let result = engine.memory.tensor(rows: weight.rows, columns: weight.columns)
        result.copy(from: weight)
        let columns = d.value.transposed(engine.memory)
        for start in stride(from: 0, to: weight.rows, by: columns.rows) {
            Shards.tile(columns, into: result.rows(start..<start + columns.rows), accumulate: true, engine: engine)
        }
        return result
    }

    package func folded(engine: Engine) -> FoldedLoRA? {
        let a = engine.memory.zeros(rows: rank, columns: inFeatures)
        for column in 0..<inFeatures { unsafe a.pointer[column % rank * inFeatures + column] = 1 }
        let b = engine.memory.tensor(rows: outFeatures, columns: rank)
        let columns = d.value.transposed(engine.memory)
        for start in stride(from: 0, to: outFeatures, by: columns.rows) {
            b.rows(start..<start + columns.rows).copy(from: columns)
        }
        return FoldedLoRA(a: a, b: b, scaling: 1)
    }
}

extension AdapterMethod {
    /// Bone, which is MiSS, plain and mini.
    package static let bone: AdapterMethod = .init(
        name: "bone", summary: "one trained matrix for all shards of the input (MiSS)",
        formula: """
            Y = X Wᵀ + S D    S [tokens, rank]: S[t, i] is the sum of dropout(X)[t, j] over j mod rank = i
            D [rank, out]     zero, so that training starts from the unchanged model
            merged: W[o, j] + D[j mod rank, o]
            mini n: D [rank, n], W[o, j] + D[j mod rank, o mod n]; n divides every out
            rank need not divide in; there is no alpha
            """, parameterFormula: "Σ rank · out; with mini n: Σ rank · n",
        source: """
            Kang and Yin 2024, MiSS (first Bone, then DiSHA), arXiv:2409.15371
            shards along the input as in Hugging Face PEFT's MISS, which the paper's code does too
            """, commonKeys: [.rank, .dropout, .targets, .initial], defaultRank: 64, defaultAlpha: { Double($0) },
        options: [
            .init(
                "mini", .integerOr("none", atLeast: 1, atMost: WholeNumberLimit.rank), default: .text("none"),
                summary: "columns of D that are repeated along the outputs; none: one for each output")
        ], hasLoRAForm: true, peft: .bone
    ) { request in
        let section = request.section
        let mini = section.option("mini")?.integer
        return try AttachedAdapter(each: request) { layer in
            guard (1...layer.inFeatures).contains(section.rank) else {
                throw AdapterError.optionMisfit(
                    option: "rank", found: "\(section.rank)",
                    expected: "1...\(layer.inFeatures), the inputs of \(layer.path)")
            }
            if let mini, !layer.outFeatures.isMultiple(of: mini) {
                throw AdapterError.indivisible(
                    key: "mini", size: mini, path: layer.path, shape: [layer.outFeatures, layer.inFeatures],
                    fitting: CommonDivisors(of: request.layers.map(\.outFeatures)).near(mini))
            }
            return Bone(layer: layer, rank: section.rank, mini: mini, dropout: section.dropout)
        } parameters: {
            [$0.d]
        }
    }
}
