import CatenaAdapters
import CatenaEngine
import CatenaSchema
import Testing

/// Against torch: Tests/Reference/optimizer_values.py printed the literals.
@Suite("Optimizers")
struct OptimizerTests {
    private static let gradients: [[Float]] = [
        [0.2, -0.4, 0.05, 1.5, -0.02], [-0.1, 0.3, 0.6, -0.5, 0.04], [0.7, 0.0, -0.2, 0.25, 0.9],
    ]
    /// A few roundings of float32 numbers near 1.
    private static let tolerance = 3e-7

    private func parameters(_ engine: Engine) -> ParameterSet {
        let first = Parameter(name: "a", shape: [1, 3]) { $0.copy(from: [0.5, -1.25, 2.0]) }
        let second = Parameter(name: "b", shape: [2], learningRateFactor: 5, decays: false) {
            $0.copy(from: [0.1, -0.3])
        }
        return ParameterSet([first, second], memory: engine.memory)
    }

    private func expectSteps(
        _ expected: [[Float]], learningRate: Double, scale: Double, _ make: (ParameterSet, Engine) -> any Optimizer
    ) {
        let engine = Engine(threads: 1)
        let set = parameters(engine)
        let optimizer = make(set, engine)
        for (gradient, values) in zip(Self.gradients, expected) {
            set.gradients.copy(from: gradient.map { $0 / Float(scale) })
            optimizer.step(learningRate: learningRate, gradientScale: scale)
            for (found, value) in zip(set.values.elements(), values) {
                #expect(abs(Double(found) - Double(value)) < Self.tolerance, "step \(optimizer.stepCount)")
            }
        }
        #expect(optimizer.stepCount == 3)
    }

    private static let adamW: [[Float]] = [
        [0.48950005, -1.23875, 1.9880003, 0.050000027, -0.2500025],
        [0.48634356, -1.2366174, 1.9780582, 0.029952781, -0.26828232],
        [0.47917077, -1.2346884, 1.9722487, 0.0096028261, -0.30073923],
    ]

    @Test("AdamW makes torch's steps, with decay and rate by parameter", arguments: [1.0, 0.125])
    func adamW(gradientScale: Double) {
        expectSteps(Self.adamW, learningRate: 0.01, scale: gradientScale) { set, engine in
            AdamW(set, beta1: 0.9, beta2: 0.99, epsilon: 1e-6, weightDecay: 0.1, engine: engine)
        }
    }

    @Test("SGD with momentum makes torch's steps", arguments: [1.0, 0.125])
    func sgd(gradientScale: Double) {
        let expected: [[Float]] = [
            [0.48750001, -1.22375, 1.9875, -0.27500001, -0.29500002],
            [0.47881252, -1.2090062, 1.9363124, -0.48749998, -0.30050001],
            [0.43359971, -1.1896918, 1.8905622, -0.74124992, -0.53044999],
        ]
        expectSteps(expected, learningRate: 0.05, scale: gradientScale) { set, engine in
            SGD(set, momentum: 0.9, weightDecay: 0.1, engine: engine)
        }
    }

    @Test("an optimizer continues from its saved state with the same bits", arguments: ["adamw", "sgd"])
    func resumes(name: String) {
        let engine = Engine(threads: 1)
        func make(_ set: ParameterSet) -> any Optimizer {
            name == "sgd"
                ? SGD(set, momentum: 0.9, weightDecay: 0.1, engine: engine)
                : AdamW(set, beta1: 0.9, beta2: 0.99, epsilon: 1e-6, weightDecay: 0.1, engine: engine)
        }
        func step(_ optimizer: any Optimizer, _ set: ParameterSet, _ index: Int) {
            set.gradients.copy(from: Self.gradients[index])
            optimizer.step(learningRate: 0.01, gradientScale: 1)
        }
        let (unbroken, before, after) = (parameters(engine), parameters(engine), parameters(engine))
        let whole = make(unbroken)
        for index in 0..<3 { step(whole, unbroken, index) }

        let first = make(before)
        for index in 0..<2 { step(first, before, index) }
        let second = make(after)
        after.values.copy(from: before.values)
        second.stepCount = first.stepCount
        for (target, source) in zip(second.state, first.state) {
            #expect(target.name == source.name)
            target.values.copy(from: source.values)
        }
        step(second, after, 2)
        #expect(after.values.elements() == unbroken.values.elements())
    }

    @Test("LoRA+ trains B faster than A by the ratio")
    func loraPlus() throws {
        let engine = Engine(threads: 1)
        let model = try TinyModel.make(engine: engine)
        let section = TinyModel.lora(options: ["lora-plus-ratio": .number(16)])
        let set = try TinyModel.attach(section, to: model)
        for parameter in set.parameters {
            #expect(parameter.learningRateFactor == (parameter.name.contains("lora_B") ? 16 : 1))
        }
        let before = set.values.elements()
        set.gradients.fill(1)
        let optimizer = SGD(set, momentum: 0, weightDecay: 0, engine: engine)
        optimizer.step(learningRate: 0.01, gradientScale: 1)
        for (parameter, offset) in zip(set.parameters, set.offsets) {
            for index in offset..<offset + parameter.count {
                let change = Double(before[index] - set.values.pointer[index])
                // Differences of float32 numbers of order 1.
                #expect(abs(change - 0.01 * parameter.learningRateFactor) < 1e-6)
            }
        }
    }

    @Test("norms and biases do not decay, matrices do")
    func decay() throws {
        let engine = Engine(threads: 1)
        let model = try TinyModel.make(engine: engine, TinyModel.everyOption)
        let set = ParameterSet(model.makeAllTrainable(), memory: engine.memory)
        let before = set.values.elements()
        AdamW(set, beta1: 0.9, beta2: 0.99, epsilon: 1e-6, weightDecay: 0.5, engine: engine)
            .step(learningRate: 0.1, gradientScale: 1)
        for (parameter, offset) in zip(set.parameters, set.offsets) {
            let factor: Float = parameter.shape.count == 1 ? 1 : 0.95
            for index in offset..<offset + parameter.count {
                #expect(abs(set.values.pointer[index] - factor * before[index]) < 1e-6, "\(parameter.name)")
            }
        }
    }
}
