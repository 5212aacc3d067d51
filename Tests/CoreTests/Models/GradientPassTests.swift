import CatenaAdapters
import CatenaEngine
import CatenaLearning
import CatenaModels
import Testing

/// Gradients of whole models; the forward pass of a model rounds some hundred times in a row, so the
/// differences are good to 10⁻³ and the tolerance is five times that.
@Suite("Gradient pass")
struct GradientPassTests {
    private static let tolerance = 5e-3

    @Test("every weight of a model has the gradient of the loss", arguments: [true, false], [true, false])
    func allTrainable(tied: Bool, everyOption: Bool) throws {
        let model = try TinyModel.make(engine: Engine(threads: 1)) {
            $0.tiesEmbeddings = tied
            if everyOption { TinyModel.everyOption(&$0) }
        }
        let set = ParameterSet(model.makeAllTrainable(), memory: model.engine.memory)
        var batch = TinyBatch(lengths: [5, 1, 6], vocabulary: 13)
        batch.weights = batch.ids.indices.map { 0.5 + Float($0 % 3) }
        let worst = GradientCheck.worst(set, gradients: { batch.run(model) }) { batch.run(model).sum }
        #expect(worst.error < Self.tolerance, "\(worst)")
        #expect(set.parameters.contains { $0.name == "lm_head.weight" } != tied)
        #expect(set.parameters.contains { $0.name.hasSuffix("q_proj.bias") } == everyOption)
    }

    @Test("LoRA's A and B have the gradient of the loss, with dropout too", arguments: [0, 0.3])
    func lora(dropout: Double) throws {
        let model = try TinyModel.make(engine: Engine(threads: 1))
        let set = try TinyModel.attach(TinyModel.lora(dropout: dropout), to: model)
        let batch = TinyBatch(lengths: [4, 6], vocabulary: 13)
        let key = RandomKey(seed: 9, step: 1, microBatch: 0)
        let worst = GradientCheck.worst(set, gradients: { batch.run(model, randomKey: key) }) {
            batch.run(model, randomKey: key).sum
        }
        #expect(worst.error < Self.tolerance, "\(worst)")
    }

    @Test("a layer passes the gradient on to its input, with and without adapters", arguments: [true, false])
    func layerInput(adapted: Bool) throws {
        let model = try TinyModel.make(engine: Engine(threads: 1), TinyModel.everyOption)
        if adapted { _ = try TinyModel.attach(TinyModel.lora(), to: model) }
        let layout = TinyBatch(lengths: [3, 5], vocabulary: 13).layout
        let worst = GradientCheck.worst([GradientLeaf("hidden", 8, 8)], engine: model.engine) { tape, leaves in
            model.layers[1].forward(leaves[0], layout: layout, on: tape)
        }
        #expect(worst.error < Self.tolerance, "\(worst)")
    }

    @Test(
        "adapters on one layer only get the same gradient as among all", arguments: [0, 1, 3],
        GradientPass.Recompute.allCases)
    func fewTargets(layer: Int, recompute: GradientPass.Recompute) throws {
        let engine = Engine(threads: 1)
        let batch = TinyBatch(lengths: [6], vocabulary: 13)
        let name = "layers.\(layer).self_attn.v_proj"
        var gradients: [[Float]] = []
        for targets in [AdapterSection.Targets.allLinear, .names([name])] {
            let model = try TinyModel.make(engine: engine) { $0.layerCount = 4 }
            let set = ParameterSet(
                try model.attachAdapters(TinyModel.lora(targets: targets), seed: 3).parameters, memory: engine.memory)
            batch.run(model, recompute: recompute)
            let index = try #require(set.parameters.firstIndex { $0.name.hasSuffix(name + ".lora_B.weight") })
            gradients.append(set.gradient(of: index).elements())
        }
        #expect(gradients[0] == gradients[1])
        #expect(gradients[0].contains { $0 != 0 })
    }

    /// Products of the feed-forward parts' inputs in a pass, in those of one layer in one direction.
    private func feedForwardProducts(
        _ method: String, recompute: GradientPass.Recompute = .none,
        targets: AdapterSection.Targets? = nil
    ) throws -> (products: Double, visits: [BlockID]) {
        let engine = Engine(threads: 1)
        let model = try TinyModel.make(engine: engine) {
            TinyModel.everyOption(&$0)
            $0.layerCount = 4
        }
        let section = try MethodTest.section(method, targets: targets)
        _ = ParameterSet(try model.attachAdapters(section, seed: 3).parameters, memory: engine.memory)
        let profile = StepProfile()
        engine.profile = profile
        let batch = TinyBatch(lengths: [6], vocabulary: 13)
        batch.run(model, recompute: recompute)
        // gate and up, [12, 8] each.
        let one = 2 * Double(batch.ids.count) * 2 * 8 * 12
        return (profile.entry(.feedForwardIn).operations / one, GradientPass(model: model).visits)
    }

    @Test("below the lowest adapted layer nothing is computed or visited backward", arguments: [0, 1, 2, 3])
    func lowestLayer(layer: Int) throws {
        let all: [BlockID] = [.embedding] + (0..<4).map { .layer($0) } + [.head]
        // v_proj: its own layer goes back through its feed-forward part.
        let found = try feedForwardProducts("lora", targets: .names(["layers.\(layer).self_attn.v_proj"]))
        #expect(found.products == Double(4 + 4 - layer))
        #expect(found.visits == all + (layer..<4).reversed().map { .layer($0) })
        let again = try feedForwardProducts(
            "lora", recompute: .blocks, targets: .names(["layers.\(layer).self_attn.v_proj"]))
        #expect(again.products == Double(4 + 2 * (4 - layer)))
    }

    @Test(
        "every place of something trained counts as one", arguments: ["ln-tuning", "bitfit", "houlsby", "ia3", "full"])
    func otherPlaces(method: String) throws {
        #expect(try feedForwardProducts(method).visits.count == 10)
    }

    @Test("concatenated sequences have the loss and gradients of the sequences one at a time", arguments: [nil, 3])
    func packing(window: Int?) throws {
        let model = try TinyModel.make(engine: Engine(threads: 2)) { $0.slidingWindow = window }
        let set = try TinyModel.attach(TinyModel.lora(), to: model)
        let batch = TinyBatch(lengths: [9, 1, 4, 17, 2], vocabulary: 13)
        let packed = batch.run(model)
        let packedGradients = set.gradients.elements()
        set.gradients.fill(0)
        var (sum, weight) = (0.0, 0.0)
        for index in 0..<5 {
            let loss = batch.segment(index).run(model)
            (sum, weight) = (sum + loss.sum, weight + loss.weight)
        }
        #expect(packed.weight == weight)
        #expect(abs(packed.sum - sum) / sum < 1e-5)
        #expect(normwiseError(packedGradients, set.gradients.elements()) < 1e-5)
    }

    @Test("recomputing blocks gives the same bits", arguments: [0, 0.25], [false, true])
    func recompute(dropout: Double, full: Bool) throws {
        let model = try TinyModel.make(engine: Engine(threads: 2), TinyModel.everyOption)
        let set: ParameterSet
        if full {
            set = ParameterSet(model.makeAllTrainable(), memory: model.engine.memory)
        } else {
            set = try TinyModel.attach(TinyModel.lora(dropout: dropout), to: model)
        }
        let batch = TinyBatch(lengths: [7, 12], vocabulary: 13)
        let key = RandomKey(seed: 1, step: 7, microBatch: 3)
        var results: [(sum: Double, gradients: [Float])] = []
        for recompute in GradientPass.Recompute.allCases {
            set.gradients.fill(0)
            let loss = batch.run(model, recompute: recompute, randomKey: key)
            results.append((loss.sum, set.gradients.elements()))
        }
        #expect(results[0].sum == results[1].sum)
        #expect(results[0].gradients == results[1].gradients)
        #expect(results[0].gradients.contains { $0 != 0 })
    }

    @Test("dropout changes with the step and the micro-batch and repeats for the same key")
    func dropoutKeys() throws {
        let model = try TinyModel.make(engine: Engine(threads: 1))
        _ = try TinyModel.attach(TinyModel.lora(dropout: 0.5), to: model)
        let batch = TinyBatch(lengths: [8], vocabulary: 13)
        func loss(_ step: Int, _ microBatch: Int) -> Double {
            batch.run(model, randomKey: RandomKey(seed: 1, step: step, microBatch: microBatch)).sum
        }
        #expect(loss(1, 0) == loss(1, 0))
        #expect(loss(1, 0) != loss(2, 0))
        #expect(loss(1, 0) != loss(1, 1))
    }

    @Test("one and two threads give the same bits")
    func threads() throws {
        var results: [(sum: Double, gradients: [Float])] = []
        for threads in [1, 2] {
            let model = try TinyModel.make(engine: Engine(threads: threads)) {
                ($0.hiddenSize, $0.intermediateSize, $0.headDimension) = (96, 160, 24)
            }
            let set = try TinyModel.attach(TinyModel.lora(rank: 8, dropout: 0.1), to: model)
            let loss = TinyBatch(lengths: [40, 70, 33], vocabulary: 13).run(model)
            results.append((loss.sum, set.gradients.elements()))
        }
        #expect(results[0].sum == results[1].sum)
        #expect(results[0].gradients == results[1].gradients)
    }

    @Test("gradients of several passes add up")
    func accumulation() throws {
        let model = try TinyModel.make(engine: Engine(threads: 1))
        let set = try TinyModel.attach(TinyModel.lora(), to: model)
        let batch = TinyBatch(lengths: [6], vocabulary: 13)
        batch.run(model)
        let once = set.gradients.elements()
        batch.run(model)
        #expect(normwiseError(set.gradients.elements(), once.map { 2 * $0 }) < 1e-6)
    }
}
