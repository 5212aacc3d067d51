import CatenaEngine
import Foundation
import Testing

@Suite("Normalisation")
struct NormalisationTests {
    static let sizes = [(1, 1), (3, 5), (7, 16), (130, 33), (65, 100), (9, 576)]
    static let epsilon: Float = 1e-3

    static func rms(_ x: [Double], _ weight: [Double], width: Int) -> [Double] {
        x.indices.map { index in
            let row = index / width * width
            let mean = x[row..<row + width].reduce(0) { $0 + $1 * $1 } / Double(width)
            return x[index] / (mean + Double(epsilon)).squareRoot() * weight[index % width]
        }
    }

    static func layer(_ x: [Double], _ weight: [Double], _ bias: [Double], width: Int) -> [Double] {
        x.indices.map { index in
            let row = x[index / width * width..<index / width * width + width]
            let mean = row.reduce(0, +) / Double(width)
            let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(width)
            return (x[index] - mean) / (variance + Double(epsilon)).squareRoot() * weight[index % width]
                + bias[index % width]
        }
    }

    /// Checks `gradient` of sum(f dY) at `point` along random directions.
    static func expectSlope(_ gradient: [Float], at point: [Double], noise: inout Noise, of f: ([Double]) -> Double) {
        let size = Double(gradient.reduce(0) { max($0, abs($1)) })
        for _ in 0..<4 {
            let direction = point.map { _ in Double(noise.next()) }
            let norm = direction.reduce(0) { $0 + $1 * $1 }.squareRoot()
            let step = 1e-6
            let expected =
                (f(zip(point, direction).map { $0 + step * $1 }) - f(zip(point, direction).map { $0 - step * $1 }))
                / (2 * step)
            let got = zip(gradient, direction).reduce(0.0) { $0 + Double($1.0) * $1.1 }
            #expect(abs(got - expected) < 2e-5 * size * norm + 1e-8, "\(got) against \(expected)")
        }
    }

    @Test("RMSNorm and its backward pass equal formula and finite differences", arguments: sizes)
    func rmsNorm(rows: Int, width: Int) {
        var noise = Noise(1)
        let x = noise.floats(rows * width), weight = noise.floats(width), dY = noise.floats(rows * width)
        let before = noise.floats(rows * width), weightBefore = noise.floats(width)
        let xs = x.map(Double.init), weights = weight.map(Double.init)
        var inverse = [Float](repeating: 0, count: rows)
        let forward = sameOnAllPools { pool in
            var y = [Float](repeating: .nan, count: rows * width)
            Kernels.rmsNorm(
                pool, x: x, weight: weight, y: &y, inverseRMS: &inverse, rows: rows, width: width, epsilon: Self.epsilon
            )
            return y
        }
        #expect(forward.identical)
        #expect(relativeError(forward.values, Self.rms(xs, weights, width: width)) < 2e-6)
        let backward = sameOnAllPools { pool in
            var dX = before, dWeight = weightBefore
            Kernels.rmsNormBackward(
                pool, dY: dY, x: x, weight: weight, inverseRMS: inverse, dX: &dX, accumulate: true, dWeight: &dWeight,
                rows: rows, width: width)
            var plain = [Float](repeating: .nan, count: rows * width)
            Kernels.rmsNormBackward(
                pool, dY: dY, x: x, weight: weight, inverseRMS: inverse, dX: &plain, accumulate: false, dWeight: nil,
                rows: rows, width: width)
            return plain + zip(dX, before).map { $0 - $1 } + zip(dWeight, weightBefore).map { $0 - $1 }
        }
        #expect(backward.identical)
        let count = rows * width
        let plain = Array(backward.values[..<count])
        #expect(relativeError(Array(backward.values[count..<2 * count]), plain.map(Double.init)) < 1e-5)
        func loss(_ y: [Double]) -> Double { zip(y, dY).reduce(0) { $0 + $1.0 * Double($1.1) } }
        Self.expectSlope(plain, at: xs, noise: &noise) { loss(Self.rms($0, weights, width: width)) }
        Self.expectSlope(Array(backward.values[(2 * count)...]), at: weights, noise: &noise) {
            loss(Self.rms(xs, $0, width: width))
        }
    }

    @Test("LayerNorm and its backward pass equal formula and finite differences", arguments: sizes.dropFirst())
    func layerNorm(rows: Int, width: Int) {
        var noise = Noise(2)
        let x = noise.floats(rows * width), weight = noise.floats(width), bias = noise.floats(width),
            dY = noise.floats(rows * width)
        let xs = x.map(Double.init), weights = weight.map(Double.init), biases = bias.map(Double.init)
        var mean = [Float](repeating: 0, count: rows), inverse = mean
        let forward = sameOnAllPools { pool in
            var y = [Float](repeating: .nan, count: rows * width)
            Kernels.layerNorm(
                pool, x: x, weight: weight, bias: bias, y: &y, mean: &mean, inverseDeviation: &inverse, rows: rows,
                width: width, epsilon: Self.epsilon)
            return y
        }
        #expect(forward.identical)
        #expect(relativeError(forward.values, Self.layer(xs, weights, biases, width: width)) < 3e-6)
        let backward = sameOnAllPools { pool in
            var dX = [Float](repeating: .nan, count: rows * width)
            var dWeight = [Float](repeating: 0, count: width), dBias = dWeight
            Kernels.layerNormBackward(
                pool, dY: dY, x: x, weight: weight, mean: mean, inverseDeviation: inverse, dX: &dX, accumulate: false,
                dWeight: &dWeight, dBias: &dBias, rows: rows, width: width)
            return dX + dWeight + dBias
        }
        #expect(backward.identical)
        let count = rows * width
        func loss(_ y: [Double]) -> Double { zip(y, dY).reduce(0) { $0 + $1.0 * Double($1.1) } }
        Self.expectSlope(Array(backward.values[..<count]), at: xs, noise: &noise) {
            loss(Self.layer($0, weights, biases, width: width))
        }
        Self.expectSlope(Array(backward.values[count..<count + width]), at: weights, noise: &noise) {
            loss(Self.layer(xs, $0, biases, width: width))
        }
        Self.expectSlope(Array(backward.values[(count + width)...]), at: biases, noise: &noise) {
            loss(Self.layer(xs, weights, $0, width: width))
        }
    }
}
