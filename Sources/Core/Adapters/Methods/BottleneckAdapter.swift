package import CatenaEngine
import CatenaModels

/// A small feed-forward function F between a sublayer and the residual stream.
///
///     F(x) = up(σ(down(x)))      down: D to d, up: d to D, both with biases
///
/// In a pre-norm layer with residual h `[N, D]` and sublayer output f `[N, D]`:
///
///     sublayerOutput    h + f + F(f)          (Houlsby, Compacter)
///     hiddenState       u + F(u), u = h + f   (Pfeiffer)
///
/// Of the second form only u and F's inside are kept for the backward pass, of the first one f too.
package final class BottleneckAdapter: SublayerAdapter {
    /// What F reads.
    enum Position {
        /// The sublayer's output, before the residual is added.
        case sublayerOutput
        /// The sum of both.
        case hiddenState
    }

    package let path: String
    let down: any BottleneckProjection
    let up: any BottleneckProjection
    private let activation: Activation
    private let position: Position

    init(
        path: String, position: Position, activation: Activation, down: any BottleneckProjection,
        up: any BottleneckProjection
    ) {
        (self.path, self.position, self.activation) = (path, position, activation)
        (self.down, self.up) = (down, up)
    }

    /// Those of down, then those of up.
    var parameters: [Parameter] { down.parameters + up.parameters }

    package var keptColumns: Int { down.keptColumns + up.keptColumns }

    package func join(_ output: Variable, residual: Variable, on tape: Tape) -> Variable {
        switch position {
        case .sublayerOutput:
            // The gradient of f must not be the tensor that the residual takes over: F adds to it.
            let changed = tape.skip(output, around: change(of: output, on: tape))
            return tape.residual(residual, changed)
        case .hiddenState:
            let hidden = tape.residual(residual, output)
            return tape.residual(hidden, change(of: hidden, on: tape))
        }
    }

    /// F(x), in memory of its own.
    private func change(of x: Variable, on tape: Tape) -> Variable {
        up.forward(tape.activation(down.forward(x, on: tape), activation), on: tape)
    }
}

/// A trained linear map with a bias from or to the width of a bottleneck.
protocol BottleneckProjection {
    /// Its own parameters, without those that it shares with others.
    var parameters: [Parameter] { get }
    /// Columns of the activations that it makes.
    var keptColumns: Int { get }
    /// `[N, in]` to `[N, out]`.
    func forward(_ x: Variable, on tape: Tape) -> Variable
}

/// `Y = X Wᵀ + b`; W `[out, in]` as given, b `[out]` zero.
struct DenseProjection: BottleneckProjection {
    let weight: Parameter
    let bias: Parameter

    /// A projection whose tensors are `name.weight` and `name.bias`; `fill` draws W.
    init(
        name: String, inFeatures: Int, outFeatures: Int, seed: UInt64,
        fill: @escaping (SeededGenerator, UnsafeMutableBufferPointer<Float>) -> Void
    ) {
        weight = Parameter(name: name + ".weight", shape: [outFeatures, inFeatures]) { value in
            unsafe fill(
                SeededGenerator(seed: seed, purpose: "initialisation", name: name + ".weight"),
                UnsafeMutableBufferPointer(start: value.pointer, count: value.count))
        }
        bias = Parameter(name: name + ".bias", shape: [outFeatures], decays: false) { $0.fill(0) }
    }

    var parameters: [Parameter] { [weight, bias] }

    var keptColumns: Int { bias.count }

    func forward(_ x: Variable, on tape: Tape) -> Variable {
        tape.addBias(tape.multiply(x, transposed: weight.variable), bias.variable)
    }
}
