import CatenaLearning
import CatenaEngine
import CatenaModels
import Testing

@Suite("Tensor memory")
struct TensorMemoryTests {
    @Test("a released buffer serves the next tensor of about its size")
    func reuse() {
        let memory = TensorMemory()
        let pointer = memory.tensor(rows: 10, columns: 1000).pointer
        #expect(memory.systemAllocationCount == 1)
        let again = memory.tensor(rows: 1, columns: 9_900)
        #expect(again.pointer == pointer)
        let other = memory.tensor(rows: 10, columns: 1000)
        #expect(other.pointer != pointer)
        #expect(memory.systemAllocationCount == 2)
    }

    @Test("a view keeps its memory")
    func views() {
        let memory = TensorMemory()
        var whole: Tensor? = memory.tensor((0..<6000).map(Float.init), rows: 6, columns: 1000)
        let view = whole?.rows(2..<4)
        whole = nil
        let other = memory.tensor(rows: 6, columns: 1000)
        other.fill(-1)
        #expect(view?.elements() == (2000..<4000).map(Float.init))
    }

    @Test("a class wastes at most an eighth and holds every count")
    func sizes() {
        for count in [1, 255, 256, 257, 300, 4095, 4097, 65_535, 65_537, 1_000_003] {
            let memory = TensorMemory()
            let tensor = memory.tensor(rows: 1, columns: count)
            #expect(tensor.storage.capacity >= count)
            #expect(count <= 1024 || tensor.storage.capacity <= count + count / 8 + 1)
            #expect(memory.reservedBytes == 4 * tensor.storage.capacity)
        }
    }

    @Test("trim gives waiting buffers back and leaves used ones")
    func trim() {
        let memory = TensorMemory()
        let used = memory.tensor([1, 2, 3], rows: 1, columns: 3)
        _ = memory.tensor(rows: 100, columns: 100)
        memory.trim()
        #expect(memory.reservedBytes == 4 * used.storage.capacity)
        #expect(used.elements() == [1, 2, 3])
    }

    @Test("training steps stop asking the system for memory", arguments: GradientPass.Recompute.allCases)
    func steadyState(recompute: GradientPass.Recompute) throws {
        let model = try TinyModel.make(engine: Engine(threads: 2), TinyModel.everyOption)
        let set = try TinyModel.attach(TinyModel.lora(dropout: 0.1), to: model)
        let optimizer = AdamW(
            set, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0, engine: model.engine)
        let batch = TinyBatch(lengths: [60, 100, 33], vocabulary: 13)
        func step() {
            set.gradients.fill(0)
            batch.run(model, recompute: recompute)
            optimizer.step(learningRate: 1e-3, gradientScale: 1)
        }
        for _ in 0..<2 { step() }
        let count = model.engine.memory.systemAllocationCount
        for _ in 0..<5 { step() }
        #expect(model.engine.memory.systemAllocationCount == count)
    }

    @Test("so do steps of varying length once the lengths have been seen", arguments: GradientPass.Recompute.allCases)
    func varyingLengths(recompute: GradientPass.Recompute) throws {
        let model = try TinyModel.make(engine: Engine(threads: 1))
        _ = try TinyModel.attach(TinyModel.lora(), to: model)
        let lengths = [40, 90, 71, 128, 15]
        func round() {
            for length in lengths {
                TinyBatch(lengths: [length, length / 2], vocabulary: 13).run(model, recompute: recompute)
            }
        }
        round()
        let count = model.engine.memory.systemAllocationCount
        for _ in 0..<3 { round() }
        #expect(model.engine.memory.systemAllocationCount == count)
    }

    @Test("micro-batches of many lengths hold hardly more memory than the longest one alone")
    func varyingLengthsMemory() throws {
        func reserved(_ lengths: [Int]) throws -> Int {
            let model = try TinyModel.make(engine: Engine(threads: 1))
            _ = try TinyModel.attach(TinyModel.lora(), to: model)
            for length in lengths { TinyBatch(lengths: [length], vocabulary: 13).run(model, recompute: .none) }
            return model.engine.memory.reservedBytes
        }
        let longest = try reserved([600])
        // The rotary table, which grows by doubling, may differ.
        let varying = try reserved([330, 600, 500, 410, 390, 599, 460, 305, 550])
        #expect(Double(varying) <= 1.05 * Double(longest))
    }

    @Test("evaluation and generation give their memory back")
    func inference() throws {
        let model = try TinyModel.make(engine: Engine(threads: 1))
        let batch = TinyBatch(lengths: [50], vocabulary: 13)
        func round() throws {
            let hidden = model.hiddenStates(batch.ids, layout: batch.layout)
            _ = model.head.loss(hidden, of: batch.input(), NextToken(), wantsGradient: false, engine: model.engine)
            _ = try Generator(model: model, stopIds: []).generate([[1, 2, 3], [4]], maximumTokens: 8) { _ in
                Sampler(temperature: 0, topP: 1, seed: 0)
            }
        }
        try round()
        let count = model.engine.memory.systemAllocationCount
        for _ in 0..<3 { try round() }
        #expect(model.engine.memory.systemAllocationCount == count)
    }
}
