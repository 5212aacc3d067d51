import Foundation

/// An odd, strictly increasing, bounded φ with φ'(0) = 1: what a ``WeightCompander`` bends weights with.
///
/// A further one is a line in ``all``, and a row of `curve` in `CKernels/companding.c`, which computes φ and φ' in float32, with its
/// case of ``Kernels/Curve``.
package struct CompandingFunction: Sendable, Equatable {
    /// The name in configurations.
    package let name: String
    /// The largest |φ|, not reached.
    package let limit: Double
    /// φ in float64.
    package let value: @Sendable (Double) -> Double
    /// φ⁻¹ in float64, of a number below ``limit`` in size.
    package let inverse: @Sendable (Double) -> Double
    /// The kernel's name for it.
    let curve: Kernels.Curve

    /// arctan x, slope 1 / (1 + x²).
    package static let arctan = CompandingFunction(
        name: "arctan", limit: .pi / 2, value: { atan($0) }, inverse: { tan($0) }, curve: .arctan)
    /// tanh x, slope 1 - tanh² x.
    package static let tanh = CompandingFunction(
        name: "tanh", limit: 1, value: { Foundation.tanh($0) }, inverse: { atanh($0) }, curve: .tanh)
    /// x / (1 + |x|), slope 1 / (1 + |x|)².
    package static let softsign = CompandingFunction(
        name: "softsign", limit: 1, value: { $0 / (1 + abs($0)) }, inverse: { $0 / (1 - abs($0)) },
        curve: .softsign)

    /// Every function.
    package static let all: [CompandingFunction] = [.arctan, .tanh, .softsign]

    package static func == (left: Self, right: Self) -> Bool { left.name == right.name }
}
