import CatenaEngine
import Foundation
import Testing

@Suite("Elementwise kernels, reductions, optimizers")
struct ElementwiseTests {
    @Test("add, axpy, scale, multiply and fill", arguments: [1, 15, 16, 1001, 100_003])
    func elementwise(count: Int) {
        var noise = Noise(1)
        let x = noise.floats(count), y = noise.floats(count)
        var sum = y, weighted = y, scaled = x, product = x, filled = x
        Kernels.add(pools[1], x: x, into: &sum, count: count)
        Kernels.axpy(pools[1], alpha: -2.5, x: x, into: &weighted, count: count)
        Kernels.scale(pools[1], alpha: 3, x: &scaled, count: count)
        Kernels.multiply(pools[1], x: x, y: y, out: &product, count: count)
        Kernels.fill(pools[1], value: 7, x: &filled, count: count)
        #expect(sum == zip(x, y).map { $0 + $1 })
        #expect(relativeError(weighted, zip(x, y).map { Double($1) - 2.5 * Double($0) }) < 2e-7)
        #expect(scaled == x.map { 3 * $0 } && product == zip(x, y).map { $0 * $1 })
        #expect(filled == [Float](repeating: 7, count: count))
    }

    @Test("adding a row and summing rows leaves what lies between them")
    func rows() {
        var noise = Noise(2)
        let rows = 70, width = 19
        let source = noise.floats(rows * 23), bias = noise.floats(width), target = noise.floats(rows * 21)
        var biased = target, sums = bias
        Kernels.addRow(pools[1], bias: bias, y: &biased, ld: 21, rows: rows, width: width)
        Kernels.columnSum(pools[1], x: source, ld: 23, addedTo: &sums, rows: rows, width: width)
        for index in target.indices {
            let column = index % 21, inside = column < width
            #expect(biased[index] == (inside ? bias[column] + target[index] : target[index]))
        }
        let expected = (0..<width).map { c in (0..<rows).reduce(Double(bias[c])) { $0 + Double(source[$1 * 23 + c]) } }
        #expect(relativeError(sums, expected) < 1e-6)
    }

    @Test(
        "sums of squares and dot products are float64-accurate and the same on any number of threads",
        arguments: [0, 1, 33, 300_007])
    func reductions(count: Int) {
        var noise = Noise(3)
        let x = noise.floats(count), y = noise.floats(count)
        let squares = pools.map { Kernels.sumOfSquares($0, x: x, count: count) }
        let dots = pools.map { Kernels.dot($0, x: x, y: y, count: count) }
        #expect(Set(squares).count == 1 && Set(dots).count == 1)
        let expected = x.reduce(0.0) { $0 + Double($1) * Double($1) }
        #expect(abs(squares[0] - expected) <= 1e-12 * expected)
        #expect(abs(dots[0] - zip(x, y).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }) <= 1e-12 * max(expected, 1))
    }

    @Test(
        "a single NaN or infinity anywhere is found, and none where there is none",
        arguments: [0, 5, 15, 16, 99_999, 100_002])
    func nonFinite(position: Int) {
        var x = [Float](repeating: .greatestFiniteMagnitude, count: 100_003)
        #expect(!Kernels.hasNonFinite(pools[1], x: x, count: x.count))
        for value in [Float.nan, .infinity, -.infinity] {
            x[position] = value
            #expect(Kernels.hasNonFinite(pools[1], x: x, count: x.count))
        }
    }

    @Test("three AdamW steps equal the formula in float64")
    func adamW() {
        var noise = Noise(4)
        let count = 1003, learningRate: Float = 0.01, decay: Float = 0.1, scale: Float = 0.5
        let start = noise.floats(count), gradients = (0..<3).map { _ in noise.floats(count) }
        var expected = start.map(Double.init), m = [Double](repeating: 0, count: count), v = m
        let (result, identical) = sameOnAllPools { pool in
            var parameter = start, m = [Float](repeating: 0, count: count), v = m
            for (index, gradient) in gradients.enumerated() {
                let step = Float(index + 1)
                Kernels.adamW(
                    pool, parameter: &parameter, gradient: gradient, m: &m, v: &v, count: count,
                    learningRate: learningRate,
                    beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: decay, biasCorrection1: 1 - pow(0.9, step),
                    biasCorrection2: 1 - pow(0.999, step), gradientScale: scale)
            }
            return parameter
        }
        for (index, gradient) in gradients.enumerated() {
            for i in 0..<count {
                let g = Double(gradient[i]) * Double(scale)
                m[i] = 0.9 * m[i] + 0.1 * g
                v[i] = 0.999 * v[i] + 0.001 * g * g
                expected[i] *= 1 - Double(learningRate * decay)
                let step = Double(index + 1)
                expected[i] -=
                    Double(learningRate) * (m[i] / (1 - pow(0.9, step)))
                    / ((v[i] / (1 - pow(0.999, step))).squareRoot() + 1e-8)
            }
        }
        #expect(identical && relativeError(result, expected) < 2e-6)
    }

    @Test("SGD with momentum equals its formula")
    func sgd() {
        var noise = Noise(5)
        let count = 517
        var parameter = noise.floats(count), buffer = [Float](repeating: .nan, count: count)
        var expected = parameter.map(Double.init), momentum = [Double](repeating: 0, count: count)
        for step in 0..<3 {
            let gradient = noise.floats(count)
            Kernels.sgdMomentum(
                pools[1], parameter: &parameter, gradient: gradient, buffer: &buffer, count: count, learningRate: 0.1,
                momentum: 0.9, weightDecay: 0.01, firstStep: step == 0, gradientScale: 2)
            for i in 0..<count {
                let g = 2 * Double(gradient[i]) + 0.01 * expected[i]
                momentum[i] = step == 0 ? g : 0.9 * momentum[i] + g
                expected[i] -= 0.1 * momentum[i]
            }
        }
        #expect(relativeError(parameter, expected) < 1e-6)
    }
}
