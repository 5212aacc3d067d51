import CatenaAdapters
import CatenaEngine
import CatenaModels
import CatenaSchema
import Testing

@Suite("PiSSA")
struct PiSSATests {
    private let engine = Engine(threads: 1)
    private let batch = TinyBatch(lengths: [5, 6], vocabulary: 13)

    /// A tiny model with initialised adapters.
    private func attach(
        _ method: String = "pissa", rank: Int = 2, alpha: Double = 3, options: [String: ConfigurationValue] = [:],
        seed: UInt64 = 3
    ) throws -> LanguageModel {
        let model = try TinyModel.make(engine: engine)
        var section = try AdapterMethod.named(method).defaultSection
        (section.rank, section.alpha) = (rank, alpha)
        section.options = section.options.map { .init($0.key, options[$0.key] ?? $0.value) }
        _ = ParameterSet(try model.attachAdapters(section, seed: seed).parameters, memory: engine.memory)
        try model.initialiseFromWeights()
        return model
    }

    private func adapters<Adapter: OriginLoRA>(
        _ model: LanguageModel, _ type: Adapter.Type
    ) throws -> [(layer: Linear, adapter: Adapter)] {
        try model.adaptedLinears.map { ($0, try #require($0.adapter as? Adapter)) }
    }

    @Test("the first factors are those of numpy's decomposition")
    func numpy() throws {
        let model = try attach()
        let adapter = try #require(model.adaptedLinears[0].adapter as? PiSSA)
        // Any W will do for the adapter's formula; here the adapter is of [16, 8], so numpy's 5 x 4 stands in its corner.
        let weight = engine.memory.zeros(rows: 16, columns: 8)
        for row in 0..<5 {
            for column in 0..<4 { weight.pointer[row * 8 + column] = SpectralFixture.w[row * 4 + column] }
        }
        try adapter.initialise(from: weight, engine: engine)
        let a: [Float] = [
            0.40718426, -0.62264308, 1.1489276, -0.33883361, -1.1408836, 0.12124787, 0.58515081, 0.39031528,
        ]
        let b: [Float] = [
            1.0883082, 0.1793905, 0.13579196, 0.043108482, -0.26347972, -0.47450716, -0.43847606, 1.2128802, 0.72373287,
            0.28423464,
        ]
        let foundA = DoubleMatrix(adapter.a.value), foundB = DoubleMatrix(adapter.b.value)
        let expectedA = DoubleMatrix(rows: 2, columns: 8) { $1 < 4 ? Double(a[$0 * 4 + $1]) : 0 }
        let expectedB = DoubleMatrix(rows: 16, columns: 2) { $0 < 5 ? Double(b[$0 * 2 + $1]) : 0 }
        #expect(normwiseError(foundA.floats, expectedA.floats) < 1e-6)
        #expect(normwiseError(foundB.floats, expectedB.floats) < 1e-6)
    }

    @Test("at the start W - s B₀ A₀ + s B A is W, and the factors are the buffers", arguments: ["pissa", "olora"])
    func start(method: String) throws {
        let model = try attach(method)
        for (layer, adapter) in try adapters(model, OriginLoRA.self) {
            let weight = layer.currentWeight(engine.memory)
            let merged = adapter.merged(into: weight, engine: engine)
            #expect(normwiseError(merged.elements(), weight.elements()) < 1e-6)
            #expect(adapter.a.value.elements() == adapter.buffers[0].value.elements())
            #expect(adapter.b.value.elements() == adapter.buffers[1].value.elements())
            #expect(adapter.a.value.elements().contains { $0 != 0 })
        }
    }

    @Test("s B₀ A₀ is the best approximation of W of its rank, whatever alpha is", arguments: [2.0, 3, 0.5])
    func bestApproximation(alpha: Double) throws {
        let model = try attach(alpha: alpha)
        for (layer, adapter) in try adapters(model, PiSSA.self) {
            let weight = layer.currentWeight(engine.memory)
            let all = try LAPACK.singularValues(of: weight, count: 100, named: "W", engine: engine)
            let product = adapter.scaling * (DoubleMatrix(adapter.b.value) * DoubleMatrix(adapter.a.value))
            let rest = DoubleMatrix(weight) - product
            // Eckart, Young: no other product of this rank leaves less.
            let least = all.values[2...].reduce(0) { $0 + $1 * $1 }.squareRoot()
            #expect(abs(rest.dot(rest).squareRoot() - least) < 1e-5 * least)
        }
    }

    @Test("four power iterations find the exact factors' product on matrices whose spectrum falls")
    func randomised() throws {
        let (rows, columns, rank) = (40, 60, 4)
        let left = DoubleMatrix.normal(rows: rows, columns: rows, seed: 1)
        let right = DoubleMatrix.normal(rows: rows, columns: columns, seed: 2)
        let falling = DoubleMatrix(rows: rows, columns: rows) { $0 == $1 ? 1 / Double(1 + $0 * $0) : 0 }
        let weight = engine.memory.tensor((left * falling * right).floats, rows: rows, columns: columns)
        func product(_ options: [String: ConfigurationValue], seed: UInt64) throws -> [Float] {
            let model = try TinyModel.make(engine: engine) {
                ($0.hiddenSize, $0.intermediateSize) = (columns, rows)
            }
            var section = try AdapterMethod.named("pissa").defaultSection
            (section.rank, section.alpha, section.targets) = (rank, 4, .names(["up_proj"]))
            section.options = section.options.map { .init($0.key, options[$0.key] ?? $0.value) }
            _ = ParameterSet(try model.attachAdapters(section, seed: seed).parameters, memory: engine.memory)
            let adapter = try #require(model.adaptedLinears[0].adapter as? PiSSA)
            try adapter.initialise(from: weight, engine: engine)
            return (DoubleMatrix(adapter.b.value) * DoubleMatrix(adapter.a.value)).floats
        }
        let exact = try product([:], seed: 1)
        let found = try product(["iterations": .integer(4)], seed: 1)
        #expect(normwiseError(found, exact) < 1e-4)
        #expect(try product(["iterations": .integer(4)], seed: 1) == found)
        #expect(try product(["iterations": .integer(0)], seed: 1) != found)
    }

    @Test("other iterations are refused", arguments: [ConfigurationValue.text("some"), .integer(-1), .number(1.5)])
    func badIterations(value: ConfigurationValue) throws {
        #expect {
            try attach(options: ["iterations": value])
        } throws: {
            "\($0)".contains("adapter.iterations: ") && "\($0)".contains("does not fit; expected exact, or a whole")
        }
    }

    @Test("before it is initialised an adapter changes nothing", arguments: ["pissa", "olora", "sorsa", "lora-ga"])
    func beforeInitialisation(method: String) throws {
        let model = try TinyModel.make(engine: engine)
        let before = model.hiddenStates(batch.ids, layout: batch.layout).elements()
        var section = try AdapterMethod.named(method).defaultSection
        section.rank = 2
        _ = ParameterSet(try model.attachAdapters(section, seed: 3).parameters, memory: engine.memory)
        #expect(model.hiddenStates(batch.ids, layout: batch.layout).elements() == before)
    }

    @Test("OLoRA's factors are those of torch's QR decomposition with R's diagonal positive")
    func olora() throws {
        let model = try attach("olora")
        let adapter = try #require(model.adaptedLinears[0].adapter as? OLoRA)
        let weight = engine.memory.zeros(rows: 16, columns: 8)
        for row in 0..<5 {
            for column in 0..<4 { weight.pointer[row * 8 + column] = SpectralFixture.w[row * 4 + column] }
        }
        try adapter.initialise(from: weight, engine: engine)
        let a: [Float] = [2.5283394, -0.7851003, -0.23533233, -0.54482401, 0, 1.4649633, -1.9759945, -0.50017737]
        let b: [Float] = [
            0.19775826, -0.74728146, -0.11865496, 0.48249942, 0.43506818, 0.36968308, -0.87013635, -0.056755216,
            0.019775826, -0.26244616,
        ]
        let expectedA = DoubleMatrix(rows: 2, columns: 8) { $1 < 4 ? Double(a[$0 * 4 + $1]) : 0 }
        let expectedB = DoubleMatrix(rows: 16, columns: 2) { $0 < 5 ? Double(b[$0 * 2 + $1]) : 0 }
        #expect(normwiseError(adapter.a.value.elements(), expectedA.floats) < 1e-6)
        #expect(normwiseError(adapter.b.value.elements(), expectedB.floats) < 1e-6)
    }

    @Test("OLoRA's product holds the first columns of W exactly and B's columns are orthonormal")
    func oloraColumns() throws {
        for (layer, adapter) in try adapters(try attach("olora", alpha: 2), OLoRA.self) {
            let weight = DoubleMatrix(layer.currentWeight(engine.memory))
            let (a, b) = (DoubleMatrix(adapter.a.value), DoubleMatrix(adapter.b.value))
            let rest = weight - b * a
            for row in 0..<weight.rows { #expect(abs(rest[row, 0]) < 1e-6 && abs(rest[row, 1]) < 1e-6) }
            #expect((b.transposed * b - .identity(2)).values.allSatisfy { abs($0) < 1e-6 })
        }
    }
}
