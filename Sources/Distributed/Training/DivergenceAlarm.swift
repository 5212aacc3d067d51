import CatenaAdapters
import CatenaLearning
import CatenaEngine
import CatenaReporting

/// Finds out when the processes no longer hold the same trained values, which bad memory or a faulty library can cause.
///
/// Every process applies the same update to the same bits, so adapter and optimizer state must stay equal. One number is
/// compared as a rule; one per tensor only when that differs.
package final class DivergenceAlarm: TrainingHook {
    private let checkEvery: Int?
    private let trained: Trained
    private let communicator: any Communicator
    /// The step whose state was compared last.
    private var comparedStep: Int?

    init(_ section: RunConfiguration.DistributedSection, trained: Trained, communicator: any Communicator) {
        (checkEvery, self.trained, self.communicator) = (section.checkEvery, trained, communicator)
    }

    func stepEnded(_ context: StepContext, _ metrics: MetricsLine) throws {
        if let checkEvery, context.step % checkEvery == 0 { try requireEqualState(step: context.step) }
    }

    /// Collective: compares the state after `step` steps.
    ///
    /// - Throws: ``TrainingError/diverged(step:tensor:processRanks:worldSize:)`` on every process.
    func requireEqualState(step: Int) throws {
        guard communicator.size > 1, comparedStep != step else { return }
        comparedStep = step
        let tensors = tensors
        let hashes = tensors.map { hash($0.values) }
        let wholes = unsafe try exchange([hashes.withUnsafeBytes { unsafe hash64($0) }])
        guard Set(wholes).count > 1 else { return }
        let all = try exchange(hashes)
        for (index, tensor) in tensors.enumerated() {
            let ofRanks = all.map { $0[index] }
            let odd = Self.minority(ofRanks)
            guard odd.isEmpty else {
                throw TrainingError.diverged(
                    step: step, tensor: tensor.name, processRanks: odd, worldSize: communicator.size)
            }
        }
    }

    /// The ranks that differ from what most ranks have; from rank 0 where two values are equally frequent.
    package static func minority(_ values: [UInt64]) -> [Int] {
        var counts: [UInt64: Int] = [:]
        for value in values { counts[value, default: 0] += 1 }
        let most = counts.values.max() ?? 0
        let usual = values.first { counts[$0] == most }
        return values.indices.filter { values[$0] != usual }
    }

    private var tensors: [(name: String, values: Tensor)] {
        trained.state.tensors + (trained.model.attached?.extraState ?? [])
    }

    private func hash(_ values: Tensor) -> UInt64 {
        unsafe hash64(UnsafeRawBufferPointer(start: values.pointer, count: values.count * MemoryLayout<Float>.stride))
    }

    /// Every process's numbers, in rank order.
    private func exchange(_ own: [UInt64]) throws -> [[UInt64]] {
        let bytes = unsafe own.withUnsafeBytes { unsafe Array($0) }
        let all = try Activity.process.during("comparison of the adapters") { try communicator.allGather(bytes) }
        return all.map { part in unsafe part.withUnsafeBytes { unsafe Array($0.bindMemory(to: UInt64.self)) } }
    }
}
