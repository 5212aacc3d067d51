import CatenaCore
import Glibc

/// The kernels' formulas as loops over one row at a time, as one would write them without thinking of speed.
enum PlainForms {
    typealias Values = UnsafePointer<Float>
    typealias Results = UnsafeMutablePointer<Float>

    /// y[n] = Σ_k x[k] w[n, k].
    static func product(_ x: Values, _ w: Values, _ y: Results, out: Int, input: Int) {
        for n in 0..<out {
            var sum: Float = 0
            for k in 0..<input { sum += x[k] * w[n * input + k] }
            y[n] = sum
        }
    }

    /// y = x / sqrt(mean(x²) + epsilon) weight.
    static func rmsNorm(_ x: Values, _ weight: Values, _ y: Results, width: Int, epsilon: Float) {
        var squares: Float = 0
        for i in 0..<width { squares += x[i] * x[i] }
        let inverse = 1 / (squares / Float(width) + epsilon).squareRoot()
        for i in 0..<width { y[i] = x[i] * inverse * weight[i] }
    }

    /// With s = 1 / sqrt(mean(x²) + epsilon) and g = dY weight: dX = s g - x s³ mean(g x).
    static func rmsNormBackward(
        _ dY: Values, _ x: Values, _ weight: Values, _ dX: Results, inverse: Float, width: Int
    ) {
        var dot: Float = 0
        for i in 0..<width { dot += dY[i] * weight[i] * x[i] }
        let shift = inverse * inverse * inverse * dot / Float(width)
        for i in 0..<width { dX[i] = inverse * dY[i] * weight[i] - x[i] * shift }
    }

    /// out = gate / (1 + exp(-gate)) up.
    static func swiGLU(_ gate: Values, _ up: Values, _ out: Results, width: Int) {
        for i in 0..<width { out[i] = gate[i] / (1 + expf(-gate[i])) * up[i] }
    }

    /// With s = 1 / (1 + exp(-gate)): dGate = dOut up s (1 + gate (1 - s)), dUp = dOut gate s.
    static func swiGLUBackward(
        _ dOut: Values, _ gate: Values, _ up: Values, _ dGate: Results, _ dUp: Results, width: Int
    ) {
        for i in 0..<width {
            let s = 1 / (1 + expf(-gate[i]))
            dGate[i] = dOut[i] * up[i] * s * (1 + gate[i] * (1 - s))
            dUp[i] = dOut[i] * gate[i] * s
        }
    }

    /// out = softmax(scale q Kᵀ) V for one query of one head over its first `count` keys, `step` numbers apart.
    static func attention(
        _ q: Values, _ keys: Values, _ values: Values, _ out: Results, count: Int, step: Int, width: Int, scale: Float
    ) {
        var scores = [Float](repeating: 0, count: count)
        var maximum = -Float.infinity
        for j in 0..<count {
            var sum: Float = 0
            for i in 0..<width { sum += q[i] * keys[j * step + i] }
            scores[j] = sum * scale
            maximum = max(maximum, scores[j])
        }
        var total: Float = 0
        for j in 0..<count {
            scores[j] = expf(scores[j] - maximum)
            total += scores[j]
        }
        for i in 0..<width { out[i] = 0 }
        for j in 0..<count {
            for i in 0..<width { out[i] += scores[j] / total * values[j * step + i] }
        }
    }

    /// -log softmax(logits)[target]; the logits become its gradient.
    static func crossEntropy(_ logits: Results, target: Int, vocabulary: Int) -> Double {
        var maximum = -Float.infinity
        for i in 0..<vocabulary { maximum = max(maximum, logits[i]) }
        var total = 0.0
        for i in 0..<vocabulary { total += Double(expf(logits[i] - maximum)) }
        let loss = log(total) - Double(logits[target] - maximum)
        for i in 0..<vocabulary { logits[i] = Float(Double(expf(logits[i] - maximum)) / total) }
        logits[target] -= 1
        return loss
    }

    /// AdamW without weight decay at its first step.
    static func adamW(_ parameter: Results, _ gradient: Values, _ m: Results, _ v: Results, _ range: Range<Int>) {
        for i in range {
            m[i] = 0.9 * m[i] + 0.1 * gradient[i]
            v[i] = 0.999 * v[i] + 0.001 * gradient[i] * gradient[i]
            parameter[i] -= 1e-4 * (m[i] / 0.1) / ((v[i] / 0.001).squareRoot() + 1e-8)
        }
    }
}
