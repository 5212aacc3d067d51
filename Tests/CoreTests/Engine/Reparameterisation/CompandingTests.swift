import CatenaEngine
import Foundation
import Testing

/// The kernels against the definitions in float64: w = u (o + a φ(v / b)).
@Suite("Companding of weights")
struct CompandingTests {
    private static let shapes:
        [(name: String, value: @Sendable (Double) -> Double, slope: @Sendable (Double) -> Double)] = [
            ("arctan", { atan($0) }, { 1 / (1 + $0 * $0) }),
            ("tanh", { tanh($0) }, { 1 / (cosh($0) * cosh($0)) }),
            ("softsign", { $0 / (1 + abs($0)) }, { 1 / ((1 + abs($0)) * (1 + abs($0))) }),
        ]

    private static let functions = CompandingFunction.all
    private let engine = Engine(threads: 1)

    private func shape(_ function: CompandingFunction) throws -> (
        value: @Sendable (Double) -> Double, slope: @Sendable (Double) -> Double
    ) {
        let found = try #require(Self.shapes.first { $0.name == function.name })
        return (found.value, found.slope)
    }

    /// Numbers of both signs from 1e-8 to 1e4, and zero; more than one chunk, with a last lane that is not full.
    private func spread(_ count: Int = 70_003) -> [Float] {
        (0..<count).map { index in
            index == 7 ? 0 : (index % 2 == 0 ? 1 : -1) * Float(pow(10, -8 + 12 * Double(index) / Double(count)))
        }
    }

    private func forward(_ compander: Kernels.Compander, _ v: [Float], engine: Engine? = nil) -> [Float] {
        let engine = engine ?? self.engine
        let (raw, seen) = (engine.memory.tensor(v), engine.memory.zeros(rows: 1, columns: v.count))
        Kernels.compand(engine.threads, compander, v: raw.pointer, w: seen.pointer, count: v.count)
        return seen.elements()
    }

    private func backward(
        _ compander: Kernels.Compander, _ v: [Float], _ gradient: [Float], engine: Engine? = nil
    ) -> (byV: [Float], byLogA: Double, byLogB: Double) {
        let engine = engine ?? self.engine
        let (raw, seen) = (engine.memory.tensor(v), engine.memory.tensor(gradient))
        let result = engine.memory.zeros(rows: 1, columns: v.count)
        let (byLogA, byLogB) = Kernels.compandBackward(
            engine.threads, compander, v: raw.pointer, dW: seen.pointer, dV: result.pointer, count: v.count)
        return (result.elements(), byLogA, byLogB)
    }

    @Test("a = 0.7, b = 0.35, v = 0.9 gives w, and its derivatives by v, a and b, of the reference")
    func reference() {
        let compander = Kernels.Compander(.arctan, a: 0.7, b: 0.35)
        #expect(abs(forward(compander, [0.9])[0] - 0.839934) < 1e-6)
        let slopes = backward(compander, [0.9], [1])
        #expect(abs(slopes.byV[0] - 0.262735) < 1e-6)
        #expect(abs(slopes.byLogA / 0.7 - 1.199905) < 1e-6)
        #expect(abs(slopes.byLogB / 0.35 - -0.675603) < 1e-6)
    }

    @Test("each function and its slope are those of float64 over twelve decades", arguments: functions)
    func definition(function: CompandingFunction) throws {
        let (value, slope) = try shape(function)
        let (v, a, b) = (spread(), Float(0.7), Float(0.35))
        let w = forward(.init(function, a: a, b: b), v)
        let gradient = tinyNormal(v.count, seed: 3)
        let found = backward(.init(function, a: a, b: b), v, gradient)
        var (worst, worstSlope, byA, byB) = (0.0, 0.0, 0.0, 0.0)
        for index in v.indices where v[index] != 0 {
            let x = Double(v[index]) / Double(b)
            let expected = Double(a) * value(x)
            worst = max(worst, abs(Double(w[index]) - expected) / abs(expected))
            let expectedSlope = Double(gradient[index]) * Double(a) / Double(b) * slope(x)
            // 1 - tanh² loses its digits where it is small itself; what is left there moves nothing.
            worstSlope = max(
                worstSlope, abs(Double(found.byV[index]) - expectedSlope) / abs(Double(gradient[index]) * 2))
            byA += Double(gradient[index]) * expected
            byB -= expectedSlope * Double(v[index])
        }
        #expect(worst < 3e-7)
        #expect(worstSlope < 4e-7)
        #expect(w[7] == 0 && found.byV[7] == gradient[7] * (a / b))
        let size = gradient.reduce(0.0) { $0 + abs(Double($1)) }
        #expect(abs(found.byLogA - byA) < 1e-6 * size && abs(found.byLogB - byB) < 1e-6 * size)
    }

    @Test("the derivatives by v, log a and log b are those of differences", arguments: functions, [false, true])
    func differences(function: CompandingFunction, scales: Bool) throws {
        let (value, _) = try shape(function)
        let (v, units) = (tinyNormal(50, seed: 4), tinyNormal(50, seed: 9))
        let gradient = tinyNormal(50, seed: 6)
        let unit = engine.memory.tensor(units)
        let (logA, logB) = (log(0.6), log(0.4))
        /// Σ dW w, by the definition.
        func sum(_ v: [Double], _ logA: Double, _ logB: Double) -> Double {
            v.indices.reduce(0.0) { sum, index in
                let bent = exp(logA) * value(v[index] / exp(logB))
                return sum + Double(gradient[index]) * (scales ? Double(units[index]) * (1 + bent) : bent)
            }
        }
        let found = backward(
            .init(
                function, a: Float(exp(logA)), b: Float(exp(logB)), offset: scales ? 1 : 0,
                unit: scales ? UnsafePointer(unit.pointer) : nil), v, gradient)
        let (doubles, h) = (v.map(Double.init), 1e-5)
        for index in v.indices {
            var (up, down) = (doubles, doubles)
            up[index] += h
            down[index] -= h
            let expected = (sum(up, logA, logB) - sum(down, logA, logB)) / (2 * h)
            #expect(abs(Double(found.byV[index]) - expected) < 2e-6 * (1 + abs(expected)))
        }
        let byA = (sum(doubles, logA + h, logB) - sum(doubles, logA - h, logB)) / (2 * h)
        let byB = (sum(doubles, logA, logB + h) - sum(doubles, logA, logB - h)) / (2 * h)
        #expect(abs(found.byLogA - byA) < 1e-5 * (1 + abs(byA)) && abs(found.byLogB - byB) < 1e-5 * (1 + abs(byB)))
    }

    @Test("the inverse of each function undoes it, and nothing is at its limit", arguments: functions)
    func inverse(function: CompandingFunction) throws {
        let (value, _) = try shape(function)
        for x in [-40, -3, -0.5, -1e-9, 0, 1e-9, 0.2, 1, 7, 15] as [Double] {
            let bent = value(x)
            #expect(function.value(x) == bent)
            guard abs(bent) < function.limit else { continue }
            // tanh has lost most digits of x far out.
            #expect(abs(function.inverse(bent) - x) <= 1e-12 * (1 + abs(x)) || abs(x) > 10, "\(x)")
        }
        #expect(value(1e6) <= function.limit && value(1e6) > 0.999 * function.limit)
    }

    @Test("threads do not change a bit", arguments: functions)
    func threads(function: CompandingFunction) {
        let (v, gradient) = (spread(), tinyNormal(70_003, seed: 8))
        let compander = Kernels.Compander(function, a: 0.3, b: 0.2)
        let several = Engine(threads: 3)
        #expect(forward(compander, v) == forward(compander, v, engine: several))
        #expect(backward(compander, v, gradient) == backward(compander, v, gradient, engine: several))
    }

    @Test("counts are those of the distances from the neutral value")
    func counts() {
        let values = engine.memory.tensor([1, 1.0005, 0.9, 3, -2, 1.01])
        let counts = Kernels.compandingCounts(
            engine.threads, .init(.arctan, a: 1, b: 1, offset: 1), w: values.pointer, count: 6, near: 1e-3, far: 1.5)
        #expect(counts == (2, 2, 3))
    }
}

extension TensorMemory {
    fileprivate func tensor(_ values: [Float]) -> Tensor { tensor(values, rows: 1, columns: values.count) }
}
