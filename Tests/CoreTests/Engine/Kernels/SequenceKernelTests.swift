import CatenaEngine
import Foundation
import Testing

@Suite("Rotary embedding, embedding rows, cross-entropy, dropout")
struct SequenceKernelTests {
    @Test(
        "rotary turns each pair by its angle, leaves the rest, and the inverse undoes it",
        arguments: [(8, 8), (10, 6), (64, 64), (80, 40)])
    func rotary(headDimension: Int, rotaryDimension: Int) {
        var noise = Noise(1)
        let rows = 7, heads = 3, ld = heads * headDimension + 2, half = rotaryDimension / 2
        let positions: [Int32] = [0, 1, 5, 2, 9, 3, 3]
        let angles = (0..<10).flatMap { position in
            (0..<half).map { Double(position) / pow(100, Double($0) / Double(half)) }
        }
        let cosine = angles.map { Float(cos($0)) }, sine = angles.map { Float(sin($0)) }
        let x = noise.floats(rows * ld)
        var expected = x.map(Double.init)
        for row in 0..<rows {
            for head in 0..<heads {
                for i in 0..<half {
                    let a = row * ld + head * headDimension + i, b = a + half
                    let angle = angles[Int(positions[row]) * half + i]
                    expected[a] = Double(x[a]) * cos(angle) - Double(x[b]) * sin(angle)
                    expected[b] = Double(x[b]) * cos(angle) + Double(x[a]) * sin(angle)
                }
            }
        }
        func turned(_ x: [Float], inverse: Bool) -> [Float] {
            var y = x
            Kernels.rotary(
                pools[1], x: &y, ld: ld, rows: rows, heads: heads, headDimension: headDimension,
                rotaryDimension: rotaryDimension, positions: positions, cosine: cosine, sine: sine, inverse: inverse)
            return y
        }
        let y = turned(x, inverse: false)
        #expect(relativeError(y, expected) < 1e-6)
        #expect(relativeError(turned(y, inverse: true), x.map(Double.init)) < 1e-6)
    }

    @Test("gathering copies rows, scattering adds them, repeated ids included")
    func embedding() {
        var noise = Noise(2)
        let width = 300, ids: [Int32] = [3, 0, 3, 7, 3], table = noise.floats(8 * width)
        var out = [Float](repeating: 0, count: ids.count * width)
        Kernels.embeddingGather(pools[1], table: table, ids: ids, out: &out, rows: ids.count, width: width)
        #expect(out == ids.flatMap { table[Int($0) * width..<(Int($0) + 1) * width] })
        let (sums, identical) = sameOnAllPools { pool in
            var sums = [Float](repeating: 1, count: 8 * width)
            Kernels.embeddingScatterAdd(pool, dOut: out, ids: ids, dTable: &sums, rows: ids.count, width: width)
            return sums
        }
        var expected = [Double](repeating: 1, count: 8 * width)
        for (row, id) in ids.enumerated() {
            for i in 0..<width { expected[Int(id) * width + i] += Double(out[row * width + i]) }
        }
        #expect(identical && relativeError(sums, expected) < 1e-6)
    }

    @Test(
        "cross-entropy and its gradient equal log-sum-exp and weighted softmax",
        arguments: [(1, 2), (5, 33), (9, 1000), (3, 9001)])
    func crossEntropy(rows: Int, vocabulary: Int) {
        var noise = Noise(3)
        let logits = noise.floats(rows * vocabulary).map { 20 * $0 }, weights = noise.floats(rows).map { abs($0) }
        let targets = (0..<rows).map { Int32($0 * 7919 % vocabulary) }
        var losses = [Double](repeating: 0, count: rows), untouched = logits
        var expected: [Double] = [], expectedLosses: [Double] = []
        for row in 0..<rows {
            let values = logits[row * vocabulary..<(row + 1) * vocabulary].map(Double.init)
            let top = values.max() ?? 0, total = values.reduce(0) { $0 + exp($1 - top) }
            let weight = Double(weights[row]), target = Int(targets[row])
            expectedLosses.append(weight * (log(total) + top - values[target]))
            expected += values.enumerated().map { weight * (exp($1 - top) / total - ($0 == target ? 1 : 0)) }
        }
        Kernels.crossEntropyRows(
            pools[1], logits: &untouched, targets: targets, weights: weights, rows: rows, vocabulary: vocabulary,
            losses: &losses, writeGradient: false)
        #expect(untouched == logits)
        #expect(zip(losses, expectedLosses).allSatisfy { abs($0 - $1) < 2e-6 * max(1, abs($1)) })
        let (gradient, identical) = sameOnAllPools { pool in
            var gradient = logits
            Kernels.crossEntropyRows(
                pool, logits: &gradient, targets: targets, weights: weights, rows: rows, vocabulary: vocabulary,
                losses: &losses, writeGradient: true)
            return gradient
        }
        #expect(identical && zip(gradient, expected).allSatisfy { abs(Double($0) - $1) < 2e-6 })
        #expect(zip(losses, expectedLosses).allSatisfy { abs($0 - $1) < 2e-6 * max(1, abs($1)) })
    }

    @Test("a row without a target has no loss and no gradient")
    func ignoredTarget() {
        var logits: [Float] = [1, 2, 3], losses = [5.0]
        Kernels.crossEntropyRows(
            pools[0], logits: &logits, targets: [-100], weights: nil, rows: 1, vocabulary: 3, losses: &losses,
            writeGradient: true)
        #expect(logits == [0, 0, 0] && losses == [0])
    }

    @Test("the dropout mask is a function of key and position: any split of a range gives the same mask")
    func dropout() {
        let count = 100_003, ones = [Float](repeating: 1, count: count)
        func mask(_ pool: ThreadPool, key: UInt64, offset: UInt64, count: Int) -> [Float] {
            var out = [Float](repeating: .nan, count: count)
            Kernels.dropout(pool, x: ones, out: &out, count: count, keepProbability: 0.8, key: key, offset: offset)
            return out
        }
        let (whole, identical) = sameOnAllPools { mask($0, key: 42, offset: 0, count: count) }
        #expect(identical)
        #expect(mask(pools[1], key: 42, offset: 777, count: 5001) == Array(whole[777..<777 + 5001]))
        #expect(mask(pools[1], key: 43, offset: 0, count: count) != whole)
        #expect(Set(whole) == [0, 1.25])
        let kept = Double(whole.count { $0 > 0 }) / Double(count)
        #expect(abs(kept - 0.8) < 0.006)
        // Neighbours and the next block are unrelated: pairs are kept with the product of the probabilities.
        for lag in [1, 16, 64] {
            let pairs = Double((0..<count - lag).count { whole[$0] > 0 && whole[$0 + lag] > 0 }) / Double(count - lag)
            #expect(abs(pairs - 0.64) < 0.008)
        }
    }
}
