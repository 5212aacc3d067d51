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
    let format: BaseFormat

    /// Two steps to warm up, after which memory is at its peak; then a floor pass and a step in turns.
    func run(_ engine: Engine) throws -> Result {
        let model = try randomModel(engine)
        let trained = try TrainedAdapter(section, of: model, steps: steps + Self.warmUpSteps)
        let step = { trained.step(on: data, recompute: recompute).seconds }
        for _ in 0..<Self.warmUpSteps { _ = step() }
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
            rooflineRatio: Spread(ratios).median, parameterCount: trained.parameterCount)
    }

    /// A step with this adapter and one with another on the same model, in turns; each pair gives a ratio.
    func compare(with other: RunConfiguration.AdapterSection, _ engine: Engine) throws -> StepComparison {
        let model = try randomModel(engine)
        let total = steps + Self.warmUpSteps
        let pair = (
            try TrainedAdapter(section, of: model, steps: total), try TrainedAdapter(other, of: model, steps: total)
        )
        var comparison = StepComparison(parameterCounts: (pair.0.parameterCount, pair.1.parameterCount))
        for turn in 0..<total {
            let times = (pair.0.step(on: data, recompute: recompute), pair.1.step(on: data, recompute: recompute))
            if turn >= Self.warmUpSteps { comparison.add(times) }
        }
        return comparison
    }

    private static let warmUpSteps = 2

    private func randomModel(_ engine: Engine) throws -> LanguageModel {
        try LanguageModel(
            configuration: configuration, weights: RandomFormattedWeights(format: format, engine: engine),
            engine: engine)
    }

    private var data: ProbeInput {
        var generator = SeededGenerator(seed: 0, purpose: "benchmark")
        let ids = (0..<batch * sequence).map { _ in Int32(generator.next(below: configuration.vocabularySize)) }
        return ProbeInput(path: "benchmark", sequenceCount: batch, length: sequence, inputIds: ids)
    }
}
