import CatenaAdapters
import CatenaLearning
import CatenaEngine
import CatenaModels
import Testing

/// What has no case of its own among the methods: further sets, links, whole models.
@Suite("Adapter sets")
struct AdapterSetsTests {
    private let engine = Engine(threads: 1)
    private let batch = TinyBatch(lengths: [5, 6], vocabulary: 13)

    private func logits(_ model: LanguageModel) -> [Float] {
        model.head.logits(model.hiddenStates(batch.ids, layout: batch.layout), engine: engine).elements()
    }

    @Test("a further set is used under its name, is not trained, and leaves the first one as it was")
    func named() throws {
        let model = try TinyModel.make(engine: engine)
        let plain = logits(model)
        let set = try TinyModel.attach(TinyModel.lora(), to: model)
        let own = logits(model)
        let teacher = try model.makeAdapters(try AdapterMethod.named("dora").defaultSection, seed: 9)
        #expect(logits(model) == own)
        teacher.freeze(memory: engine.memory)
        _ = try model.with(adapters: teacher) { try model.initialiseFromWeights() }
        for parameter in teacher.parameters where parameter.name.contains("lora_B") { parameter.value.fill(0.1) }
        model.adapterSets["teacher"] = teacher
        let taught = try model.with(adapterSet: "teacher") { logits(model) }
        #expect(taught != own && taught != plain)
        #expect(logits(model) == own)
        batch.run(model)
        #expect(set.gradients.elements().contains { $0 != 0 })
        #expect(teacher.parameters.allSatisfy { !$0.variable.requiresGradient && $0.variable.gradient == nil })
        #expect(try model.with(adapterSet: "teacher") { logits(model) } == taught)
        #expect(model.with(adapters: nil) { model.with(adapters: teacher) { logits(model) } } == taught)
        #expect(throws: ModelError.unknownAdapterSet("pupil", known: ["teacher"])) {
            try model.with(adapterSet: "pupil") {}
        }
        #expect(logits(model) == own)
    }

    @Test("a model that is trained whole has its own numbers aside")
    func whole() throws {
        let model = try TinyModel.make(engine: engine, TinyModel.everyOption)
        let before = logits(model)
        TinyModel.addNoise(
            to: ParameterSet(model.makeAllTrainable(), memory: engine.memory), standardDeviation: 0.1)
        let trained = logits(model)
        #expect(model.with(adapters: nil) { logits(model) } == before)
        #expect(logits(model) == trained && trained != before)
        // One within another leaves the outer one as it was.
        model.with(adapters: nil) {
            model.with(adapters: nil) {}
            #expect(logits(model) == before)
        }
        #expect(logits(model) == trained)
    }

    @Test("the links of a chain beside the matrices stand aside, those in them belong to the base")
    func links() throws {
        for form in ChainLedger.Form.allCases {
            let model = try TinyModel.make(engine: engine)
            let before = logits(model)
            _ = try TinyModel.attach(TinyModel.lora(), to: model)
            let ledger = ChainLedger(model: model, form: form)
            ledger.append(try ChainLink(folding: model))
            _ = try TinyModel.attach(TinyModel.lora(rank: 1), to: model)
            let chained = logits(model)
            #expect((model.with(adapters: nil) { logits(model) } == before) == (form == .ledger))
            #expect(logits(model) == chained)
        }
    }

    @Test("what stands in the place of adapters for a while comes back too")
    func probes() throws {
        let model = try TinyModel.make(engine: engine)
        _ = try TinyModel.attach(TinyModel.lora(), to: model)
        var batches = [PreferenceBatch.tiny()]
        batches.append(batches[0])
        func gradients(_ objective: any Objective) throws -> [[Float]] {
            var found: [[Float]] = []
            try WeightGradientPass(model: model, objective: objective, linears: model.linears).run(batches) {
                block, _, _ in
                found.append(block.gradients.elements())
            } finished: { _ in
            }
            return found
        }
        let found = try gradients(DirectPreference())
        #expect(found.count == 4 && found.allSatisfy { $0.contains { $0 != 0 } })
        #expect(found[0] == found[1])
    }
}
