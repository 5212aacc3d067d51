import CatenaAdapters
import CatenaLearning
import CatenaEngine
import CatenaFiles
import CatenaModels
import Foundation
import Testing

/// Each test runs for every case of every method: a new method is covered as soon as it has a case.
@Suite("Every adapter method")
struct EveryMethodTests {
    private let engine = Engine(threads: 1)
    private let batch = TinyBatch(lengths: [5, 6], vocabulary: 13)

    private func model(_ testCase: MethodCase) throws -> LanguageModel {
        try TinyModel.make(engine: engine, testCase.model)
    }

    private func attach(_ testCase: MethodCase, to model: LanguageModel, trained: Bool) throws -> ParameterSet {
        let adapter = try model.attachAdapters(try testCase.section, seed: 3)
        let set = ParameterSet(adapter.parameters, memory: engine.memory)
        try model.initialiseFromWeights()
        if trained { TinyModel.addNoise(to: set, standardDeviation: 0.2) }
        return set
    }

    private func logits(_ model: LanguageModel) -> [Float] {
        model.head.logits(model.hiddenStates(batch.ids, layout: batch.layout), engine: engine).elements()
    }

    @Test("every method has a case, and every case a method")
    func coverage() {
        #expect(Set(MethodCase.all.map(\.method)) == Set(AdapterMethod.all.map(\.name)))
    }

    @Test("output and gradients are those of the definition in float64", arguments: MethodCase.all)
    func formula(testCase: MethodCase) throws {
        let model = try model(testCase)
        let set = try attach(testCase, to: model, trained: true)
        let check = FormulaCheck(model: model, set: set, section: try testCase.section)
        switch testCase.formula {
        case .layer(let formula): try check.layers(formula)
        case .sublayer(let formula): try check.sublayers(formula)
        case .model: break
        }
    }

    @Test("the whole model's loss has the gradient of its differences", arguments: MethodCase.all)
    func wholeModel(testCase: MethodCase) throws {
        let model = try model(testCase)
        let set = try attach(testCase, to: model, trained: true)
        // What a method holds constant in its gradient is no derivative of the loss.
        guard !testCase.holdsPartConstant, testCase.isSmooth else { return }
        let worst = GradientCheck.worst(
            set, floor: 0.02, step: testCase.differenceStep, gradients: { batch.run(model) }
        ) { batch.run(model).sum }
        // Differences of a float32 model; a missing term would be of the size of the gradient.
        #expect(worst.error < 1e-2, "\(worst)")
    }

    @Test(
        "a fresh adapter leaves the function as it is, and the documented tensors without a gradient",
        arguments: MethodCase.all)
    func start(testCase: MethodCase) throws {
        let model = try model(testCase)
        let before = logits(model)
        let set = try attach(testCase, to: model, trained: false)
        if testCase.startsExactly {
            #expect(logits(model) == before)
        } else {
            #expect(normwiseError(logits(model), before) < testCase.startTolerance)
        }
        batch.run(model)
        for (index, parameter) in set.parameters.enumerated() {
            let isZero = set.gradient(of: index).elements().allSatisfy { $0 == 0 }
            let expected = testCase.zeroGradientsAtStart.contains { parameter.name.hasSuffix($0) }
            #expect(isZero == expected, "\(parameter.name)")
        }
    }

    @Test(
        "without its adapters the model computes the bits from before them, and afterwards those with them",
        arguments: MethodCase.all)
    func withoutAdapters(testCase: MethodCase) throws {
        let model = try model(testCase)
        let before = logits(model)
        _ = try attach(testCase, to: model, trained: true)
        let adapted = logits(model)
        #expect(adapted != before)
        #expect(model.with(adapters: nil) { logits(model) } == before)
        #expect(logits(model) == adapted)
        #expect(throws: CancellationError.self) { try model.with(adapters: nil) { throw CancellationError() } }
        #expect(logits(model) == adapted)
    }

    @Test("the number of trained parameters is that of the documents", arguments: MethodCase.all)
    func count(testCase: MethodCase) throws {
        let model = try model(testCase)
        let set = try attach(testCase, to: model, trained: false)
        let adapted = model.adaptedLinears.map { (out: $0.outFeatures, in: $0.inFeatures) }
        #expect(set.count == testCase.parameterCount(adapted, model.configuration))
        #expect(Set(set.parameters.map(\.name)).count == set.parameters.count)
    }

    @Test("passes that keep the adapters' factors compute the same", arguments: MethodCase.all)
    func keptFactors(testCase: MethodCase) throws {
        let model = try model(testCase)
        _ = try attach(testCase, to: model, trained: true)
        let kept = KeptFactors()
        let anew = model.hiddenStates(batch.ids, layout: batch.layout).elements()
        for _ in 0..<2 {
            let found = model.hiddenStates(batch.ids, layout: batch.layout, keptFactors: kept).elements()
            #expect(normwiseError(found, anew) < 1e-5)
        }
    }

    @Test("the fold to plain LoRA computes the same", arguments: MethodCase.all)
    func fold(testCase: MethodCase) throws {
        let method = try AdapterMethod.named(testCase.method)
        let model = try model(testCase)
        _ = try attach(testCase, to: model, trained: true)
        let folder = try TinyFolder()
        guard method.hasLoRAForm else {
            #expect(throws: AdapterError.self) {
                try AdapterExport.lora(model: model, baseModel: "m", to: folder.path + "/lora")
            }
            return
        }
        try AdapterExport.lora(model: model, baseModel: "m", to: folder.path + "/lora")
        let loaded = try self.model(testCase)
        try loaded.loadAdapter(folder.path + "/lora")
        #expect(loaded.attached?.section.method == "lora")
        #expect(normwiseError(logits(loaded), logits(model)) < 1e-5)
    }

    @Test("the merged matrices compute the same", arguments: MethodCase.all)
    func merge(testCase: MethodCase) throws {
        let model = try model(testCase)
        _ = try attach(testCase, to: model, trained: true)
        guard try #require(model.attached).isMergeable else {
            let folder = try TinyFolder()
            #expect(throws: AdapterError.self) {
                _ = try MergedModel.write(model, source: "none", to: folder.path + "/merged")
            }
            return
        }
        let merged = try LanguageModel(
            configuration: model.configuration, weights: CopiedWeights(of: model), engine: engine)
        #expect(normwiseError(logits(merged), logits(model)) < 1e-5)
    }

    @Test(
        "files for other programs are read back to the same function and written again with the same bytes",
        arguments: MethodCase.all)
    func files(testCase: MethodCase) throws {
        let model = try model(testCase)
        _ = try attach(testCase, to: model, trained: true)
        let content = try AdapterFiles.content(of: model, baseModel: "m")
        let folder = try TinyFolder()
        try content.write(to: folder.path)
        let loaded = try self.model(testCase)
        try loaded.loadAdapter(folder.path)
        #expect(normwiseError(logits(loaded), logits(model)) < 1e-5)
        let again = try AdapterFiles.content(of: loaded, baseModel: "m")
        #expect(try again.writer.data() == content.writer.data())
        #expect(again.configuration.json == content.configuration.json)
    }

    @Test("a saved state gives the same bits to an adapter of another seed", arguments: MethodCase.all)
    func state(testCase: MethodCase) throws {
        let model = try model(testCase)
        _ = try attach(testCase, to: model, trained: true)
        let adapter = try #require(model.attached)
        for (_, values) in adapter.rule?.state ?? [] { values.copy(from: tinyNormal(values.count, seed: 8)) }
        var writer = SafetensorsWriter()
        adapter.append(to: &writer, prefix: "present.")
        let file = try SafetensorsFile(bytes: try writer.data(), path: "state")
        let other = try self.model(testCase)
        let made = try other.attachAdapters(try testCase.section, seed: 99)
        _ = ParameterSet(made.parameters, memory: engine.memory)
        try made.restore(from: file, prefix: "present.")
        #expect(logits(other) == logits(model))
        var again = SafetensorsWriter()
        made.append(to: &again, prefix: "present.")
        #expect(try again.data() == writer.data())
    }

    @Test("recomputing blocks gives the same bits", arguments: MethodCase.all)
    func recompute(testCase: MethodCase) throws {
        let model = try model(testCase)
        let set = try attach(testCase, to: model, trained: true)
        var gradients: [[Float]] = []
        for recompute in GradientPass.Recompute.allCases {
            set.gradients.fill(0)
            batch.run(model, recompute: recompute)
            gradients.append(set.gradients.elements())
        }
        #expect(gradients[0] == gradients[1])
    }

    @Test("a pass takes no new memory once two like it were run", arguments: MethodCase.all)
    func steadyMemory(testCase: MethodCase) throws {
        let model = try model(testCase)
        _ = try attach(testCase, to: model, trained: true)
        for _ in 0..<2 { batch.run(model) }
        let buffers = engine.memory.systemAllocationCount
        for _ in 0..<2 { batch.run(model) }
        #expect(engine.memory.systemAllocationCount == buffers)
    }

    @Test("taking the adapter away gives back the model", arguments: MethodCase.all)
    func removal(testCase: MethodCase) throws {
        let model = try model(testCase)
        let before = logits(model)
        _ = try attach(testCase, to: model, trained: true)
        #expect(logits(model) != before)
        model.install(nil)
        #expect(logits(model) == before)
    }

    @Test("a model that nobody holds any more is gone, and its matrices with it", arguments: MethodCase.all)
    func release(testCase: MethodCase) throws {
        weak var model: LanguageModel?
        weak var linear: Linear?
        func use() throws {
            let made = try self.model(testCase)
            (model, linear) = (made, made.linears.first)
            _ = try attach(testCase, to: made, trained: true)
            batch.run(made)
        }
        try use()
        #expect(model == nil)
        #expect(linear == nil)
    }

    @Test("the model's shape alone gives what is trained and what is kept beside it", arguments: MethodCase.all)
    func shapeOnly(testCase: MethodCase) throws {
        let model = try model(testCase)
        let set = try attach(testCase, to: model, trained: false)
        let inventory = try ModelInventory(
            configuration: model.configuration, storage: .encoding(.float32), adapter: try testCase.section)
        #expect(inventory.trainableElements == set.count)
        let adapter = try #require(model.attached)
        let saved = adapter.extraState.reduce(0) { $0 + $1.values.count }
        // DoRA remembers norms, and which A and B they belong to, without saving them.
        let remembered = testCase.method == "dora" ? set.count : 0
        #expect(inventory.adapterKeptElements == saved + remembered)
    }
}
