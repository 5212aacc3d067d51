import CatenaAdapters
import CatenaLearning
import CatenaEngine
import CatenaModels
import CatenaReporting

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
        /// The same floor by OpenBLAS alone, and its ratio.
        let openBLASFloorSeconds: Spread
        let openBLASRatio: Double
        let parameterCount: Int
        /// Buffers that the measured steps took from the system; 0 in the steady state.
        let systemAllocationCount: Int
        let profile: ProfiledSteps?
    }

    let configuration: ModelConfiguration
    let section: AdapterSection
    let batch: Int
    let sequence: Int
    let steps: Int
    let recompute: GradientPass.Recompute
    let profiles: Bool
    let format: BaseFormat

    /// Two steps to warm up, after which memory is at its peak; then a floor pass and a step in turns.
    func run(_ engine: Engine) throws -> Result {
        let model = try randomModel(engine)
        let trained = try TrainedAdapter(section, of: model, steps: steps + Self.warmUpSteps)
        let step = { trained.step(on: data, recompute: recompute).seconds }
        for _ in 0..<Self.warmUpSteps { _ = step() }
        let peakBytes = ResidentMemory.peakBytes

        let floor = GEMMFloor(model, tokens: batch * sequence, engine: engine)
        for kernels in [GEMMFloor.Kernels.own, .openBLAS] { _ = floor.run(kernels) }
        var (stepSeconds, floorSeconds, openBLASSeconds): ([Double], [Double], [Double]) = ([], [], [])
        let profile = profiles ? StepProfile() : nil
        let allocationsBefore = engine.memory.systemAllocationCount
        for _ in 0..<steps {
            floorSeconds.append(floor.run(.own))
            engine.profile = profile
            stepSeconds.append(step())
            engine.profile = nil
            openBLASSeconds.append(floor.run(.openBLAS))
        }
        func ratio(_ floors: [Double]) -> Double { Spread(zip(floors, stepSeconds).map { $0 / $1 }).median }
        let spread = Spread(stepSeconds)
        let mean = stepSeconds.reduce(0, +) / Double(steps)
        return Result(
            seconds: spread, tokensPerSecond: Double(batch * sequence) / spread.median, peakBytes: peakBytes,
            floorSeconds: Spread(floorSeconds), gemmGFlops: floor.operations / Spread(floorSeconds).median / 1e9,
            rooflineRatio: ratio(floorSeconds), openBLASFloorSeconds: Spread(openBLASSeconds),
            openBLASRatio: ratio(openBLASSeconds), parameterCount: trained.parameterCount,
            systemAllocationCount: engine.memory.systemAllocationCount - allocationsBefore,
            profile: profile.map { ProfiledSteps(profile: $0, stepSeconds: mean, steps: steps) })
    }

    /// A step with this adapter and one with another on the same model, in turns; each pair gives a ratio.
    func compare(with other: AdapterSection, _ engine: Engine) throws -> StepComparison {
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
        let model = try LanguageModel(
            configuration: configuration, weights: RandomFormattedWeights(format: format, engine: engine),
            engine: engine)
        _ = try model.languageModelHead()
        return model
    }

    private var data: ProbeInput {
        var generator = SeededGenerator(seed: 0, purpose: "benchmark")
        let ids = (0..<batch * sequence).map { _ in Int32(generator.next(below: configuration.vocabularySize)) }
        return ProbeInput(path: "benchmark", sequenceCount: batch, length: sequence, inputIds: ids)
    }
}
