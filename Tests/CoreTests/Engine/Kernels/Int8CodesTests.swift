import CatenaEngine
import Testing

@Suite("Products with int8 codes")
struct Int8CodesTests {
    private let engines = [Engine(threads: 1), Engine(threads: 2), Engine(threads: 3)]

    struct Case: CustomStringConvertible {
        var rows, columns, count: Int
        var digits = 1
        var description: String { "\(count) rows by \(rows)x\(columns), \(digits) digits" }
    }

    /// Whole and partial panels, several blocks of the reduction, more rows than one task takes.
    static let cases: [Case] = [1, 2].flatMap { digits in
        [(64, 64, 7), (100, 70, 9), (33, 130, 1), (70, 2100, 3), (2100, 40, 3), (65, 63, 600)].map {
            Case(rows: $0.0, columns: $0.1, count: $0.2, digits: digits)
        }
    }

    private func codes(_ w: [Float], _ shape: Case, engine: Engine) -> Int8Codes {
        let columns = shape.columns
        let memory = engine.memory.tensor(
            rows: 1, columns: Int8Codes.byteCount(rows: shape.rows, columns: columns) / MemoryLayout<Float>.stride)
        let codes = Int8Codes(rows: shape.rows, columns: columns, memory: memory.pointer, owner: memory.storage)
        codes.quantise(threads: engine.threads) { rows, destination in
            for (index, row) in rows.enumerated() {
                for column in 0..<columns { destination[index * columns + column] = w[row * columns + column] }
            }
        }
        return codes
    }

    private func matrix(_ values: [Float], columns: Int) -> [[Float]] {
        stride(from: 0, to: values.count, by: columns).map { Array(values[$0..<$0 + columns]) }
    }

    private func product(_ shape: Case, transposed: Bool, engine: Engine) -> (fast: [Float], plain: [[Double]]) {
        var noise = Noise(UInt64(shape.rows + shape.columns))
        let w = noise.floats(shape.rows * shape.columns)
        let (k, n) = transposed ? (shape.rows, shape.columns) : (shape.columns, shape.rows)
        let x = noise.floats(shape.count * k)
        let y = engine.memory.tensor(rows: shape.count, columns: n)
        codes(w, shape, engine: engine).multiply(
            engine.memory.tensor(x, rows: shape.count, columns: k), transposed: transposed, digits: shape.digits,
            into: y, accumulate: false, engine: engine)
        let plain = (transposed ? Naive.int8ProductTransposed : Naive.int8Product)(
            matrix(x, columns: k), matrix(w, columns: shape.columns), shape.digits)
        return (y.elements(), plain)
    }

    @Test("both directions equal the plain formula with the same codes", arguments: cases, [false, true])
    func matchesReference(shape: Case, transposed: Bool) {
        let (fast, plain) = product(shape, transposed: transposed, engine: engines[1])
        #expect(relativeError(fast, plain.flatMap { $0 }) < 1e-5)
    }

    @Test("the bits are the same on any number of threads", arguments: cases, [false, true])
    func sameBits(shape: Case, transposed: Bool) {
        let results = engines.map { engine in
            product(shape, transposed: transposed, engine: engine).fast.map(\.bitPattern)
        }
        #expect(results.allSatisfy { $0 == results[0] })
    }

    @Test("a row gets the same bits alone as among others, and adds them where asked")
    func rowsAreIndependent() {
        let engine = engines[1]
        var noise = Noise(5)
        let shape = Case(rows: 96, columns: 80, count: 300)
        let codes = codes(noise.floats(96 * 80), shape, engine: engine)
        let x = engine.memory.tensor(noise.floats(300 * 80), rows: 300, columns: 80)
        let y = engine.memory.tensor(rows: 300, columns: 96)
        codes.multiply(x, transposed: false, digits: 1, into: y, accumulate: false, engine: engine)
        for row in [0, 131, 132, 299] {
            let alone = engine.memory.zeros(rows: 1, columns: 96)
            codes.multiply(
                x.rows(row..<row + 1), transposed: false, digits: 1, into: alone, accumulate: true, engine: engine)
            #expect(alone.elements() == y.rows(row..<row + 1).elements())
        }
    }

    @Test("a row that is not finite gives NaN, and no other row does", arguments: [Float.nan, .infinity])
    func notFinite(value: Float) {
        let engine = engines[1]
        var noise = Noise(6)
        let codes = codes(noise.floats(64 * 80), Case(rows: 64, columns: 80, count: 2), engine: engine)
        let x = engine.memory.tensor(noise.floats(2 * 80), rows: 2, columns: 80)
        x.pointer[17] = value
        let y = engine.memory.tensor(rows: 2, columns: 64)
        codes.multiply(x, transposed: false, digits: 1, into: y, accumulate: false, engine: engine)
        #expect(y.rows(0..<1).elements().allSatisfy { $0.isNaN })
        #expect(y.rows(1..<2).elements().allSatisfy { $0.isFinite })
    }

    @Test("decoding gives each weight to half a step of its row's scale")
    func decodes() {
        var noise = Noise(8)
        let (rows, columns) = (70, 67)
        let w = noise.floats(rows * columns)
        let codes = codes(w, Case(rows: rows, columns: columns, count: 1), engine: engines[0])
        var decoded = [Float](repeating: 0, count: w.count)
        codes.decode(rows: 0..<rows, into: &decoded)
        for row in 0..<rows {
            let range = row * columns..<(row + 1) * columns
            let step = w[range].reduce(0) { max($0, abs($1)) } / 127
            #expect(zip(w[range], decoded[range]).allSatisfy { abs($0 - $1) <= 0.501 * step })
        }
        #expect(codes.byteCount < 2 * 128 * 128)
    }
}
