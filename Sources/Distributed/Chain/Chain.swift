import CatenaAdapters
import CatenaFiles
import CatenaLearning
import CatenaEngine
import CatenaModels
import Crypto

/// The chain of a run: its frozen links, where its knots were, and when the next one is.
final class Chain {
    let section: RunConfiguration.ChainSection
    let ledger: ChainLedger
    /// Completed steps at each knot so far.
    private(set) var knots: [Int] = []
    /// Lowest validation loss so far, for chains that watch it.
    private(set) var lowestLoss: Double?
    /// Validations since then, or since the last knot.
    private(set) var validationsWithoutImprovement = 0
    private let learningRates: ChainLearningRate

    /// An empty chain over the steps of `schedule`.
    ///
    /// - Throws: ``TrainingError/unsupported(key:value:supported:)`` when knots do not fit the run.
    init(_ section: RunConfiguration.ChainSection, model: LanguageModel, schedule: LearningRateSchedule)
        throws(TrainingError)
    {
        self.section = section
        ledger = ChainLedger(model: model, form: section.merge)
        learningRates = ChainLearningRate(schedule: schedule, span: section.schedule, rewarmSteps: section.rewarmSteps)
        if let misfit = section.misfit(totalSteps: schedule.totalSteps) {
            throw .unsupported(key: misfit.key, value: misfit.value, supported: misfit.supported)
        }
    }

    /// Steps of the run.
    private var totalSteps: Int { learningRates.schedule.totalSteps }

    /// Number of the present link, counted from 0.
    var linkIndex: Int { knots.count }

    /// Completed steps when the present link began and when it ends, as far as that is scheduled.
    var linkSteps: Range<Int> {
        let begin = knots.last ?? 0
        return begin..<max(begin, scheduledKnot(linkIndex) ?? totalSteps)
    }

    /// The seed of a link's random numbers: another draw for each link, or the chain would search the same subspace again.
    static func seed(_ seed: UInt64, link: Int) -> UInt64 {
        link == 0 ? seed : SeededGenerator(seed: seed, purpose: "chain-link", step: link).word(at: 0)
    }

    /// Rate of step `step`, counted from 0.
    func learningRate(step: Int) -> Double {
        learningRates.learningRate(step: step, knots: knots, nextKnot: scheduledKnot(linkIndex) ?? totalSteps)
    }

    /// The same over the steps of another schedule.
    func learningRate(step: Int, schedule: LearningRateSchedule) -> Double {
        var other = learningRates
        other.schedule = schedule
        let nextKnot = section.scheduledKnot(linkIndex, totalSteps: schedule.totalSteps) ?? schedule.totalSteps
        return other.learningRate(step: step, knots: knots, nextKnot: nextKnot)
    }

    /// Takes note of a validation.
    func observe(validationLoss: Double?) {
        guard case .onPlateau(let plateau) = section.knots, let loss = validationLoss else { return }
        if loss < (lowestLoss ?? .infinity) - plateau.minimumImprovement {
            (lowestLoss, validationsWithoutImprovement) = (loss, 0)
        } else {
            validationsWithoutImprovement += 1
        }
    }

    /// Whether a knot can come after `step` steps, the same on every process; process 0 then decides.
    func isDecisionPoint(step: Int, isValidated: Bool) -> Bool {
        guard step < totalSteps else { return false }
        if case .onPlateau = section.knots { return isValidated }
        return scheduledKnot(linkIndex).map { step >= $0 } ?? false
    }

    /// Whether a knot comes at a decision point.
    var wantsKnot: Bool {
        guard case .onPlateau(let plateau) = section.knots else { return true }
        return validationsWithoutImprovement >= plateau.patience
            && linkIndex + 1 < plateau.maximumLinks ?? .max
    }

    /// Notes that the present link, now the last of the ledger, ended after `step` steps.
    func noteKnot(step: Int) {
        knots.append(step)
        validationsWithoutImprovement = 0
    }

    /// Goes back to the state of a checkpoint; the links are in the ledger already.
    func restore(knots: [Int], lowestLoss: Double?, validationsWithoutImprovement: Int) {
        self.knots = knots
        self.lowestLoss = lowestLoss
        self.validationsWithoutImprovement = validationsWithoutImprovement
    }

    /// SHA-256 of all that the links put into the model and of `parameters`, to compare processes.
    func checksum(_ parameters: ParameterSet) -> String {
        var hash = SHA256()
        unsafe ledger.forEachApplied { unsafe hash.update(bufferPointer: $0) }
        unsafe hash.update(bufferPointer: parameters.values.bytes)
        return hash.finalize().hexadecimal
    }

    private func scheduledKnot(_ index: Int) -> Int? { section.scheduledKnot(index, totalSteps: totalSteps) }
}
