import CatenaAdapters
import CatenaLearning
import CatenaEngine
import CatenaFiles
import CatenaModels
import CatenaSchema
import Testing

@Suite("SORSA")
struct SORSATests {
    private let engine = Engine(threads: 1)

    private func attach(_ method: String, _ options: [String: ConfigurationValue] = [:]) throws -> LanguageModel {
        let model = try TinyModel.make(engine: engine)
        var section = try AdapterMethod.named(method).defaultSection
        (section.rank, section.alpha) = (2, 2)
        section.options = section.options.map { .init($0.key, options[$0.key] ?? $0.value) }
        _ = ParameterSet(try model.attachAdapters(section, seed: 3).parameters, memory: engine.memory)
        try model.initialiseFromWeights()
        return model
    }

    @Test("without the regulariser it begins with what PiSSA begins with, in other coordinates")
    func pissaStart() throws {
        let (sorsa, pissa) = (try attach("sorsa", ["gamma": .number(0)]), try attach("pissa"))
        #expect(sorsa.attached?.rule == nil)
        for (left, right) in zip(sorsa.adaptedLinears, pissa.adaptedLinears) {
            let a = try #require((left.adapter as? SORSA)?.origin), b = try #require((right.adapter as? PiSSA)?.origin)
            let product = DoubleMatrix(a.b) * DoubleMatrix(a.a)
            #expect(normwiseError(product.floats, (DoubleMatrix(b.b) * DoubleMatrix(b.a)).floats) < 1e-6)
        }
    }

    @Test("the first vectors are orthonormal and S falls")
    func orthonormalStart() throws {
        for linear in try attach("sorsa").adaptedLinears {
            let adapter = try #require(linear.adapter as? SORSA)
            let (a, b) = (DoubleMatrix(adapter.a.value), DoubleMatrix(adapter.b.value))
            for gram in [a * a.transposed, b.transposed * b] {
                #expect((gram - .identity(2)).values.allSatisfy { abs($0) < 1e-6 })
            }
            let values = adapter.s.value.elements()
            #expect(values[0] >= values[1] && values[1] > 0)
        }
    }

    /// Parameters of a rule: A `[2, 7]` and `[3, 5]` with rows, B `[6, 2]` with columns.
    private func parameters(_ values: [DoubleMatrix]) -> (set: ParameterSet, rule: OrthonormalityRule) {
        let parameters = values.enumerated().map { index, value in
            Parameter(name: "p\(index)", shape: [value.rows, value.columns]) { $0.copy(from: value.floats) }
        }
        // The vector between them has no regulariser.
        let vector = Parameter(name: "s", shape: [2]) { $0.fill(1) }
        let set = ParameterSet([parameters[0], vector, parameters[1], parameters[2]], memory: engine.memory)
        let rule = OrthonormalityRule(
            rows: [parameters[0], parameters[1]], columns: [parameters[2]], gamma: 6e-3, takesPartInClipping: false,
            engine: engine)
        return (set, rule)
    }

    /// c · mean of ‖A Aᵀ - I‖ and ‖Bᵀ B - I‖ in float64.
    private func penalty(_ values: [DoubleMatrix], coefficient: Double) -> Double {
        let deviations = [
            values[0] * values[0].transposed - .identity(2), values[1] * values[1].transposed - .identity(3),
            values[2].transposed * values[2] - .identity(2),
        ]
        return coefficient / 3 * deviations.reduce(0) { $0 + $1.dot($1).squareRoot() }
    }

    @Test("the regulariser and its gradient are those of the definition")
    func rule() throws {
        let values = [(2, 7), (3, 5), (6, 2)].enumerated().map { index, shape in
            0.5 * DoubleMatrix.normal(rows: shape.0, columns: shape.1, seed: 20 + UInt64(index))
        }.map { DoubleMatrix(rows: $0.rows, columns: $0.columns, $0.floats.map(Double.init)) }
        let (set, rule) = parameters(values)
        try rule.prepare(AdapterRun(totalSteps: 10, peakLearningRate: 2e-3))
        set.gradients.fill(0.25)
        let found = rule.addPenalty(to: set, scale: 5)
        #expect(abs(found - penalty(values, coefficient: 3)) < 1e-5)
        for (index, position) in [0, 2, 3].enumerated() {
            var expected: [Float] = []
            for element in values[index].values.indices {
                var (up, down) = (values, values)
                up[index].values[element] += 1e-5
                down[index].values[element] -= 1e-5
                let slope = (penalty(up, coefficient: 3) - penalty(down, coefficient: 3)) / 2e-5
                expected.append(Float(0.25 + 5 * slope))
            }
            #expect(normwiseError(set.gradient(of: position).elements(), expected) < 1e-5)
        }
        #expect(set.gradient(of: 1).elements() == [0.25, 0.25])
    }

    @Test("orthonormal matrices have no penalty and no gradient")
    func zeroSafe() throws {
        let values = [(2, 7), (3, 5), (6, 2)].map { rows, columns in
            DoubleMatrix(rows: rows, columns: columns) { $0 == $1 ? 1 : 0 }
        }
        let (set, rule) = parameters(values)
        try rule.prepare(AdapterRun(totalSteps: 10, peakLearningRate: 2e-3))
        #expect(rule.addPenalty(to: set, scale: 5) == 0)
        #expect(set.gradients.elements().allSatisfy { $0 == 0 })
    }

    @Test("the penalty comes after clipping unless it is to take part", arguments: [false, true])
    func clipping(takesPart: Bool) throws {
        let model = try attach("sorsa", ["clip-penalty": .boolean(takesPart)])
        #expect(model.attached?.rule?.penaltyFollowsClipping == !takesPart)
    }

    @Test("a learning rate of zero, by which gamma would be divided, is refused")
    func noLearningRate() throws {
        let rule = try #require(try attach("sorsa").attached?.rule)
        #expect(throws: AdapterError.self) { try rule.prepare(AdapterRun(totalSteps: 1, peakLearningRate: 0)) }
    }

    @Test("published count: r = 128 on Llama 2 7B trains 320 million numbers")
    func publishedCount() throws {
        let configuration = try TinyModel.configuration {
            ($0.hiddenSize, $0.intermediateSize, $0.layerCount, $0.vocabularySize) = (4096, 11008, 32, 32000)
            ($0.attentionHeads, $0.keyValueHeads, $0.headDimension) = (32, 32, 128)
        }
        var section = AdapterMethod.sorsa.defaultSection
        section.rank = 128
        let inventory = try ModelInventory(
            configuration: configuration, storage: .encoding(.float32), adapter: section)
        #expect(inventory.trainableElements == 319_844_352)
    }
}
