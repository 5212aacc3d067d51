import CatenaAdapters
import CatenaEngine
import CatenaLearning
import CatenaModels
import CatenaSchema
import Testing

@Suite("LoRA-GA")
struct LoRAGATests {
    private let engine = Engine(threads: 1)
    private let batch = TinyBatch(lengths: [7, 9, 8], vocabulary: 13)

    private func attach(
        rank: Int = 2, targets: AdapterSection.Targets = .allLinear,
        options: [String: ConfigurationValue] = [:], model: LanguageModel
    ) throws -> ParameterSet {
        var section = try AdapterMethod.named("lora-ga").defaultSection
        (section.rank, section.alpha, section.targets) = (rank, 3, targets)
        let options = options.merging(["iterations": .text("exact")]) { own, _ in own }
        section.options = section.options.map { .init($0.key, options[$0.key] ?? $0.value) }
        return ParameterSet(try model.attachAdapters(section, seed: 3).parameters, memory: engine.memory)
    }

    /// Sets the first values from one batch; returns the gradients by path.
    @discardableResult
    private func initialise(_ model: LanguageModel) throws -> [String: DoubleMatrix] {
        let adapters = Dictionary(
            uniqueKeysWithValues: model.gradientInitialisedLinears.map { ($0.path, $0.adapter) })
        var gradients: [String: DoubleMatrix] = [:]
        var failure: (any Error)?
        let pass = WeightGradientPass(model: model, linears: model.gradientInitialisedLinears)
        try pass.run([batch.input()]) { _, _, _ in
        } finished: { [engine] block in
            for (linear, gradient) in zip(block.linears, block.matrices) {
                gradients[linear.path] = DoubleMatrix(gradient)
                do {
                    let adapter = try #require(adapters[linear.path] as? any GradientInitialised)
                    try adapter.initialise(
                        fromGradient: gradient, weight: { linear.currentWeight(engine.memory) }, engine: engine)
                } catch {
                    failure = error
                }
            }
        }
        if let failure { throw failure }
        return gradients
    }

    private func adapters(_ model: LanguageModel) throws -> [(layer: Linear, adapter: LoRAGA)] {
        try model.adaptedLinears.map { ($0, try #require($0.adapter as? LoRAGA)) }
    }

    @Test("the gradients of frozen matrices are those that the same model has when all is trained")
    func gradients() throws {
        let whole = try TinyModel.make(engine: engine, TinyModel.everyOption)
        let set = ParameterSet(whole.makeAllTrainable(), memory: engine.memory)
        batch.run(whole)
        let model = try TinyModel.make(engine: engine, TinyModel.everyOption)
        let wanted = model.linears.filter { !$0.path.hasSuffix("0.self_attn.q_proj") && !$0.path.hasSuffix("up_proj") }
        var found: [String: [Float]] = [:]
        var (layers, weights): ([Int], [Double]) = ([], [])
        try WeightGradientPass(model: model, linears: wanted).run([batch.input()]) { _, _, weight in
            weights.append(weight)
        } finished: { block in
            layers.append(block.layer)
            for (linear, gradient) in zip(block.linears, block.matrices) { found[linear.path] = gradient.elements() }
        }
        #expect(layers == [1, 0])
        #expect(weights == [Double](repeating: Double(batch.targets.filter { $0 >= 0 }.count), count: 2))
        #expect(Set(found.keys) == Set(wanted.map(\.path)))
        for (index, parameter) in set.parameters.enumerated() {
            guard let gradient = found[String(parameter.name.dropLast(".weight".count))] else { continue }
            #expect(normwiseError(gradient, set.gradient(of: index).elements()) < 1e-6, "\(parameter.name)")
        }
    }

    @Test("each micro-batch's gradients come alone, adapters stand as before, and no micro-batch is a pass too")
    func microBatches() throws {
        let model = try TinyModel.make(engine: engine)
        _ = try attach(targets: .names(["v_proj"]), model: model)
        let linears = model.gradientInitialisedLinears
        func gradients(_ inputs: [Batch]) throws -> [[Float]] {
            var result: [[Float]] = []
            try WeightGradientPass(model: model, linears: linears).run(inputs) { block, _, _ in
                result.append(block.gradients.elements())
            } finished: { _ in
            }
            return result
        }
        let inputs = (0..<3).map { batch.segment($0).input() }
        let alone = try inputs.map { try gradients([$0]) }
        let together = try gradients(inputs)
        #expect(together == [alone[0][0], alone[1][0], alone[2][0], alone[0][1], alone[1][1], alone[2][1]])
        #expect(try gradients([]).isEmpty)
        #expect(model.adaptedLinears.map(\.path) == linears.map(\.path))
        #expect(linears.allSatisfy { $0.adapter is LoRAGA })
    }

    @Test(
        "A and B are the documented singular vectors times the documented factor",
        arguments: [("ArB2r", [0, 1], [2, 3]), ("A2rBr", [2, 3], [0, 1]), ("ArBr", [1, 3], [0, 2])],
        ["stable", "gd", "unit", "weight"])
    func factors(direction: (name: String, ofA: [Int], ofB: [Int]), scale: String) throws {
        let model = try TinyModel.make(engine: engine)
        _ = try attach(
            options: ["direction": .text(direction.name), "scale": .text(scale), "stable-gamma": .number(9)],
            model: model)
        let gradients = try initialise(model)
        for (layer, adapter) in try adapters(model) {
            let g = try #require(gradients[layer.path])
            let svd = try LAPACK.singularValues(
                of: engine.memory.tensor(g.floats, rows: g.rows, columns: g.columns), count: 4, named: "G",
                engine: engine)
            let factor: Double
            switch scale {
            case "stable": factor = Double(layer.outFeatures).squareRoot().squareRoot() / 3
            case "gd": factor = 2.0 / 3
            case "unit": factor = 1
            default:
                let values = try LAPACK.singularValues(
                    of: layer.currentWeight(engine.memory), count: 2, named: "W", engine: engine
                ).values
                factor = values.reduce(0) { $0 + ($1 * 2 / 3).squareRoot() } / 2
            }
            let (u, vT) = (DoubleMatrix(svd.u), DoubleMatrix(svd.vT))
            let a = DoubleMatrix(rows: 2, columns: g.columns) { factor * vT[direction.ofA[$0], $1] }
            let b = DoubleMatrix(rows: g.rows, columns: 2) { factor * u[$0, direction.ofB[$1]] }
            #expect(normwiseError(adapter.a.value.elements(), a.floats) < 1e-5)
            #expect(normwiseError(adapter.b.value.elements(), b.floats) < 1e-5)
        }
    }

    @Test("random deals each of the leading vectors to one factor, the same way again")
    func random() throws {
        var results: [[Float]] = []
        for _ in 0..<2 {
            let model = try TinyModel.make(engine: engine)
            let set = try attach(options: ["direction": .text("random"), "scale": .text("unit")], model: model)
            let gradients = try initialise(model)
            for (layer, adapter) in try adapters(model) {
                // With different vectors Bᵀ G Aᵀ is zero; with a common one it has that singular value.
                let product =
                    DoubleMatrix(adapter.b.value).transposed * (try #require(gradients[layer.path]))
                    * DoubleMatrix(adapter.a.value).transposed
                let size = DoubleMatrix(adapter.b.value).transposed * (try #require(gradients[layer.path]))
                #expect(product.values.allSatisfy { abs($0) < 1e-4 * size.dot(size).squareRoot() })
            }
            results.append(set.values.elements())
        }
        #expect(results[0] == results[1])
    }

    @Test("the first step changes W along the best approximation of its gradient of twice the rank")
    func firstStep() throws {
        let model = try TinyModel.make(engine: engine)
        let set = try attach(model: model)
        let gradients = try initialise(model)
        batch.run(model)
        for (layer, adapter) in try adapters(model) {
            func gradient(_ parameter: Parameter) throws -> DoubleMatrix {
                DoubleMatrix(set.gradient(of: try #require(set.parameters.firstIndex { $0 === parameter })))
            }
            let (a, b) = (DoubleMatrix(adapter.a.value), DoubleMatrix(adapter.b.value))
            // d/dλ of s (B - λ dB) (A - λ dA) at λ = 0, but for the sign.
            let change = adapter.scaling * (b * (try gradient(adapter.a)) + (try gradient(adapter.b)) * a)
            let g = try #require(gradients[layer.path])
            let svd = try LAPACK.singularValues(
                of: engine.memory.tensor(g.floats, rows: g.rows, columns: g.columns), count: 4, named: "G",
                engine: engine)
            let diagonal = DoubleMatrix(rows: 4, columns: 4) { $0 == $1 ? svd.values[$0] : 0 }
            let factor = 1.5 * 1.5 * Double(layer.outFeatures).squareRoot() / 16
            let best = factor * (DoubleMatrix(svd.u) * diagonal * DoubleMatrix(svd.vT))
            #expect(normwiseError(change.floats, best.floats) < 1e-4, "\(layer.path)")
        }
    }

    @Test("with its first values the function is unchanged and the formula holds")
    func formula() throws {
        let model = try TinyModel.make(engine: engine)
        let before = model.hiddenStates(batch.ids, layout: batch.layout).elements()
        let set = try attach(model: model)
        try initialise(model)
        #expect(normwiseError(model.hiddenStates(batch.ids, layout: batch.layout).elements(), before) < 2e-6)
        for (layer, adapter) in try adapters(model) {
            let weight = layer.currentWeight(engine.memory)
            #expect(
                normwiseError(adapter.merged(into: weight, engine: engine).elements(), weight.elements()) < 1e-6)
        }
        TinyModel.addNoise(to: set, standardDeviation: 0.2)
        let section = try #require(model.attached).section
        guard case .layer(let formula) = MethodCase.loraGA[0].formula else { return }
        try FormulaCheck(model: model, set: set, section: section).layers(formula)
        let folded = try #require(model.adaptedLinears[0].adapter?.folded(engine: engine))
        #expect(folded.a.rows == 4)
    }

    @Test("without a gradient it is plain LoRA of the same seed, bit for bit")
    func plainStart() throws {
        let (model, plain) = (try TinyModel.make(engine: engine), try TinyModel.make(engine: engine))
        let (set, other) = (
            try attach(model: model), try TinyModel.attach(TinyModel.lora(), to: plain, trained: false)
        )
        #expect(set.values.elements() == other.values.elements())
    }

    @Test("a rank of more than half the layer's smaller side is refused")
    func rank() throws {
        let model = try TinyModel.make(engine: engine)
        #expect {
            try attach(rank: 5, model: model)
        } throws: {
            "\($0)".contains("adapter.rank: 5 does not fit; expected 1...4")
        }
        #expect(model.adaptedLinears.isEmpty)
        #expect(throws: Never.self) { try attach(rank: 4, model: model) }
    }

    @Test("a gradient that is not finite is refused with the layer's name")
    func notFinite() throws {
        let model = try TinyModel.make(engine: engine)
        _ = try attach(model: model)
        let (layer, adapter) = try adapters(model)[3]
        let gradient = engine.memory.zeros(rows: layer.outFeatures, columns: layer.inFeatures)
        gradient.pointer[5] = .infinity
        #expect(throws: LAPACK.Failure.notFinite(matrix: "the gradient of \(layer.path)")) {
            try adapter.initialise(
                fromGradient: gradient, weight: { layer.currentWeight(engine.memory) }, engine: engine)
        }
    }
}
