import CatenaEngine
import CatenaLearning
import CatenaModels

/// What a run's model says of samples, the samples divided over the processes; the same on every process.
///
/// The numbers for a sample depend on nothing but the sample and the model.
struct SegmentScores {
    /// What the classifier sees of each sample.
    let features: [[Float]]
    /// What it says, by class.
    let scores: [[Float]]

    /// Samples of a process that go through the model together.
    private static let atOnce = 16

    /// Collective: judges `examples` with the model of `trainer`; nil if a signal asked to stop.
    init?(_ examples: [SourcedExample], _ trainer: Trainer) throws {
        let communicator = trainer.communicator
        let share = ReductionTree.share(of: examples.count, rank: communicator.rank, size: communicator.size)
        let encoded = try communicator.agree("encode the samples") {
            // The classes of coming tasks are not known to the model, and what it says does not depend on them.
            let known = trainer.configuration.labels[0]
            let unlabelled = examples[share].map { $0.labelled(.name(known)) }
            return try trainer.classificationEncoder().encode(all: unlabelled[...]).map { $0[0] }
        }
        // Every process has equally many rounds, some of them empty.
        let most = (examples.count + communicator.size - 1) / communicator.size
        var own: [Float] = []
        for first in stride(from: 0, to: most, by: Self.atOnce) {
            let range = (first..<first + Self.atOnce).clamped(to: encoded.indices)
            // The agreement is of all processes, also of those that have nothing left to judge.
            let failure = Result {
                guard !range.isEmpty || trainer.isSharded else { return }
                let batches = range.map { place in
                    var batch = Batch()
                    batch.append(encoded[place], exampleIndex: place)
                    return batch
                }
                for judged in try trainer.model.segmentScores(batches) {
                    own += judged.features.elements() + judged.scores.elements()
                }
            }
            try communicator.agree("judge the samples") { try failure.get() }
        }
        if try communicator.isStopRequested() { return nil }
        let parts = unsafe try communicator.allGather(own.withUnsafeBytes { unsafe Array($0) })
        let all = parts.flatMap { part in unsafe part.withUnsafeBytes { unsafe Array($0.bindMemory(to: Float.self)) } }
        let (width, classes) = try trainer.model.judgementWidths()
        precondition(
            all.count == examples.count * (width + classes), "\(all.count) numbers for \(examples.count) samples")
        let starts = examples.indices.map { $0 * (width + classes) }
        features = starts.map { Array(all[$0..<$0 + width]) }
        scores = starts.map { Array(all[$0 + width..<$0 + width + classes]) }
    }
}
