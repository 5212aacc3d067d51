import CatenaEngine

/// A low-rank parameterised hypercomplex layer (LPHM): `Y = X H + b` with H a sum of n Kronecker products.
///
///     H = Σᵢ Aᵢ ⊗ (sᵢ tᵢ)      Aᵢ [n, n], sᵢ [in / n, 1], tᵢ [1, out / n], b [out]
///
/// A is shared by all projections; s, t and b are its own, in the shapes of the authors' `W_left`, `W_right` and `b`. sᵢ and tᵢ
/// begin Glorot-uniform with gain √2, sᵢ in ±√2 √(6 / (in / n + 1)), b at zero.
///
/// - Source: Karimi Mahabadi, Henderson, Ruder 2021, *Compacter*, arXiv:2106.04647; `PHMLinear` in the authors' `layers.py`.
struct HypercomplexProjection: BottleneckProjection {
    /// A, `[n, n, n]`.
    let rule: Parameter
    /// s, `[n, in / n, 1]`.
    let left: Parameter
    /// t, `[n, 1, out / n]`.
    let right: Parameter
    /// b, `[out]`.
    let bias: Parameter

    /// A projection whose tensors are `name.W_left`, `name.W_right` and `name.b`; n divides both widths.
    init(name: String, inFeatures: Int, outFeatures: Int, rule: Parameter, seed: UInt64) {
        let n = rule.shape[0]
        self.rule = rule
        func factor(_ suffix: String, shape: [Int], width: Int) -> Parameter {
            Parameter(name: name + suffix, shape: shape) { value in
                let bound = (2 * 6 / Float(width + 1)).squareRoot()
                unsafe SeededGenerator(seed: seed, purpose: "initialisation", name: name + suffix).fillUniform(
                    UnsafeMutableBufferPointer(start: value.pointer, count: value.count), low: -bound, high: bound)
            }
        }
        left = factor(".W_left", shape: [n, inFeatures / n, 1], width: inFeatures / n)
        right = factor(".W_right", shape: [n, 1, outFeatures / n], width: outFeatures / n)
        bias = Parameter(name: name + ".b", shape: [outFeatures], decays: false) { $0.fill(0) }
    }

    var parameters: [Parameter] { [left, right, bias] }

    /// The output and two `[N, n²]` inside.
    var keptColumns: Int { bias.count + 2 * rule.shape[0] * rule.shape[0] }

    func forward(_ x: Variable, on tape: Tape) -> Variable {
        let product = tape.hypercomplexMultiply(
            x, rule: rule.variable, left: left.variable, right: right.variable)
        return tape.addBias(product, bias.variable)
    }
}
