import CatenaAdapters
import CatenaLearning
import CatenaEngine
import CatenaFiles
import CatenaModels
import Foundation
import Testing

/// Micro-batches of pairs.
enum PreferenceBatch {
    /// `pairs` pairs of short answers after prompts of three tokens.
    static func tiny(pairs: Int = 2, answer: Int = 4, vocabulary: Int = 13, seed: UInt64 = 4) -> Batch {
        var generator = SeededGenerator(seed: seed, purpose: "tiny-pairs")
        func tokens(_ count: Int) -> [Int32] { (0..<count).map { _ in Int32(generator.next(below: vocabulary)) } }
        var batch = Batch()
        for pair in 0..<pairs {
            let prompt = tokens(3)
            for side in 0..<2 {
                let answer = tokens(answer + (side + pair) % 2)
                batch.append(
                    EncodedExample(inputIds: prompt + answer, labels: prompt.map { _ in -100 } + answer),
                    exampleIndex: pair)
            }
        }
        return batch
    }
}

@Suite("Direct preference optimisation")
struct DirectPreferenceTests {
    private let engine = Engine(threads: 1)

    private func logProbabilities(_ model: LanguageModel, _ batch: Batch) -> [Double] {
        let logits = model.head.logits(model.hiddenStates(batch.inputIds, layout: batch.layout), engine: engine)
        let starts = batch.layout.segmentStarts
        return zip(starts, starts.dropFirst()).map { start, end in
            (start..<end).filter { batch.targets[$0] >= 0 }.reduce(0) { sum, row in
                let z = logits.rows(row..<row + 1).elements().map(Double.init)
                return sum + z[Int(batch.targets[row])] - log(z.reduce(0) { $0 + exp($1) })
            }
        }
    }

    @Test("loss, weight and rewards are those of the definition", arguments: [0, 0.2])
    func definition(smoothing: Double) throws {
        let model = try TinyModel.make(engine: engine)
        let batch = PreferenceBatch.tiny(pairs: 3)
        let r = logProbabilities(model, batch)
        _ = try TinyModel.attach(TinyModel.lora(), to: model)
        let p = logProbabilities(model, batch)
        let beta = 0.3
        var (sum, metrics) = (0.0, [0.0, 0, 0, 0])
        for pair in 0..<3 {
            let (c, j) = (2 * pair, 2 * pair + 1)
            let x = beta * ((p[c] - p[j]) - (r[c] - r[j]))
            sum -= (1 - smoothing) * log(1 / (1 + exp(-x))) + smoothing * log(1 / (1 + exp(x)))
            let found = [x > 0 ? 1 : 0, x, beta * (p[c] - r[c]), beta * (p[j] - r[j])]
            metrics = zip(metrics, found).map(+)
        }
        let objective = DirectPreference(beta: beta, labelSmoothing: smoothing)
        let loss = try model.losses([batch], objective: objective)[0]
        #expect(abs(loss.sum - sum) < 1e-5 && loss.weight == 3)
        #expect(loss.supervisedCount == batch.supervisedCount)
        #expect(loss.metrics.count == objective.metrics.count)
        for (found, expected) in zip(loss.metrics, metrics) { #expect(abs(found - expected) < 1e-5) }
        for (found, expected) in zip(loss.measures, p) { #expect(abs(found + expected) < 1e-5) }
        let trained = GradientPass(model: model, objective: objective).run(batch)
        #expect(trained.sum == loss.sum && trained.metrics == loss.metrics)
    }

    @Test("a pair's loss keeps its digits and its sign however far the answers are apart")
    func stable() {
        let objective = DirectPreference(beta: 0.1)
        #expect(objective.pair(margin: 0).loss == log(2.0))
        #expect(objective.pair(margin: 0).slope == -0.05)
        for margin in [1e3, 1e8, .greatestFiniteMagnitude] {
            #expect(objective.pair(margin: -margin) == (margin, -0.1))
            #expect(objective.pair(margin: margin).loss >= 0 && abs(objective.pair(margin: margin).slope) < 1e-300)
        }
        // log(1 + e^-40) = e^-40, which 1 + e^-40 has lost.
        #expect(abs(objective.pair(margin: 40).loss / exp(-40) - 1) < 1e-12)
        let smoothed = DirectPreference(beta: 0.1, labelSmoothing: 0.25)
        #expect(abs(smoothed.pair(margin: 1e6).loss - 0.25e6) < 1e-6)
        for margin in [-3, 0, 0.7, 12] {
            let h = 1e-5
            let difference = (smoothed.pair(margin: margin + h).loss - smoothed.pair(margin: margin - h).loss) / (2 * h)
            #expect(abs(smoothed.pair(margin: margin).slope - 0.1 * difference) < 1e-9)
        }
    }

    @Test("adapters have the gradient of the loss, with dropout too", arguments: [0, 0.3])
    func gradient(dropout: Double) throws {
        let model = try TinyModel.make(engine: engine)
        let set = try TinyModel.attach(
            TinyModel.lora(dropout: dropout, targets: .names(["q_proj", "down_proj"])), to: model)
        var batch = PreferenceBatch.tiny()
        batch.randomKey = RandomKey(seed: 9, step: 1, microBatch: 0)
        let pass = GradientPass(model: model, objective: DirectPreference(labelSmoothing: 0.1))
        let worst = GradientCheck.worst(set, floor: 0.02, gradients: { _ = pass.run(batch) }) { pass.run(batch).sum }
        // A difference of log-probabilities has the rounding of both and less of a slope than either.
        #expect(worst.error < 1e-2, "\(worst)")
    }

    @Test("several tiles of scores, recomputed blocks and micro-batches together give the bits of one by one")
    func bits() throws {
        let model = try TinyModel.make(engine: engine)
        let set = try TinyModel.attach(TinyModel.lora(), to: model)
        let batches = [PreferenceBatch.tiny(pairs: 1, answer: 300), PreferenceBatch.tiny(pairs: 1, seed: 6)]
        #expect(batches[0].supervisedCount > LanguageModelHead.tileRows(vocabulary: 13))
        func gradients(_ recompute: GradientPass.Recompute, together: Bool) throws -> [[Float]] {
            let pass = GradientPass(model: model, objective: DirectPreference(), recompute: recompute)
            var buffers: [Tensor] = []
            for _ in batches { buffers.append(engine.memory.zeros(rows: 1, columns: set.count)) }
            if together {
                _ = try pass.run(batches) { set.accumulateGradients(in: buffers[$0]) }
            } else {
                for (index, batch) in batches.enumerated() {
                    set.accumulateGradients(in: buffers[index])
                    _ = pass.run(batch)
                }
            }
            return buffers.map { $0.elements() }
        }
        let expected = try gradients(.none, together: false)
        #expect(expected.allSatisfy { $0.contains { $0 != 0 } })
        for recompute in GradientPass.Recompute.allCases {
            #expect(try gradients(recompute, together: true) == expected)
        }
    }

    @Test(
        "the gradient is that of the next token with the answers' weights, over several tiles, with capped scores and a trained table",
        arguments: [false, true])
    func tiles(whole: Bool) throws {
        let model = try TinyModel.make(engine: engine) { $0.headSoftCap = whole ? 3 : nil }
        let set =
            whole
            ? ParameterSet(model.makeAllTrainable(), memory: engine.memory)
            : try TinyModel.attach(TinyModel.lora(), to: model)
        TinyModel.addNoise(to: set, standardDeviation: 0.05, seed: 8)
        var batch = PreferenceBatch.tiny(pairs: 1, answer: 300)
        let loss = GradientPass(model: model, objective: DirectPreference()).run(batch)
        let found = set.parameters.indices.map { set.gradient(of: $0).elements() }
        let reference = try model.with(adapters: nil) { try model.losses([batch], objective: DirectPreference())[0] }
        let factors = DirectPreference().weigh(loss.measures, reference: reference.measures).factors
        let start = batch.layout.segmentStarts[1]
        batch.weights = batch.targets.indices.map { factors[$0 < start ? 0 : 1] }
        set.gradients.fill(0)
        _ = GradientPass(model: model).run(batch)
        for (index, parameter) in set.parameters.enumerated() {
            let expected = set.gradient(of: index).elements()
            #expect(expected.contains { $0 != 0 })
            if parameter.name == "lm_head.weight" {
                // The tiles of a trained table are added in another order.
                #expect(normwiseError(found[index], expected) < 1e-5)
            } else {
                #expect(found[index] == expected, "\(parameter.name)")
            }
        }
    }

    @Test("after the first steps a pass asks the system for no memory")
    func memory() throws {
        let model = try TinyModel.make(engine: engine)
        _ = try TinyModel.attach(TinyModel.lora(), to: model)
        let batch = PreferenceBatch.tiny()
        let pass = GradientPass(model: model, objective: DirectPreference())
        for _ in 0..<2 { _ = pass.run(batch) }
        let count = engine.memory.systemAllocationCount
        for _ in 0..<3 { _ = pass.run(batch) }
        #expect(engine.memory.systemAllocationCount == count)
    }
}
