import CatenaEngine
import Testing

@Suite("Seeded generator")
struct SeededGeneratorTests {
    @Test("Philox4x32-10 gives the published known answers")
    func knownAnswers() {
        #expect(
            Philox.block(key: (0, 0), counter: SIMD4(0, 0, 0, 0))
                == SIMD4(0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8))
        #expect(
            Philox.block(key: (.max, .max), counter: SIMD4(.max, .max, .max, .max))
                == SIMD4(0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD))
        #expect(
            Philox.block(
                key: (0xA409_3822, 0x299F_31D0), counter: SIMD4(0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344))
                == SIMD4(0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1))
    }

    @Test("every part of the key changes the numbers, and equal keys give equal numbers")
    func keyParts() {
        let generators = [
            SeededGenerator(seed: 1, purpose: "dropout", step: 2, microBatch: 3, name: "q"),
            SeededGenerator(seed: 2, purpose: "dropout", step: 2, microBatch: 3, name: "q"),
            SeededGenerator(seed: 1, purpose: "dropouu", step: 2, microBatch: 3, name: "q"),
            SeededGenerator(seed: 1, purpose: "dropout", step: 3, microBatch: 3, name: "q"),
            SeededGenerator(seed: 1, purpose: "dropout", step: 2, microBatch: 2, name: "q"),
            SeededGenerator(seed: 1, purpose: "dropout", step: 3, microBatch: 2, name: "q"),
            SeededGenerator(seed: 1, purpose: "dropout", step: 2, microBatch: 3, name: "k"),
            SeededGenerator(seed: 1, purpose: "dropoutq", step: 2, microBatch: 3, name: ""),
        ]
        #expect(Set(generators.map { $0.word(at: 0) }).count == generators.count)
        var again = SeededGenerator(seed: 1, purpose: "dropout", step: 2, microBatch: 3, name: "q")
        for index in 0..<5 {
            #expect(again.next() == generators[0].word(at: UInt64(index)))
        }
    }

    @Test("a piece filled at its offset equals the same piece of the whole", arguments: [0, 1, 2, 3, 5, 42])
    func piecesEqualTheWhole(offset: Int) {
        let generator = SeededGenerator(seed: 7, purpose: "initialisation", name: "w")
        var whole = [Float](repeating: 0, count: 101)
        var piece = [Float](repeating: 0, count: 33)
        generator.fillUniform(&whole, low: -1, high: 1)
        generator.fillUniform(&piece, low: -1, high: 1, offset: offset)
        #expect(piece == Array(whole[offset..<offset + 33]))
        generator.fillNormal(&whole)
        generator.fillNormal(&piece, offset: offset)
        #expect(piece == Array(whole[offset..<offset + 33]))
    }

    @Test("normal and uniform fills have their moments")
    func moments() {
        let generator = SeededGenerator(seed: 3, purpose: "moments")
        var values = [Float](repeating: 0, count: 200_000)
        generator.fillNormal(&values, mean: 2, standardDeviation: 3)
        let mean = values.reduce(0.0) { $0 + Double($1) } / 200_000
        let variance = values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / 200_000
        #expect(abs(mean - 2) < 0.03)
        #expect(abs(variance - 9) < 0.15)
        generator.fillKaimingUniform(&values, fanIn: 64)
        let bound: Float = 1 / 8
        #expect(values.allSatisfy { $0 >= -bound && $0 < bound })
        let second = values.reduce(0.0) { $0 + Double($1) * Double($1) } / 200_000
        #expect(abs(second / (1.0 / 192) - 1) < 0.02)
    }

    @Test("a truncated normal fill stays within two deviations, is one otherwise, and its pieces equal the whole")
    func truncatedNormal() {
        let generator = SeededGenerator(seed: 9, purpose: "initialisation", name: "w")
        func fill(_ count: Int, offset: Int = 0) -> [Float] {
            var values = [Float](repeating: 0, count: count)
            values.withUnsafeMutableBufferPointer {
                generator.fillTruncatedNormal($0, standardDeviation: 0.5, offset: offset)
            }
            return values
        }
        let values = fill(40_000)
        #expect(values.allSatisfy { abs($0) <= 1 })
        #expect(fill(7, offset: 1234) == Array(values[1234..<1241]))
        func share(_ isIn: (Float) -> Bool) -> Double { Double(values.count(where: isIn)) / 40_000 }
        // P(|x| < σ) and P(x > 1.5 σ) of the normal distribution, over P(|x| < 2 σ) = 0.9545.
        #expect(abs(share { abs($0) < 0.5 } - 0.6827 / 0.9545) < 0.01)
        #expect(abs(share { $0 > 0.75 } - (0.0668 - 0.0228) / 0.9545) < 0.005)
        #expect(abs(share { $0 > 0 } - 0.5) < 0.01)
    }

    @Test("bounded integers reach every value about equally")
    func bounded() {
        var generator = SeededGenerator(seed: 5, purpose: "bounded")
        var counts = [Int](repeating: 0, count: 7)
        for _ in 0..<70_000 { counts[generator.next(below: 7)] += 1 }
        #expect(counts.allSatisfy { abs($0 - 10_000) < 500 })
    }
}
