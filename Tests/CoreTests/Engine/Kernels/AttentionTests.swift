import CatenaEngine
import Foundation
import Testing

@Suite("Attention")
struct AttentionTests {
    struct Case: CustomStringConvertible {
        var queryHeads, keyValueHeads, headDimension: Int
        var lengths: [Int]
        var slidingWindow: Int?
        var isBidirectional = false
        var description: String {
            "\(queryHeads)/\(keyValueHeads) heads of \(headDimension), segments \(lengths), window \(slidingWindow ?? 0)"
                + (isBidirectional ? ", both directions" : "")
        }
        var segmentStarts: [Int] { lengths.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1) } }
        var tokens: Int { lengths.reduce(0, +) }
        /// q, k and v in one buffer of rows, as a stacked projection leaves them, with 3 unused columns at the end.
        var row: Int { (queryHeads + 2 * keyValueHeads) * headDimension + 3 }
        var width: Int { queryHeads * headDimension }
        var keyOffset: Int { width }
        var valueOffset: Int { width + keyValueHeads * headDimension }
        var shape: AttentionShape {
            var shape = AttentionShape(
                queryHeads: queryHeads, keyValueHeads: keyValueHeads, headDimension: headDimension,
                queryLeadingDimension: row, keyLeadingDimension: row, valueLeadingDimension: row,
                outputLeadingDimension: width, scale: 1 / Float(headDimension).squareRoot(),
                slidingWindow: slidingWindow)
            shape.isBidirectional = isBidirectional
            return shape
        }

        /// The plain result for a stacked buffer in float64.
        func reference(_ stacked: [Double]) -> [Double] {
            Naive.attention(
                q: stacked, k: Array(stacked[keyOffset...]), v: Array(stacked[valueOffset...]),
                segmentStarts: segmentStarts,
                shape: shape)
        }
    }

    static let cases = [
        Case(queryHeads: 2, keyValueHeads: 2, headDimension: 8, lengths: [5, 1, 9]),
        Case(queryHeads: 6, keyValueHeads: 2, headDimension: 16, lengths: [37, 3]),
        Case(queryHeads: 3, keyValueHeads: 1, headDimension: 20, lengths: [101]),
        Case(queryHeads: 2, keyValueHeads: 1, headDimension: 16, lengths: [300, 30]),
        Case(queryHeads: 2, keyValueHeads: 1, headDimension: 16, lengths: [530], slidingWindow: 40),
        Case(queryHeads: 1, keyValueHeads: 1, headDimension: 8, lengths: [60], slidingWindow: 7),
        Case(queryHeads: 4, keyValueHeads: 4, headDimension: 8, lengths: [20, 40, 300, 7, 1], slidingWindow: 33),
        Case(queryHeads: 2, keyValueHeads: 2, headDimension: 8, lengths: [5, 1, 9], isBidirectional: true),
        Case(queryHeads: 2, keyValueHeads: 1, headDimension: 16, lengths: [300, 30], isBidirectional: true),
        Case(queryHeads: 3, keyValueHeads: 1, headDimension: 20, lengths: [530], isBidirectional: true),
        Case(queryHeads: 4, keyValueHeads: 4, headDimension: 8, lengths: [20, 40, 300, 7, 1], isBidirectional: true),
    ]

    static func forward(_ test: Case, _ stacked: [Float], _ pool: ThreadPool) -> (out: [Float], logSumExp: [Float]) {
        var out = [Float](repeating: .nan, count: test.tokens * test.width)
        var logSumExp = [Float](repeating: .nan, count: test.tokens * test.queryHeads)
        stacked.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            Attention.forward(
                pool, q: base, k: base + test.keyOffset, v: base + test.valueOffset, out: &out, logSumExp: &logSumExp,
                segmentStarts: test.segmentStarts, segmentCount: test.lengths.count, shape: test.shape)
        }
        return (out, logSumExp)
    }

    static func backward(_ test: Case, _ stacked: [Float], dOut: [Float], _ pool: ThreadPool) -> [Float] {
        let (out, logSumExp) = forward(test, stacked, pool)
        var gradient = [Float](repeating: 0, count: stacked.count)
        stacked.withUnsafeBufferPointer { buffer in
            gradient.withUnsafeMutableBufferPointer { gradient in
                guard let base = buffer.baseAddress, let d = gradient.baseAddress else { return }
                Attention.backward(
                    pool, q: base, k: base + test.keyOffset, v: base + test.valueOffset, out: out, dOut: dOut,
                    logSumExp: logSumExp, dQ: d, dQLeadingDimension: test.row, dK: d + test.keyOffset,
                    dKLeadingDimension: test.row, dV: d + test.valueOffset, dVLeadingDimension: test.row,
                    segmentStarts: test.segmentStarts, segmentCount: test.lengths.count, shape: test.shape)
            }
        }
        return gradient
    }

    @Test("forward equals the plain softmax of all scores, the same bits on any number of threads", arguments: cases)
    func forwardMatches(test: Case) {
        var noise = Noise(3)
        let stacked = noise.floats(test.tokens * test.row).map { 3 * $0 }
        let (out, identical) = sameOnAllPools { Self.forward(test, stacked, $0).out }
        #expect(identical)
        #expect(relativeError(out, test.reference(stacked.map(Double.init))) < 3e-6)
    }

    @Test(
        "backward equals finite differences of the plain form, the same bits on any number of threads", arguments: cases
    )
    func backwardMatches(test: Case) {
        var noise = Noise(11)
        let stacked = noise.floats(test.tokens * test.row)
        let dOut = noise.floats(test.tokens * test.width)
        let (gradient, identical) = sameOnAllPools { Self.backward(test, stacked, dOut: dOut, $0) }
        #expect(identical)
        let point = stacked.map(Double.init)
        func loss(_ x: [Double]) -> Double { zip(test.reference(x), dOut).reduce(0) { $0 + $1.0 * Double($1.1) } }
        let size = gradient.reduce(0) { max($0, abs($1)) }
        // Along random directions within one row each, over all rows in turn; then a few over everything.
        for probe in 0..<12 {
            var direction = [Double](repeating: 0, count: point.count)
            for index in direction.indices {
                let column = index % test.row, kind = column < test.keyOffset ? 0 : column < test.valueOffset ? 1 : 2
                if column < test.row - 3 && (probe >= 9 || kind == probe % 3) {
                    direction[index] = Double(noise.next())
                }
            }
            let step = 1e-5
            let plus = loss(zip(point, direction).map { $0 + step * $1 })
            let minus = loss(zip(point, direction).map { $0 - step * $1 })
            let expected = (plus - minus) / (2 * step)
            let got = zip(gradient, direction).reduce(0.0) { $0 + Double($1.0) * $1.1 }
            let norm = direction.reduce(0) { $0 + $1 * $1 }.squareRoot()
            #expect(abs(got - expected) < 1e-5 * Double(size) * norm, "direction \(probe): \(got) against \(expected)")
        }
    }

    @Test("scores of a thousand neither overflow nor lose the sum")
    func largeScores() {
        let test = Case(queryHeads: 2, keyValueHeads: 1, headDimension: 16, lengths: [300])
        var noise = Noise(5)
        let stacked = noise.floats(test.tokens * test.row).map { 60 * $0 }
        let (out, _) = Self.forward(test, stacked, pools[1])
        #expect(relativeError(out, test.reference(stacked.map(Double.init))) < 2e-4)
    }

    @Test(
        "decoding from a cache equals the forward pass, token by token and in pieces",
        arguments: cases.filter { !$0.isBidirectional })
    func decodeMatches(test: Case) {
        var noise = Noise(9)
        let stacked = noise.floats(test.tokens * test.row)
        let (expected, _) = Self.forward(test, stacked, pools[0])
        for pool in pools {
            for piece in [1, 5] {
                var out = [Float](repeating: .nan, count: expected.count)
                var done = test.lengths.map { _ in 0 }
                stacked.withUnsafeBufferPointer { buffer in
                    guard let base = buffer.baseAddress else { return }
                    while done != test.lengths {
                        var sequences: [DecodeSequence] = []
                        for (index, length) in test.lengths.enumerated() where done[index] < length {
                            let start = test.segmentStarts[index], count = min(piece, length - done[index])
                            sequences.append(
                                DecodeSequence(
                                    queryStart: start + done[index], queryCount: count,
                                    keys: base + start * test.row + test.keyOffset,
                                    values: base + start * test.row + test.valueOffset, keyCount: done[index] + count))
                            done[index] += count
                        }
                        Attention.decode(pool, q: base, out: &out, sequences: sequences, shape: test.shape)
                    }
                }
                #expect(relativeError(out, expected.map(Double.init)) < 3e-6, "pieces of \(piece)")
            }
        }
    }
}
