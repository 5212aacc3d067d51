import CatenaAdapters
import CatenaEngine
import CatenaModels
import Testing

@Suite("DoRA")
struct DoRATests {
    private let engine = Engine(threads: 1)

    private func attached(_ model: LanguageModel, dropout: Double = 0) throws -> ParameterSet {
        var section = try AdapterMethod.named("dora").defaultSection
        (section.rank, section.alpha, section.dropout) = (2, 3, dropout)
        let set = ParameterSet(try model.attachAdapters(section, seed: 3).parameters, memory: engine.memory)
        try model.initialiseFromWeights()
        return set
    }

    private func adapter(_ linear: Linear) throws -> DoRA { try #require(linear.adapter as? DoRA) }

    @Test("m begins with the norms of the rows of W, does not decay, and is named as PEFT names it")
    func magnitude() throws {
        let model = try TinyModel.make(engine: engine)
        _ = try attached(model)
        let linear = model.linears[1]
        let (own, weight) = (try adapter(linear), DoubleMatrix(linear.currentWeight(engine.memory)))
        #expect(own.magnitude.name == "base_model.model.model.layers.0.self_attn.k_proj.lora_magnitude_vector")
        #expect(own.magnitude.shape == [linear.outFeatures])
        #expect(!own.magnitude.decays)
        for (row, value) in own.magnitude.value.elements().enumerated() {
            #expect(abs(Double(value) - weight.norm(ofRow: row)) < 1e-6)
        }
    }

    @Test("norms follow every change of A and B")
    func norms() throws {
        let model = try TinyModel.make(engine: engine)
        let set = try attached(model)
        let linear = model.linears[0]
        let own = try adapter(linear)
        let x = engine.memory.tensor(tinyNormal(3 * 8, seed: 4), rows: 3, columns: 8)
        for round in 0..<3 {
            TinyModel.addNoise(to: set, standardDeviation: 0.3, seed: 20 + UInt64(round))
            for _ in 0..<2 {
                let y = linear.forward(
                    Variable(x, requiresGradient: false), on: Tape(engine: engine, isRecording: false))
                let merged = DoubleMatrix(own.merged(into: linear.currentWeight(engine.memory), engine: engine))
                let expected = DoubleMatrix(x) * merged.transposed
                #expect(normwiseError(y.value.elements(), expected.floats) < 2e-6)
            }
        }
    }

    @Test("with dropout only what is scaled comes from the dropped input, as in PEFT")
    func dropout() throws {
        let model = try TinyModel.make(engine: engine, TinyModel.everyOption)
        let set = try attached(model, dropout: 0.4)
        TinyModel.addNoise(to: set, standardDeviation: 0.3)
        let linear = model.linears[0]
        let own = try adapter(linear)
        let key = RandomKey(seed: 7, step: 1, microBatch: 2)
        let x = DoubleMatrix.normal(rows: 6, columns: 8, seed: 1)
        let dY = DoubleMatrix.normal(rows: 6, columns: 16, seed: 2)
        func variable(_ matrix: DoubleMatrix) -> Variable {
            Variable(
                engine.memory.tensor(matrix.floats, rows: matrix.rows, columns: matrix.columns), requiresGradient: true)
        }
        let mask = DoubleMatrix(
            Tape(engine: engine, isRecording: true, randomKey: key).dropout(
                variable(DoubleMatrix(rows: 6, columns: 8) { _, _ in 1 }), probability: 0.4, name: linear.path
            ).value)
        #expect(mask.values.contains(0) && mask.values.contains { $0 > 1 })

        let (w, b0) = (DoubleMatrix(linear.currentWeight(engine.memory)), linear.bias.map { DoubleMatrix($0.value) })
        let (a, b) = (DoubleMatrix(own.direction.a.value), DoubleMatrix(own.direction.b.value))
        let magnitude = DoubleMatrix(own.magnitude.value)
        func output(_ x: DoubleMatrix, _ a: DoubleMatrix, _ b: DoubleMatrix, _ m: DoubleMatrix) -> DoubleMatrix {
            let dropped = DoubleMatrix(rows: x.rows, columns: x.columns) { x[$0, $1] * mask[$0, $1] }
            let norms = w + 1.5 * (DoubleMatrix(own.direction.b.value) * DoubleMatrix(own.direction.a.value))
            let (plain, again) = (x * w.transposed, dropped * w.transposed)
            let low = 1.5 * (dropped * a.transposed * b.transposed)
            return DoubleMatrix(rows: x.rows, columns: w.rows) { row, column in
                let g = m[0, column] / norms.norm(ofRow: column)
                return plain[row, column] + (g - 1) * again[row, column] + g * low[row, column]
            }.addingRow(b0)
        }
        set.gradients.fill(0)
        let tape = Tape(engine: engine, isRecording: true, randomKey: key)
        let input = variable(x)
        let y = linear.forward(input, on: tape)
        #expect(normwiseError(y.value.elements(), output(x, a, b, magnitude).floats) < 2e-6)
        tape.backward(from: y, gradient: variable(dY).value)
        func check(_ found: Tensor?, _ at: DoubleMatrix, _ function: (DoubleMatrix) -> DoubleMatrix) throws {
            var expected = at
            for index in at.values.indices {
                var (up, down) = (at, at)
                up.values[index] += 1e-5
                down.values[index] -= 1e-5
                expected.values[index] = dY.dot(function(up) - function(down)) / 2e-5
            }
            #expect(normwiseError(try #require(found).elements(), expected.floats) < 2e-5)
        }
        try check(input.gradient, x) { output($0, a, b, magnitude) }
        try check(own.direction.a.variable.gradient, a) { output(x, $0, b, magnitude) }
        try check(own.direction.b.variable.gradient, b) { output(x, a, $0, magnitude) }
        try check(own.magnitude.variable.gradient, magnitude) { output(x, a, b, $0) }
    }

    @Test("a row of zeros stays one and gives no gradient that is not a number")
    func zeroRow() throws {
        let model = try TinyModel.make(engine: engine)
        let tensor = engine.memory.tensor(tinyNormal(3 * 8, seed: 4), rows: 3, columns: 8)
        tensor.rows(1..<2).fill(0)
        let set = try attached(model)
        let linear = model.linears[1]
        // The layer's own matrix has no such row, so its adapter is told of one that has.
        let own = try adapter(linear)
        let weight = linear.currentWeight(engine.memory)
        weight.rows(1..<2).fill(0)
        own.initialise(from: weight, engine: engine)
        let merged = own.merged(into: weight, engine: engine)
        #expect(merged.rows(1..<2).elements().allSatisfy { $0 == 0 })
        let tape = Tape(engine: engine, isRecording: true)
        let y = linear.forward(Variable(tensor, requiresGradient: true), on: tape)
        #expect(y.value.elements().enumerated().allSatisfy { $0.offset % linear.outFeatures != 1 || $0.element == 0 })
        set.gradients.fill(0)
        let gradient = engine.memory.tensor(rows: 3, columns: linear.outFeatures)
        gradient.fill(1)
        tape.backward(from: y, gradient: gradient)
        #expect(set.gradients.elements().allSatisfy { $0.isFinite })
        #expect(own.magnitude.variable.gradient?.elements()[1] == 0)
    }

    @Test("it has no exact form as LoRA, so a chain and GGUF refuse it")
    func noFold() throws {
        let model = try TinyModel.make(engine: engine)
        _ = try attached(model)
        #expect(throws: AdapterError.self) { try ChainLink(folding: model) }
        let folder = try TinyFolder()
        #expect(throws: AdapterError.self) {
            try AdapterExport.gguf(model: model, name: "x", to: folder.path + "/x.gguf")
        }
    }
}
