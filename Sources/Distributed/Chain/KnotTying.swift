import CatenaAdapters
import CatenaReporting
import Crypto
import CatenaFiles
import CatenaLearning
import CatenaEngine

/// Ties the knots of a run: freezes the present adapter as a link and begins the next one, on all processes or on none.
///
/// Between two steps process 0 decides and sends the link with its SHA-256. Each process checks the bytes, also against its own
/// adapter, puts the link into its own weights with a fresh adapter beside it, and reports a checksum and the loss on a probe
/// batch before and after. Only when all reports agree does process 0 commit; otherwise every process takes the link away
/// again and the run ends with an error. All of this is a function of the state after the step, so a run that is killed
/// anywhere in it and resumed does the same again.
final class KnotTying: TrainingHook {
    private let seed: UInt64
    private let data: RunData
    private let trained: Trained
    private let course: RunCourse
    private let chain: Chain
    private let reducer: GradientReducer
    private let communicator: any Communicator
    private let probe: ProbeBatch
    private let report: (TrainerEvent) -> Void

    /// Nil when the run has no chain.
    init?(
        _ configuration: RunConfiguration, base: RunModel, data: RunData, trained: Trained, course: RunCourse,
        reducer: GradientReducer, communicator: any Communicator, report: @escaping (TrainerEvent) -> Void
    ) {
        guard let chain = course.chain else { return nil }
        seed = UInt64(configuration.training.seed)
        (self.chain, self.data, self.trained, self.course) = (chain, data, trained, course)
        (self.reducer, self.communicator) = (reducer, communicator)
        probe = ProbeBatch(configuration, base: base, data: data)
        self.report = report
        if chain.section.merge == .weights, chain.ledger.sidePathCount > 0 {
            report(
                .note(
                    "chain.merge: \(chain.ledger.sidePathCount) layers' matrices cannot be changed in memory; "
                        + "their links stay beside them"))
        }
    }

    func afterStep(_ context: inout StepContext) throws {
        context.knot = try tie(afterStep: context.step, validationLoss: context.validationLoss)
    }

    /// Collective: ties a knot if one is due after `step` steps.
    ///
    /// - Throws: ``TrainingError/knotRefused(step:link:processRank:reason:)`` on all processes, with everything as it was.
    private func tie(afterStep step: Int, validationLoss: Double?) throws -> MetricsLine.Knot? {
        chain.observe(validationLoss: validationLoss)
        guard chain.isDecisionPoint(step: step, isValidated: validationLoss != nil),
            let (decision, bytes) = try decide(step: step)
        else { return nil }
        let number = chain.linkIndex + 1
        let lossBefore = try probe.loss()
        var staged: StagedKnot?
        let failure = objection(to: decision, bytes: bytes, step: step) { staged = $0 }
        CrashPoint.reached("knot-staged", number: number)
        var lossAfter = try probe.loss()
        if FaultPoint.isArmed("knot-probe", number: number) { lossAfter += 1 }
        let reports = try communicator.gather(
            message: KnotReport(
                failure: failure, checksum: chain.checksum(staged?.parameters ?? trained.parameters),
                lossBefore: lossBefore, lossAfter: lossAfter))
        CrashPoint.reached("knot-reported", number: number)
        let verdict = try communicator.broadcast(message: reports.map(KnotVerdict.init), KnotVerdict.self)
        guard let staged, let verdict, verdict.objection == nil else {
            try communicator.agree("take the link back") { try staged?.rollBack() }
            throw TrainingError.knotRefused(
                step: step, link: number, processRank: verdict?.objection?.processRank ?? 0,
                reason: verdict?.objection?.reason ?? "it sent no verdict")
        }
        let zeroed = commit(staged, step: step)
        try trained.initialiseAdapters(step: step, data: data)
        try trained.prepareRule(course)
        let knot = MetricsLine.Knot(link: number, probeLossBefore: lossBefore, probeLossAfter: lossAfter)
        report(.note(text(knot, step: step, sha256: decision.sha256, zeroed: zeroed)))
        return knot
    }

    /// Process 0's decision and the bytes of its link; nil for no knot.
    private func decide(step: Int) throws -> (KnotDecision, [UInt8])? {
        let own: (KnotDecision, [UInt8])? = try communicator.agree("freeze the link") {
            guard communicator.isRoot, chain.wantsKnot else { return nil }
            let bytes = try ChainLink(folding: trained.model).data()
            return (KnotDecision(link: chain.linkIndex, step: step, sha256: SHA256.hexadecimal(of: bytes)), bytes)
        }
        if own != nil { CrashPoint.reached("knot-decided", number: chain.linkIndex + 1) }
        guard let decision = try communicator.broadcast(message: own?.0, KnotDecision.self) else { return nil }
        var bytes = try communicator.broadcast(own?.1 ?? [])
        CrashPoint.reached("knot-received", number: chain.linkIndex + 1)
        if FaultPoint.isArmed("knot-link", number: chain.linkIndex + 1) { bytes[bytes.count - 1] ^= 1 }
        return (decision, bytes)
    }

    /// Checks the link and puts it in place; returns why this process does not agree, if it does not.
    private func objection(
        to decision: KnotDecision, bytes: [UInt8], step: Int, stage: (StagedKnot) -> Void
    ) -> String? {
        do {
            guard decision.step == step, decision.link == chain.linkIndex else {
                return "it is at step \(step) and link \(chain.linkIndex + 1), the decision is for step "
                    + "\(decision.step) and link \(decision.link + 1)"
            }
            let sha256 = SHA256.hexadecimal(of: bytes)
            guard sha256 == decision.sha256 else {
                return "the link came with the SHA-256 \(sha256.prefix(12))…, sent was \(decision.sha256.prefix(12))…"
            }
            let own = SHA256.hexadecimal(of: try ChainLink(folding: trained.model).data())
            guard own == decision.sha256 else {
                return "its own adapter has the SHA-256 \(own.prefix(12))…, rank 0's \(decision.sha256.prefix(12))…"
            }
            let link = try ChainLink(data: bytes, path: "the link of rank 0", model: trained.model)
            if FaultPoint.isArmed("knot-ledger", number: chain.linkIndex + 1) {
                unsafe link.updates[0].update.b.pointer[0] += 1e-6
            }
            stage(try StagedKnot(link, trained: trained, chain: chain))
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// Makes the staged link final; returns which fraction of the optimizer's state became zero, if it was pruned.
    private func commit(_ staged: StagedKnot, step: Int) -> Double? {
        let (number, earlier) = (chain.linkIndex + 1, trained.state)
        chain.noteKnot(step: step)
        CrashPoint.reached("knot-committed", number: number)
        let next = trained.newState(staged.parameters)
        var zeroed: Double?
        switch chain.section.optimizer {
        case .reset: break
        case .keep: next.takeOptimizerState(of: earlier)
        case .prune(let pruning):
            next.takeOptimizerState(of: earlier)
            zeroed = pruning.apply(
                to: next.optimizer.state, of: next.moved,
                seed: seed, link: number)
        }
        trained.go(on: next)
        reducer.resize(parameterCount: next.parameters.count)
        CrashPoint.reached("knot-optimizer", number: number)
        return zeroed
    }

    private func text(_ knot: MetricsLine.Knot, step: Int, sha256: String, zeroed: Double?) -> String {
        let optimizer =
            switch chain.section.optimizer {
            case .reset: "optimizer new"
            case .keep: "optimizer kept"
            case .prune: "\(Float(100 * (zeroed ?? 0))) % of the optimizer's state is zero"
            }
        return "knot \(knot.link) after step \(step): link \(sha256.prefix(12))… of rank "
            + "\(chain.ledger.links.last?.rank ?? 0) is frozen; probe loss \(knot.probeLossBefore) before, "
            + "\(knot.probeLossAfter) after; \(optimizer), \(trained.parameters.count) trainable parameters"
    }
}
