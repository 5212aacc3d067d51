import CatenaEngine
import Foundation
import Testing

@Suite("Activations")
struct ActivationTests {
    @Test("exp stays within 2 units in the last place of float64's, and ends at 0 and at exp(88.3)")
    func exponential() {
        var xs: [Float] = []
        var x: Float = -87.2
        while x < 88.2 { xs.append(x); x += 0.00137 }
        var ys = xs
        Kernels.exponential(pools[1], x: xs, y: &ys, count: xs.count)
        let worst =
            zip(xs, ys).map { abs(Double($1) - exp(Double($0))) / Double(Float(exp(Double($0))).ulp) }.max()
            ?? .infinity
        #expect(worst < 2)
        var ends: [Float] = [-88, -1e30, -.infinity, 1e30, 0]
        Kernels.exponential(pools[0], x: ends, y: &ends, count: ends.count)
        #expect(ends[0] == 0 && ends[1] == 0 && ends[2] == 0 && ends[3].isFinite && ends[3] > 2e38 && ends[4] == 1)
    }

    static func silu(_ x: Double) -> Double { x / (1 + exp(-x)) }

    @Test(
        "SwiGLU and its backward pass in one stacked buffer, in place",
        arguments: [(1, 1), (5, 17), (40, 100), (3, 1536)])
    func swiGLU(rows: Int, width: Int) {
        var noise = Noise(4)
        let ld = 2 * width
        let stacked = noise.floats(rows * ld).map { 6 * $0 }, dOut = noise.floats(rows * width)
        let (out, sameForward) = sameOnAllPools { pool in
            var out = [Float](repeating: .nan, count: rows * width)
            stacked.withUnsafeBufferPointer { buffer in
                guard let base = buffer.baseAddress else { return }
                Kernels.swiGLU(pool, gate: base, up: base + width, ld: ld, out: &out, rows: rows, width: width)
            }
            return out
        }
        let (gradient, sameBackward) = sameOnAllPools { pool in
            var buffer = stacked
            buffer.withUnsafeMutableBufferPointer { buffer in
                guard let base = buffer.baseAddress else { return }
                Kernels.swiGLUBackward(
                    pool, dOut: dOut, gate: base, up: base + width, ld: ld, dGate: base, dUp: base + width,
                    ldGradient: ld,
                    rows: rows, width: width)
            }
            return buffer
        }
        let (again, _) = sameOnAllPools { pool in
            var (buffer, inPlaceOfDOut) = (stacked, dOut)
            buffer.withUnsafeMutableBufferPointer { buffer in
                guard let base = buffer.baseAddress else { return }
                inPlaceOfDOut.withUnsafeMutableBufferPointer { out in
                    guard let out = out.baseAddress else { return }
                    Kernels.swiGLUBackward(
                        pool, dOut: out, gate: base, up: base + width, ld: ld, out: out, dGate: base,
                        dUp: base + width, ldGradient: ld, rows: rows, width: width)
                }
            }
            return inPlaceOfDOut + buffer
        }
        #expect(again == out + gradient, "the backward pass makes the result again, with the same slopes")
        #expect(sameForward && sameBackward)
        var expected: [Double] = [], slopes = [Double](repeating: 0, count: rows * ld)
        for row in 0..<rows {
            for column in 0..<width {
                let gate = Double(stacked[row * ld + column]), up = Double(stacked[row * ld + width + column])
                let d = Double(dOut[row * width + column]), step = 1e-5
                expected.append(Self.silu(gate) * up)
                slopes[row * ld + column] = d * up * (Self.silu(gate + step) - Self.silu(gate - step)) / (2 * step)
                slopes[row * ld + width + column] = d * Self.silu(gate)
            }
        }
        #expect(relativeError(out, expected) < 1e-6)
        #expect(relativeError(gradient, slopes) < 2e-6)
    }

    @Test(
        "ReLU, SiLU, tanh and both GELUs equal their formulas, backward their finite differences",
        arguments: Activation.allCases)
    func elementwise(activation: Activation) {
        func f(_ x: Double) -> Double {
            switch activation {
            case .relu: max(x, 0)
            case .geluTanh: x / 2 * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
            case .geluErf: x / 2 * (1 + erf(x / 2.0.squareRoot()))
            case .silu: Self.silu(x)
            case .tanh: Foundation.tanh(x)
            }
        }
        var noise = Noise(6)
        let x = noise.floats(1003).map { 5 * $0 }, dY = noise.floats(1003)
        var y = x, dX = x
        Kernels.activation(pools[1], activation, x: x, y: &y, count: x.count)
        Kernels.activationBackward(pools[1], activation, dY: dY, x: x, dX: &dX, count: x.count)
        #expect(relativeError(y, x.map { f(Double($0)) }) < 1e-6)
        let slopes = zip(x, dY).map { Double($1) * (f(Double($0) + 1e-6) - f(Double($0) - 1e-6)) / 2e-6 }
        #expect(relativeError(dX, slopes) < 3e-6)
    }
}
