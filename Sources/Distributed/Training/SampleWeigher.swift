package import CatenaLearning
package import CatenaModels

/// Weighs the samples of a step by their losses, alike on all processes.
///
/// Σ_i a_i S_i is divided by Σ_i a_i n_i: S_i is the loss sum of sample i, n_i what it is divided by for the mean, v_i N times its weight
/// (``SampleWeights``), and a_i = v_i, or v_i / n_i where tokens are not to count. Samples are in the order of their indices in the
/// global batch whatever process has them, so all processes find the same bits at any number of them.
package final class SampleWeigher {
    private let section: RunConfiguration.SampleWeightingSection
    private let strategy: SampleWeightStrategy
    private let communicator: any Communicator
    private var temperature = 1.0
    /// The step's samples: all of them, or with scope `microstep` this process's.
    private var found: [WeighedSample] = []
    private var failure: CommunicatorError?

    /// Whether the losses of all processes are compared.
    package var isGlobal: Bool { section.scope == .step }

    /// nil where all samples count alike.
    package init?(_ section: RunConfiguration.SampleWeightingSection?, communicator: any Communicator) {
        guard let section, let strategy = section.strategy else { return nil }
        (self.section, self.strategy, self.communicator) = (section, strategy, communicator)
    }

    /// Begins a step, counted from 0.
    package func begin(step: Int) {
        temperature = section.temperature(step: step)
        found.removeAll(keepingCapacity: true)
    }

    /// Collective with scope `step`, where `own` is all micro-batches of this process in the order of their indices; once a step.
    ///
    /// - Returns: them with their samples' weights; as they were when the others could not be heard; ``requireHeard()`` says so.
    package func weigh(_ own: [Weighing]) -> [Weighing] {
        guard isGlobal else { return own.map { scaled($0, weighed($0.samples)) } }
        do throws(CommunicatorError) {
            let parts = try Activity.process.during("sample weights") { () throws(CommunicatorError) in
                try communicator.allGather(own.flatMap(\.samples))
            }
            let all = weighed(parts.flatMap { $0 })
            var next = parts.prefix(communicator.rank).reduce(0) { $0 + $1.count }
            return own.map { weighing in
                defer { next += weighing.samples.count }
                return scaled(weighing, Array(all[next..<next + weighing.samples.count]))
            }
        } catch {
            failure = error
            return own
        }
    }

    /// - Throws: what kept the others' losses from coming.
    package func requireHeard() throws(CommunicatorError) {
        if let failure { throw failure }
    }

    /// Collective: what the step's samples were.
    package func summary() throws(CommunicatorError) -> SampleSummary {
        guard !isGlobal else { return SampleSummary(found) }
        return SampleSummary(try communicator.allGather(found).flatMap { $0 })
    }

    private func weighed(_ samples: [SampleLoss]) -> [WeighedSample] {
        let weights = SampleWeights(
            losses: samples.map(\.mean), strategy: strategy, temperature: temperature,
            clipQuantile: section.clipQuantile)
        let weighed = samples.indices.map { index in
            WeighedSample(
                loss: samples[index], weight: weights.relative[index], isHighest: weights.isHighest[index])
        }
        found += weighed
        return weighed
    }

    private func scaled(_ weighing: Weighing, _ samples: [WeighedSample]) -> Weighing {
        weighing.scaled(
            by: samples.map { section.isTokenAware || $0.loss.weight == 0 ? $0.weight : $0.weight / $0.loss.weight })
    }
}

extension RunConfiguration {
    /// What the user should know about weights that weigh nothing; nil if they do.
    func sampleWeightingNote(worldSize: Int) -> String? {
        guard let section = training.sampleWeighting, section.strategy != nil, !data.packing else { return nil }
        let rows = section.scope == .step ? training.globalBatch(worldSize: worldSize) : training.microBatch
        guard rows == 1 else { return nil }
        let key = section.scope == .step ? "training.global-batch" : "training.micro-batch"
        return
            "training.sample-weighting compares the losses of one sample, which then counts as without it: \(key) is 1"
    }
}

/// A sample and what it counts.
struct WeighedSample: Equatable, BitwiseCopyable {
    let loss: SampleLoss
    /// Times the number of samples, so that 1 is a uniform share.
    let weight: Double
    /// Whether none has a higher score.
    let isHighest: Bool
}
