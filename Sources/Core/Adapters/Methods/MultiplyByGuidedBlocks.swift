package import CatenaEngine

extension Tape {
    /// `Y = X W′ᵀ` where W′ is made anew from the frozen W `[out, in]` and trained blocks in each pass: see ``GuidedBlocks``.
    /// X `[N, in]`, Y `[N, out]`, `blocks` `[out, r]`.
    ///
    ///     G = dYᵀ X,   dB from G,   dX = dY W′
    ///
    /// W′ is not kept for the backward pass, which makes it again: in · out · r multiplications for each layer and pass
    /// instead of a float32 copy of the whole model. The backward pass holds W′ and G of one layer at a time.
    ///
    /// - Parameter weight: gives W in memory that is overwritten; called in both passes, while the layer's block is there.
    package func multiply(
        _ x: Variable, guidedBlocks blocks: Variable, of weight: @escaping () -> Tensor
    ) -> Variable {
        let adapted = weight()
        GuidedBlocks.apply(blocks.value, to: adapted, engine: engine)
        let y = engine.memory.activation(rows: x.value.rows, columns: adapted.rows)
        BLAS.multiply(x.value, transposed: adapted, into: y, engine: engine)
        let output = Variable(y, requiresGradient: x.requiresGradient || blocks.requiresGradient)
        record(output) { [engine] dY in
            let matrix = weight()
            blocks.addGradient(engine.memory) { dBlocks, accumulate in
                let gradient = engine.memory.tensor(rows: matrix.rows, columns: matrix.columns)
                BLAS.multiply(transposed: dY, x.value, into: gradient, engine: engine)
                GuidedBlocks.gradient(
                    of: matrix, changedBy: gradient, into: dBlocks, accumulate: accumulate, engine: engine)
            }
            x.addGradient(engine.memory) { dX, accumulate in
                GuidedBlocks.apply(blocks.value, to: matrix, engine: engine)
                BLAS.multiply(dY, matrix, into: dX, accumulate: accumulate, engine: engine)
            }
        }
        return output
    }
}
