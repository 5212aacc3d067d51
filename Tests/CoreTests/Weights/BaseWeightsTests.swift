import CatenaEngine
import CatenaLearning
import CatenaModels
import Testing

@Suite("Compact forms of frozen matrices")
struct BaseWeightsTests {
    private static let folder = ParityCase.root + "/Tests/Fixtures/parity/llama-gqa/model"
    private let engine = Engine(threads: 2)
    private let int8 = BaseFormat(compute: .int8)

    private func tensor(_ noise: inout Noise, _ rows: Int, _ columns: Int) -> Tensor {
        engine.memory.tensor(noise.floats(rows * columns), rows: rows, columns: columns)
    }

    /// Y and dX of a matrix.
    private func products(_ weight: any FrozenWeight, x: Tensor, dY: Tensor) -> (y: [Float], dX: [Float]) {
        let y = engine.memory.tensor(rows: x.rows, columns: weight.outFeatures)
        let dX = engine.memory.tensor(rows: x.rows, columns: weight.inFeatures)
        weight.multiply(x, into: y, engine: engine)
        weight.multiplyTransposed(dY, into: dX, accumulate: false, engine: engine)
        return (y.elements(), dX.elements())
    }

    private func error(_ values: [Float], _ reference: [Float]) -> Double {
        relativeError(values, reference.map(Double.init))
    }

    @Test("two digits of a gradient keep a row of small numbers beside a large one")
    func twoDigits() {
        var noise = Noise(4)
        let (w, x, dY) = (tensor(&noise, 300, 64), tensor(&noise, 8, 64), tensor(&noise, 8, 300))
        for row in 0..<dY.rows {
            for column in 0..<dY.columns { dY.pointer[row * dY.columns + column] *= 0.003 }
            dY.pointer[row * dY.columns + row] = -1
        }
        let exact = products(Float32Weight(w), x: x, dY: dY).dX
        func dX(digits: Int) -> [Float] {
            products(
                int8.convert(Float32Weight(w), role: digits == 1 ? .down : .head, engine: engine), x: x, dY: dY
            ).dX
        }
        let (one, two) = (dX(digits: 1), dX(digits: 2))
        #expect(error(two, exact) < error(one, exact))
        #expect(error(two, exact) < 0.01)
    }

    @Test("int8 codes that are multiplied in float32 are the decoded matrix")
    func storedAsInt8() throws {
        var noise = Noise(5)
        let (w, x, dY) = (tensor(&noise, 70, 33), tensor(&noise, 40, 33), tensor(&noise, 40, 70))
        let format = try #require(BaseFormat(storage: .int8, compute: .float32))
        let weight = format.convert(Float32Weight(w), role: .down, engine: engine)
        let decoded = Float32Weight(weight.dequantised(engine.memory))
        let (stored, plain) = (products(weight, x: x, dY: dY), products(decoded, x: x, dY: dY))
        #expect(error(stored.y, plain.y) < 2e-6 && error(stored.dX, plain.dX) < 2e-6)
        #expect(error(stored.y, products(Float32Weight(w), x: x, dY: dY).y) < 0.02)
    }

    @Test("bfloat16 rounds every weight once, also in an odd number of columns")
    func bfloat16() throws {
        var noise = Noise(6)
        let w = tensor(&noise, 2100, 517)
        let (x, dY) = (tensor(&noise, 20, 517), tensor(&noise, 20, 2100))
        let format = try #require(BaseFormat(storage: .bfloat16, compute: .float32))
        let weight = format.convert(Float32Weight(w), role: .down, engine: engine)
        let decoded = weight.dequantised(engine.memory)
        #expect(zip(decoded.elements(), w.elements()).allSatisfy { abs($0 - $1) <= abs($1) / 256 })
        #expect(decoded.elements().allSatisfy { $0.bitPattern & 0xFFFF == 0 })
        let (stored, plain) = (products(weight, x: x, dY: dY), products(Float32Weight(decoded), x: x, dY: dY))
        #expect(error(stored.y, plain.y) < 2e-6 && error(stored.dX, plain.dX) < 2e-6)
        #expect(weight.storedBytes < w.count * 2 + 4 * 2100)
    }

    @Test("int8 products need int8 storage, and auto is what the products need")
    func formats() {
        #expect(BaseFormat(storage: .float32, compute: .int8) == nil)
        #expect(BaseFormat(storage: .bfloat16, compute: .int8) == nil)
        #expect(BaseFormat(storage: .auto, compute: .int8)?.storage == .int8)
        #expect(BaseFormat(storage: .auto, compute: .float32) == .float32)
    }

    @Test(
        "a model in a compact form computes nearly what it does in float32, and its matrices read as in the file",
        arguments: [
            (BaseStorage.float32, BaseCompute.float32, 1e-6), (.bfloat16, .float32, 0.01), (.int8, .float32, 0.05),
            (.int8, .int8, 0.005),
        ])
    func model(storage: BaseStorage, compute: BaseCompute, tolerance: Double) throws {
        let reference = try LanguageModel.load(Self.folder, engine: engine)
        let files = try ModelFiles(modelAt: Self.folder)
        let format = try #require(BaseFormat(storage: storage, compute: compute))
        let weights = ReplicatedWeights(files, format: format, engine: engine)
        let model = try LanguageModel(configuration: files.configuration, weights: weights, engine: engine)
        let ids: [Int32] = [1, 5, 3, 8, 2, 7, 4, 6]
        let input = Batch(
            inputIds: ids, targets: Array(ids[1...]) + [-100],
            layout: SequenceLayout(segmentStarts: [0, ids.count], positions: Array(0..<Int32(ids.count))))
        #expect(model.linears.allSatisfy { ($0.weight is Int8Weight) == (compute == .int8) })
        let (loss, expected) = (try model.losses([input])[0].sum, try reference.losses([input])[0].sum)
        #expect(abs(loss - expected) < tolerance * expected)
        for (linear, original) in zip(model.linears, reference.linears) {
            #expect(
                linear.currentWeight(engine.memory).elements() == original.currentWeight(engine.memory).elements())
        }
    }

    @Test("two digits of an input keep what stands beside an outlying channel")
    func fineInputs() {
        var noise = Noise(8)
        let (w, x, dY) = (tensor(&noise, 96, 160), tensor(&noise, 40, 160), tensor(&noise, 40, 96))
        for row in 0..<x.rows { x.pointer[row * x.columns + 11] *= 200 }
        for row in 0..<w.rows { w.pointer[row * w.columns + 11] = 0 }
        let exact = products(Float32Weight(w), x: x, dY: dY).y
        let weight = int8.convert(Float32Weight(w), role: .down, engine: engine)
        #expect(error(products(weight, x: x, dY: dY).y, exact) < 0.02)
        let rows = { (tensor: Tensor) in (0..<tensor.rows).map { tensor.rows($0..<$0 + 1).elements() } }
        let coarse = Naive.int8Product(rows(x), rows(w), digits: 1).flatMap { $0.map(Float.init) }
        #expect(error(coarse, exact) > 0.1)
    }

    @Test("transposed matrices are refused in int8")
    func transposedIsRefused() throws {
        let files = try ModelFiles(modelAt: ParityCase.root + "/Tests/Fixtures/parity/gpt2/model")
        let format = try #require(BaseFormat(storage: .auto, compute: .int8))
        let weights = ReplicatedWeights(files, format: format, engine: engine)
        #expect(throws: ModelError.self) {
            try LanguageModel(configuration: files.configuration, weights: weights, engine: engine)
        }
    }
}
