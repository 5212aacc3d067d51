import CatenaEngine
import CatenaModels
import Foundation
import Testing

@Suite("Rotary table")
struct RotaryTableTests {
    private let engine = Engine(threads: 1)

    private func rotated(_ values: [Float], positions: [Int32], table: RotaryTable) -> [Float] {
        let x = engine.memory.tensor(values, rows: positions.count, columns: values.count / positions.count)
        return Tape(engine: engine, isRecording: false).rotary(
            Variable(x, requiresGradient: false), headDimension: 4,
            layout: SequenceLayout(segmentStarts: [0, positions.count], positions: positions), table: table
        ).value.elements()
    }

    @Test("pairs (i, i + d/2) of each head turn by position · base^(-2i/d)")
    func formula() throws {
        let table = try TinyModel.configuration().rotaryTable(memory: engine.memory)
        let values = tinyNormal(2 * 8, seed: 6)
        let found = rotated(values, positions: [0, 37], table: table)
        #expect(found[..<8] == values[..<8])
        for head in 0..<2 {
            for pair in 0..<2 {
                let angle = 37 * pow(10_000, -Double(pair) / 2)
                let (low, high) = (8 + head * 4 + pair, 8 + head * 4 + pair + 2)
                let (a, b) = (Double(values[low]), Double(values[high]))
                // The angle itself is rounded to float32: 37 · 6e-8.
                #expect(abs(Double(found[low]) - (a * cos(angle) - b * sin(angle))) < 1e-5)
                #expect(abs(Double(found[high]) - (b * cos(angle) + a * sin(angle))) < 1e-5)
            }
        }
    }

    @Test("a table that has grown gives the numbers of one made large at once")
    func growth() throws {
        let configuration = try TinyModel.configuration()
        let values = tinyNormal(3 * 4, seed: 7)
        let grown = configuration.rotaryTable(memory: engine.memory)
        for limit in [1, 3, 40] as [Int32] { _ = rotated(values, positions: [0, 0, limit], table: grown) }
        let large = configuration.rotaryTable(memory: engine.memory)
        _ = rotated(values, positions: [0, 0, 500], table: large)
        #expect(
            rotated(values, positions: [2, 17, 39], table: grown)
                == rotated(values, positions: [2, 17, 39], table: large))
    }

    @Test("llama3 scaling keeps short waves, divides long ones and is continuous between")
    func llama3() {
        let plain = RotaryScaling.none.frequencies(base: 500_000, headDimension: 64)
        let scaled = RotaryScaling.llama3(
            factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalPositions: 8192
        ).frequencies(base: 500_000, headDimension: 64)
        let ratios = zip(plain, scaled).map { $0 / $1 }
        #expect(ratios.first == 1)
        #expect(abs((ratios.last ?? 0) - 8) < 1e-12)
        #expect(zip(ratios, ratios.dropFirst()).allSatisfy { $0 <= $1 })
        #expect(ratios.contains { $0 > 1.01 && $0 < 7.9 })
        let linear = RotaryScaling.linear(factor: 4).frequencies(base: 500_000, headDimension: 64)
        #expect(zip(plain, linear).allSatisfy { $0 / 4 == $1 })
    }
}
