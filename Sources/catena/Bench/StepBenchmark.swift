import CatenaCore

/// A training step on random weights, measured in turns with the products it cannot do without.
struct StepBenchmark {
    struct Result {
        let seconds: Spread
        let tokensPerSecond: Double
        let peakBytes: Int
        let floorSeconds: Spread
        let gemmGFlops: Double
        /// Floor / step: 1 is a step that costs nothing but its products.
        let rooflineRatio: Double
        let parameterCount: Int
    }

    let configuration: DecoderConfiguration
    let section: RunConfiguration.AdapterSection
    let batch: Int
    let sequence: Int
    let steps: Int
    let recompute: GradientPass.Recompute

    /// Two steps to warm up, after which memory is at its peak; then a floor pass and a step in turns.
    func run(_ engine: Engine) throws -> Result {
        let model = try LanguageModel(
            configuration: configuration, weights: RandomWeights(seed: 0, memory: engine.memory), engine: engine)
        let set = ParameterSet(try model.attachAdapters(section, seed: 0).parameters, memory: engine.memory)
        try model.initialiseFromWeights()
        let optimizer = AdamW(set, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, engine: engine)
        let pass = GradientPass(model: model, recompute: recompute)
        let data = batchOfRandomTokens()
        func step() -> Double {
            let start = ProgressStyle.monotonicSeconds()
            set.gradients.fill(0)
            let loss = pass.run(
                ModelInput(inputIds: data.inputIds, targets: data.targets, layout: data.layout))
            optimizer.step(learningRate: 1e-4, gradientScale: 1 / loss.weight)
            return ProgressStyle.monotonicSeconds() - start
        }
        for _ in 0..<2 { _ = step() }
        let peakBytes = ResidentMemory.peakBytes

        let floor = GEMMFloor(configuration, tokens: batch * sequence, engine: engine)
        _ = floor.run()
        var stepSeconds: [Double] = []
        var floorSeconds: [Double] = []
        for _ in 0..<steps {
            floorSeconds.append(floor.run())
            stepSeconds.append(step())
        }
        let ratios = zip(floorSeconds, stepSeconds).map { $0 / $1 }
        let spread = Spread(stepSeconds)
        return Result(
            seconds: spread, tokensPerSecond: Double(batch * sequence) / spread.median, peakBytes: peakBytes,
            floorSeconds: Spread(floorSeconds), gemmGFlops: floor.operations / Spread(floorSeconds).median / 1e9,
            rooflineRatio: Spread(ratios).median, parameterCount: set.count)
    }

    private func batchOfRandomTokens() -> ProbeInput {
        var generator = SeededGenerator(seed: 0, purpose: "benchmark")
        let ids = (0..<batch * sequence).map { _ in Int32(generator.next(below: configuration.vocabularySize)) }
        return ProbeInput(path: "benchmark", sequenceCount: batch, length: sequence, inputIds: ids)
    }
}
