import CatenaAdapters
import CatenaEngine
import CatenaFiles
import CatenaModels
import CatenaSchema
import Foundation
import Testing

/// Which ranks AdaLoRA keeps, on the layers of Tests/Reference/adalora_allocator.py.
@Suite("AdaLoRA's allocation of ranks")
struct AdaLoRAAllocationTests {
    private let engine = Engine(threads: 2)

    /// 60 steps: q [16, 8] and k [8, 8] of two layers, four ranks each at the start and two on average at the end.
    private struct Run {
        let model: LanguageModel
        let set: ParameterSet
        let rule: any AdapterRule
        var adapters: [AdaLoRA] { model.adaptedLinears.compactMap { $0.adapter as? AdaLoRA } }

        init(
            _ engine: Engine, options: [String: ConfigurationValue] = [:], totalSteps: Int = 60
        ) throws {
            var section = try AdapterMethod.named("adalora").defaultSection
            (section.rank, section.alpha, section.targets) = (4, 3, .names(["q_proj", "k_proj"]))
            let given: [String: ConfigurationValue] = [
                "target-rank": .integer(2), "tinit": .integer(5), "tfinal": .integer(15), "delta-t": .integer(3),
            ].merging(options) { $1 }
            section.options = section.options.map { .init($0.key, given[$0.key] ?? $0.value) }
            model = try TinyModel.make(engine: engine)
            let attached = try model.attachAdapters(section, seed: 3)
            set = ParameterSet(attached.parameters, memory: engine.memory)
            rule = try #require(attached.rule)
            try rule.prepare(AdapterRun(totalSteps: totalSteps, peakLearningRate: 1))
        }

        /// One step in which the optimizer leaves `value` and the gradient is `gradient`, functions of layer, tensor (A, E,
        /// B) and index.
        func step(
            _ step: Int, value: (Int, Int, Int) -> Double, gradient: (Int, Int, Int) -> Double
        ) {
            for index in set.parameters.indices {
                let (layer, tensor) = (index / 3, index % 3)
                for element in 0..<set.parameters[index].count {
                    set.parameters[index].value.pointer[element] = Float(value(layer, tensor, element))
                    set.gradient(of: index).pointer[element] = 4 * Float(gradient(layer, tensor, element))
                }
            }
            rule.beforeUpdate(set, gradientScale: 0.25, step: step)
            rule.afterUpdate(set, gradientScale: 0.25, step: step)
        }

        /// Whether E of each rank is not zero, layer by layer.
        var masks: [String] {
            adapters.map { $0.e.value.elements().map { $0 == 0 ? "0" : "1" }.joined() }
        }

        var keptCount: Int { masks.reduce(0) { $0 + $1.count { $0 == "1" } } }
    }

    private static func value(_ layer: Int, _ tensor: Int, _ index: Int, _ step: Int) -> Double {
        0.3 * sin(1 + 0.7 * Double(index) + 1.9 * Double(layer) + 3.1 * Double(tensor) + 0.05 * Double(step))
    }

    private static func gradient(_ layer: Int, _ tensor: Int, _ index: Int, _ step: Int) -> Double {
        (1 + 0.04 * Double(layer))
            * cos(2 + 1.3 * Double(index) + 0.9 * Double(layer) + 0.4 * Double(tensor) + 0.11 * Double(step))
    }

    private func step(_ run: Run, _ step: Int) {
        run.step(step) {
            Self.value($0, $1, $2, step)
        } gradient: {
            Self.gradient($0, $1, $2, step)
        }
    }

    /// The scores from the smoothed numbers that the rule saves.
    private func scores(_ run: Run) throws -> [Double] {
        func state(_ name: String) throws -> [Double] {
            try #require(run.rule.state.first { $0.name == name }).values.elements().map(Double.init)
        }
        let (sensitivity, uncertainty) = (try state("sensitivity"), try state("uncertainty"))
        return run.adapters.indices.flatMap { layer in
            (0..<4).map { rank in
                (0..<3).reduce(0.0) { sum, tensor in
                    let parameter = run.set.parameters[3 * layer + tensor]
                    let (rows, columns) = (parameter.value.rows, parameter.value.columns)
                    let elements =
                        tensor == 2
                        ? (0..<rows).map { $0 * columns + rank } : (0..<columns).map { rank * columns + $0 }
                    let start = run.set.offsets[3 * layer + tensor]
                    return sum
                        + elements.reduce(0.0) { $0 + sensitivity[start + $1] * uncertainty[start + $1] }
                        / Double(elements.count)
                }
            }
        }
    }

    @Test("budget, scores and masks of 60 steps are those of PEFT's RankAllocator")
    func peftAllocator() throws {
        let fixture = try JSONDocument.read(path: ParityCase.root + "/Tests/Fixtures/methods/adalora-allocator.json")
        let run = try Run(engine)
        let steps = try fixture.require("steps").elements()
        #expect(steps.count == 60)
        var allocations = 0
        for (index, record) in steps.enumerated() {
            step(run, index + 1)
            #expect(run.masks == (try record.requireStrings("masks")), "step \(index + 1)")
            guard let expected = record["scores"] else { continue }
            allocations += 1
            #expect(run.keptCount == (try record.requireInt("budget")), "step \(index + 1)")
            for (found, score) in zip(try scores(run), try expected.elements()) {
                let reference = try score.double()
                #expect(abs(found - reference) < 1e-5 * abs(reference), "step \(index + 1)")
            }
        }
        #expect(allocations == 14)
    }

    @Test("files are told the kept ranks, and the steps of the schedule")
    func savedPattern() throws {
        let run = try Run(engine)
        for number in 1...60 { step(run, number) }
        let content = try AdapterFiles.content(of: run.model, baseModel: "m").configuration.json
        #expect(content["init_r"] == .integer(4))
        #expect(content["target_r"] == .integer(2))
        #expect(content["tinit"] == .integer(5))
        #expect(content["total_step"] == .integer(60))
        for (layer, mask) in zip(run.model.adaptedLinears, run.masks) {
            #expect(content["rank_pattern"]?[layer.path + ".lora_E"] == .array(mask.map { .bool($0 == "1") }))
        }
    }

    @Test("when the budget is all ranks from beginning to end, none is ever lost")
    func equalBudgets() throws {
        let run = try Run(engine, options: ["target-rank": .integer(4)])
        for number in 1...60 {
            step(run, number)
            #expect(run.keptCount == 16)
        }
    }

    @Test("while every score is zero nothing is pruned")
    func zeroScores() throws {
        let run = try Run(engine)
        for number in 1...60 {
            run.step(number) { _, _, _ in
                0.5
            } gradient: { _, _, _ in
                0
            }
            #expect(run.keptCount == 16)
        }
    }

    @Test("equal scores keep exactly the budget: earlier layers, then earlier ranks")
    func ties() throws {
        let run = try Run(engine)
        for number in 1...60 {
            run.step(number) { _, _, _ in
                0.5
            } gradient: { _, _, _ in
                1
            }
        }
        #expect(run.masks == ["1111", "1111", "0000", "0000"])
    }

    @Test("a run that is interrupted and restored keeps the same ranks")
    func resumed() throws {
        let whole = try Run(engine)
        for number in 1...60 { step(whole, number) }
        let first = try Run(engine)
        for number in 1...31 { step(first, number) }
        var writer = SafetensorsWriter()
        first.model.attached?.append(to: &writer, prefix: "")
        let second = try Run(engine)
        try second.model.attached?.restore(from: try SafetensorsFile(bytes: try writer.data(), path: "s"), prefix: "")
        for number in 32...60 { step(second, number) }
        #expect(second.masks == whole.masks)
        for (found, expected) in zip(second.rule.state, whole.rule.state) {
            #expect(found.values.elements() == expected.values.elements(), "\(found.name)")
        }
    }

    @Test("the paper's order scores the weights that the optimizer finds")
    func scoreBeforeUpdate() throws {
        let run = try Run(engine, options: ["score": .text("before-update")])
        run.step(1) { _, _, _ in
            0.5
        } gradient: { _, _, _ in
            1
        }
        let before = run.rule.state[0].values.elements()
        for index in 0..<run.set.count { run.set.values.pointer[index] = 2 }
        run.rule.afterUpdate(run.set, gradientScale: 0.25, step: 2)
        #expect(run.rule.state[0].values.elements() == before)
        run.rule.beforeUpdate(run.set, gradientScale: 0.25, step: 2)
        let sensitivity = run.rule.state[0].values.elements()[0]
        let expected: Float = 0.85 * 0.075 + 0.15 * 2
        #expect(abs(sensitivity - expected) < 1e-6)
    }

    @Test("the penalty is the mean norm of the distances from orthogonality, with its gradient")
    func penalty() throws {
        let run = try Run(engine, options: ["orthogonal-weight": .number(0.3)])
        TinyModel.addNoise(to: run.set, standardDeviation: 0.4)
        func expected() -> Double {
            let norms = run.adapters.flatMap { adapter -> [Double] in
                let (a, b) = (DoubleMatrix(adapter.a.value), DoubleMatrix(adapter.b.value))
                return [a * a.transposed, b.transposed * b].map { product in
                    let distance = product - .identity(4)
                    return distance.dot(distance).squareRoot()
                }
            }
            return 0.3 * norms.reduce(0, +) / 8
        }
        run.set.gradients.fill(0.25)
        #expect(abs(run.rule.addPenalty(to: run.set, scale: 2) - expected()) < 1e-6)
        var (found, differences): ([Float], [Float]) = ([], [])
        for index in stride(from: 0, to: run.set.count, by: 7) {
            let original = run.set.values.pointer[index]
            run.set.values.pointer[index] = original + 0x1p-8
            let up = expected()
            run.set.values.pointer[index] = original - 0x1p-8
            differences.append(Float((up - expected()) * 0x1p7))
            run.set.values.pointer[index] = original
            found.append((run.set.gradients.pointer[index] - 0.25) / 2)
        }
        #expect(normwiseError(found, differences) < 1e-3)
    }

    @Test("a schedule that leaves no step for allocations is refused, as is a target above the rank")
    func misfits() throws {
        let tooLong = AdapterError.optionMisfit(
            option: "tfinal", found: "15", expected: "tinit + tfinal below the 20 steps of the run, here 5 + 15")
        #expect(throws: tooLong) { try Run(engine, totalSteps: 20) }
        let text =
            "adapter.tfinal: 15 does not fit; expected tinit + tfinal below the 20 steps of the run, here 5 + 15."
        #expect(tooLong.description == text)
        let tooHigh = AdapterError.optionMisfit(
            option: "target-rank", found: "5", expected: "at most adapter.rank, 4")
        #expect(throws: tooHigh) {
            try Run(engine, options: ["target-rank": .integer(5)])
        }
        let automatic: [String: ConfigurationValue] = ["tinit": .text("auto"), "tfinal": .text("auto")]
        for total in 1...20 {
            #expect(throws: Never.self) { try Run(engine, options: automatic, totalSteps: total) }
        }
        #expect(throws: Never.self) { try Run(engine, options: ["tfinal": .text("auto")], totalSteps: 6) }
        #expect(throws: AdapterError.self) { try Run(engine, options: ["tfinal": .text("auto")], totalSteps: 5) }
    }

    @Test("in a later link of a chain steps are counted from its beginning, and values that do not fit are not used")
    func laterLink() throws {
        let run = try Run(engine)
        try run.rule.prepare(AdapterRun(totalSteps: 110, peakLearningRate: 1, steps: 100..<110))
        for number in 101...110 { step(run, number) }
        #expect(run.keptCount == 8)
    }
}
