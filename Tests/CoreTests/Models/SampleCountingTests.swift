import CatenaAdapters
import CatenaEngine
import CatenaLearning
import CatenaModels
import Foundation
import Testing

@Suite("Samples that count differently")
struct SampleCountingTests {
    private let engine = Engine(threads: 1)
    private static let key = RandomKey(seed: 9, step: 1, microBatch: 0)

    /// An objective with a model and a micro-batch of it.
    enum Kind: String, CaseIterable, CustomTestStringConvertible {
        case nextToken, pairs, classes
        var testDescription: String { rawValue }
    }

    private struct Case {
        let model: LanguageModel
        let objective: any Objective
        let set: ParameterSet
        var batch: Batch
    }

    private func make(_ kind: Kind, dropout: Double = 0) throws -> Case {
        var section = TinyModel.lora(dropout: dropout, targets: .names(["q_proj", "down_proj"]))
        var batch: Batch
        let model: LanguageModel
        let objective: any Objective
        switch kind {
        case .nextToken:
            model = try TinyModel.make(engine: engine)
            (objective, batch) = (NextToken(), TinyBatch(lengths: [5, 6, 4], vocabulary: 13).input())
        case .pairs:
            model = try TinyModel.make(engine: engine)
            (objective, batch) = (DirectPreference(beta: 0.3), PreferenceBatch.tiny(pairs: 3))
        case .classes:
            let path = ParityCase.root + "/Tests/Fixtures/parity/bert/expected.safetensors"
            model = try LanguageModel.load(
                ParityCase.root + "/Tests/Fixtures/parity/bert/model",
                for: ModelPurpose(task: try SequenceProbeInput.task(of: path)), engine: engine)
            let input = try SequenceProbeInput(path: path, model: model)
            (objective, batch) = (input.objective, input.batch)
            section.targets = .names(["query"])
        }
        batch.randomKey = Self.key
        return Case(
            model: model, objective: objective, set: try TinyModel.attach(section, to: model), batch: batch)
    }

    private func scales(_ count: Int) -> [Double] { (0..<count).map { 0.25 + Double(($0 * 5) % 7) / 3 } }

    private func gradient(
        _ one: Case, _ counting: SampleCounting, _ batch: Batch, recompute: GradientPass.Recompute = .none
    ) throws -> (loss: Loss, bits: [Float]) {
        one.set.gradients.fill(0)
        let pass = GradientPass(model: one.model, objective: one.objective, recompute: recompute)
        let loss = try pass.run([batch], counting: counting, select: { _ in })[0]
        return (loss, one.set.gradients.elements())
    }

    private func scaled(_ weighings: [Weighing]) -> [Weighing] {
        weighings.map { $0.scaled(by: scales($0.samples.count)) }
    }

    @Test(
        "adapters have the gradient of the loss with constant weights of its samples", arguments: Kind.allCases,
        [0, 0.3])
    func differences(_ kind: Kind, dropout: Double) throws {
        let one = try make(kind, dropout: dropout)
        let pass = GradientPass(model: one.model, objective: one.objective)
        func sum() throws -> Double {
            let samples = try pass.weighings([one.batch])[0].samples
            return zip(samples, scales(samples.count)).reduce(0) { $0 + $1.0.sum * $1.1 }
        }
        let worst = GradientCheck.worst(one.set, floor: 0.05) {
            _ = try? gradient(one, .measured(scaled), one.batch)
        } _: {
            (try? sum()) ?? .nan
        }
        #expect(worst.error < 2e-2, "\(worst)")
        let loss = try gradient(one, .measured(scaled), one.batch).loss
        #expect(abs(loss.sum - (try sum())) < 1e-9 * abs(loss.sum))
    }

    @Test("weights of 1 leave the bits of the plain loss", arguments: Kind.allCases)
    func ones(_ kind: Kind) throws {
        let one = try make(kind, dropout: 0.3)
        let plain = try gradient(one, .equally, one.batch)
        let weighed = try gradient(one, .measured { $0 }, one.batch)
        #expect(plain.bits == weighed.bits && plain.bits.contains { $0 != 0 })
        #expect(abs(plain.loss.sum - weighed.loss.sum) <= 1e-12 * abs(plain.loss.sum))
        #expect(plain.loss.weight == weighed.loss.weight && plain.loss.metrics == weighed.loss.metrics)
    }

    @Test(
        "what an earlier pass found is what the gradient's own finds, with the same dropout, and leaves the same bits",
        arguments: Kind.allCases, GradientPass.Recompute.allCases)
    func carried(_ kind: Kind, _ recompute: GradientPass.Recompute) throws {
        let one = try make(kind, dropout: 0.3)
        var own: [Weighing] = []
        let keepOwn = { (weighings: [Weighing]) in
            own = weighings
            return scaled(weighings)
        }
        let measured = try gradient(one, .measured(keepOwn), one.batch, recompute: recompute)
        let earlier = try GradientPass(model: one.model, objective: one.objective).weighings([one.batch])
        #expect(earlier == own && !own[0].samples.isEmpty)
        var batch = one.batch
        batch.weighing = scaled(earlier)[0]
        let carried = try gradient(one, .carried, batch, recompute: recompute)
        #expect(carried.bits == measured.bits && carried.loss.sum == measured.loss.sum)
        #expect(carried.loss.weight == measured.loss.weight && carried.loss.metrics == measured.loss.metrics)
    }

    @Test(
        "several tiles of scores and micro-batches together leave the bits of one by one, with a trained table too",
        arguments: [true, false])
    func together(whole: Bool) throws {
        let model = try TinyModel.make(engine: engine) { $0.headSoftCap = 3 }
        let set =
            whole
            ? ParameterSet(model.makeAllTrainable(), memory: engine.memory)
            : try TinyModel.attach(TinyModel.lora(dropout: 0.2), to: model)
        var batches = [[700, 5], [4, 6, 7]].enumerated().map {
            TinyBatch(lengths: $1, vocabulary: 13, seed: 3 + UInt64($0)).input()
        }
        for index in batches.indices { batches[index].randomKey = RandomKey(seed: 4, step: 0, microBatch: index) }
        #expect(batches[0].supervisedCount > LanguageModelHead.tileRows(vocabulary: 13))
        let pass = GradientPass(model: model, objective: NextToken())
        let buffers = batches.map { _ in engine.memory.zeros(rows: 1, columns: set.count) }
        var asked = 0
        let count = { (weighings: [Weighing]) in
            asked += 1
            return scaled(weighings)
        }
        _ = try pass.run(batches, counting: .measured(count)) { set.accumulateGradients(in: buffers[$0]) }
        #expect(asked == 1)
        for (index, batch) in batches.enumerated() {
            let alone = engine.memory.zeros(rows: 1, columns: set.count)
            set.accumulateGradients(in: alone)
            _ = try pass.run([batch], counting: .measured(scaled), select: { _ in })
            #expect(alone.elements() == buffers[index].elements())
        }
    }

    @Test("a sample is an example inside a row of several; one without supervised tokens has nothing to count")
    func segments() throws {
        let one = try make(.nextToken)
        var batch = one.batch
        let starts = batch.layout.segmentStarts
        for row in starts[1]..<starts[2] { batch.targets[row] = -100 }
        let samples = try GradientPass(model: one.model, objective: one.objective).weighings([batch])[0].samples
        #expect(samples.count == 3 && samples[1] == SampleLoss(sum: 0, weight: 0) && samples[1].mean == nil)
        for (segment, sample) in samples.enumerated() where segment != 1 {
            let rows = starts[segment]..<starts[segment + 1]
            let alone = Batch(
                inputIds: Array(batch.inputIds[rows]), targets: Array(batch.targets[rows]),
                layout: SequenceLayout(segmentStarts: [0, rows.count], positions: (0..<Int32(rows.count)).map { $0 }))
            let loss = try one.model.losses([alone], objective: NextToken())[0]
            #expect(sample.weight == loss.weight && abs(sample.sum - loss.sum) < 1e-5 * loss.sum)
        }
        // Whatever it is said to count, it moves nothing.
        func bits(_ scale: Double) throws -> [Float] {
            try gradient(one, .measured { $0.map { $0.scaled(by: [1, scale, 2]) } }, batch).bits
        }
        #expect(try bits(0) == bits(7))
    }

    @Test("pairs are samples of weight 1; a micro-batch without anything supervised has none")
    func pairs() throws {
        let one = try make(.pairs)
        let pass = GradientPass(model: one.model, objective: one.objective)
        let weighing = try pass.weighings([one.batch])[0]
        #expect(weighing.samples.count == 3 && weighing.factors.count == 6)
        #expect(weighing.samples.allSatisfy { $0.weight == 1 })
        let language = try make(.nextToken)
        var batch = language.batch
        batch.targets = batch.targets.map { _ in -100 }
        let nothing = try gradient(language, .measured { $0.map { $0.scaled(by: []) } }, batch)
        #expect(nothing.loss.weight == 0 && nothing.bits.allSatisfy { $0 == 0 })
    }

    @Test("after the first steps a weighed pass asks the system for no memory")
    func memory() throws {
        let one = try make(.nextToken)
        let pass = GradientPass(model: one.model, objective: one.objective)
        func step() throws {
            _ = try pass.weighings([one.batch])
            _ = try pass.run([one.batch], counting: .measured(scaled), select: { _ in })
        }
        for _ in 0..<2 { try step() }
        let count = engine.memory.systemAllocationCount
        for _ in 0..<3 { try step() }
        #expect(engine.memory.systemAllocationCount == count)
    }
}
