package import CatenaEngine

/// A frozen low-rank path beside a frozen matrix: `Y += (X Aᵀ) Bᵀ`, which changes the layer without touching its matrix.
///
///     A [R, in], B [out, R]      dX += (dY B) A      (no dA, no dB)
package final class SidePath {
    package let update: LowRankUpdate
    private let a: Variable
    private let b: Variable

    /// One path for the sum of `updates`.
    package init(_ updates: [LowRankUpdate], memory: TensorMemory) {
        update = LowRankUpdate.concatenated(updates, memory: memory)
        a = Variable(update.a, requiresGradient: false)
        b = Variable(update.b, requiresGradient: false)
    }

    /// `y + (x Aᵀ) Bᵀ`, in y's memory.
    func add(_ x: Variable, to y: Variable, on tape: Tape) -> Variable {
        tape.add(tape.multiply(x, transposed: a), timesTransposed: b, scaling: 1, to: y)
    }
}
