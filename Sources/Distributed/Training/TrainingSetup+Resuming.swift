import CatenaCore

extension TrainingSetup {
    /// What another length of the run does to the learning rate; nil if the rate of the coming step stays.
    ///
    /// - Parameters:
    ///   - checkpoint: what the run goes on from.
    ///   - step: steps done.
    func noteOfOtherLength(than checkpoint: LoadedCheckpoint, step: Int) throws -> String? {
        let name = TrainingState.configurationFile
        let before = try RunConfiguration.parse(
            yaml: String(decoding: try checkpoint.bytes(of: name), as: UTF8.self), path: checkpoint.path + "/" + name)
        let length =
            switch before.training.length {
            case .steps(let count): count
            case .epochs(let count): plan.stepCount(epochs: count)
            }
        guard length != totalSteps, step < totalSteps else { return nil }
        let (new, old) = (learningRate(step: step), learningRate(step: step, totalSteps: length))
        guard abs(new - old) > 1e-6 * max(abs(new), abs(old)) else { return nil }
        return "the run now has \(totalSteps) steps, before it had \(length): the learning rate of step \(step + 1) is "
            + "\(Self.short(new)) in place of \(Self.short(old)), because the schedule spans the run"
    }

    private static func short(_ rate: Double) -> String {
        let digits = 3
        guard rate != 0, rate.isFinite else { return "\(rate)" }
        var (scaled, exponent) = (rate, 0)
        while abs(scaled) < 1 { (scaled, exponent) = (scaled * 10, exponent - 1) }
        while abs(scaled) >= 10 { (scaled, exponent) = (scaled / 10, exponent + 1) }
        let factor = (1..<digits).reduce(1.0) { power, _ in power * 10 }
        return "\((scaled * factor).rounded() / factor)e\(exponent)"
    }
}
