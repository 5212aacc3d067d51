import CatenaSchema

/// How many ranks AdaLoRA keeps over a run of T steps, counted from 1.
///
///     b(t) = b₀                                                        t ≤ tᵢ
///            ⌊b_T + (b₀ - b_T) (1 - (t - tᵢ) / (T - t_f - tᵢ))³⌋       tᵢ < t ≤ T - t_f
///            b_T                                                       afterwards
///
/// Ranks are allocated at every ΔT-th step of the middle part and at its last, T - t_f; after that they stay.
///
/// - Source: the authors' `loralib/adalora.py` and peft `adalora/layer.py`, `RankAllocator`; equation 12 of the paper has another
///   numerator, by mistake.
struct AdaLoRASchedule: Equatable {
    /// T.
    let totalSteps: Int
    /// tᵢ.
    let initialSteps: Int
    /// t_f.
    let finalSteps: Int
    /// ΔT.
    let interval: Int
    /// b₀ and b_T, ranks of all layers together.
    let initialBudget, targetBudget: Int

    /// Number of ranks that an allocation after step `step` keeps.
    func budget(step: Int) -> Int {
        if step <= initialSteps { return initialBudget }
        if step > lastAllocation { return targetBudget }
        let left = 1 - Double(step - initialSteps) / Double(lastAllocation - initialSteps)
        return Int(Double(initialBudget - targetBudget) * (left * left * left) + Double(targetBudget))
    }

    /// Whether ranks are allocated after step `step`.
    func allocates(step: Int) -> Bool {
        step == lastAllocation || (step > initialSteps && step < lastAllocation && step % interval == 0)
    }

    /// Whether the scores are brought up to date in step `step`.
    func updatesScores(step: Int) -> Bool { step < lastAllocation }

    /// T - t_f.
    var lastAllocation: Int { totalSteps - finalSteps }
}

extension AdaLoRASchedule {
    /// The schedule of a section for a run, or for a link of a chain.
    ///
    /// `tinit: auto` is an eighth of the steps and `tfinal: auto` half of them, about the middle of what the paper's experiments
    /// have (9 to 17 and 44 to 58 percent), less where the other one leaves less. A later link of a chain that is too short for
    /// the given values has these instead, so that no run ends at a knot.
    ///
    /// - Throws: ``AdapterError/optionMisfit(option:found:expected:)`` if no step is left for allocations.
    init(_ section: AdapterSection, layerCount: Int, run: AdapterRun) throws(AdapterError) {
        let total = run.steps.count
        var (initial, final) = (section.option("tinit")?.integer, section.option("tfinal")?.integer)
        if run.steps.lowerBound > 0, (initial ?? 0) + (final ?? 0) >= total { (initial, final) = (nil, nil) }
        // Two steps at least before the last allocation: the first one gives scores.
        let finalSteps = final ?? min(total / 2, max(total - 2 - (initial ?? 0), 0))
        let initialSteps = initial ?? min(total / 8, max(total - 1 - finalSteps, 0))
        guard initialSteps + finalSteps < total else {
            let givesInitial = initial != nil && (final == nil || initialSteps >= total)
            throw .optionMisfit(
                option: givesInitial ? "tinit" : "tfinal", found: "\(givesInitial ? initialSteps : finalSteps)",
                expected: "tinit + tfinal below the \(total) steps of the run, here \(initialSteps) + \(finalSteps)")
        }
        totalSteps = total
        (self.initialSteps, self.finalSteps) = (initialSteps, finalSteps)
        interval = section.option("delta-t")?.integer ?? 1
        initialBudget = layerCount * section.rank
        targetBudget = layerCount * (try Self.targetRank(section))
    }

    /// The rank of a layer at the end, on average.
    ///
    /// - Throws: ``AdapterError/optionMisfit(option:found:expected:)`` if it is above the initial one.
    static func targetRank(_ section: AdapterSection) throws(AdapterError) -> Int {
        let target = section.option("target-rank")?.integer ?? max(section.rank * 2 / 3, 1)
        guard target <= section.rank else {
            throw .optionMisfit(
                option: "target-rank", found: "\(target)", expected: "at most adapter.rank, \(section.rank)")
        }
        return target
    }
}
