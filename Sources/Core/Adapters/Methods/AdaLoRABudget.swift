import CatenaEngine
import CatenaModels
import CatenaSchema

/// AdaLoRA's rule: scores every rank of every layer, keeps the best that the budget allows, and pulls A and B towards
/// orthogonality.
///
///     loss + γ · mean over all A and B of ‖A Aᵀ - I‖ and ‖Bᵀ B - I‖        Frobenius norms, not squared
///
///     I = |w ∂L/∂w|    Ī ← β₁ Ī + (1 - β₁) I    Ū ← β₂ Ū + (1 - β₂) |I - Ī|    for every entry w of A, B, E, from 0
///     S = Ī Ū of Eᵢ + mean over row i of A + mean over column i of B
///
/// An allocation keeps exactly b(t) ranks of all layers together, those with the highest S, the earlier layer and then the
/// earlier rank where scores are equal, and sets E of the others to zero; A and B stay, so a rank can come back until the last
/// allocation. It keeps all while b(t) is all, and changes nothing while every score is zero. Everything follows from the
/// reduced gradient and the step, so all processes do the same.
///
/// - Source: Zhang et al. 2023, arXiv:2303.10512, equations 7 to 10; un-squared mean of norms, clipped gradient and order of
///   scoring and update as in the authors' code and in peft `adalora/model.py` and `adalora/layer.py`. Those compare with a
///   threshold, which prunes all ranks of equal score.
final class AdaLoRABudget: AdapterRule {
    private let section: AdapterSection
    private let layers: [(layer: Linear, adapter: AdaLoRA)]
    private let engine: Engine
    private let (beta1, beta2, orthogonalWeight): (Float, Float, Double)
    private let scoresBeforeUpdate: Bool
    private var begin = 0
    /// Set when the run is known.
    private(set) var schedule: AdaLoRASchedule?
    /// `total_step` of the file that the adapter came from.
    var totalStepsOfFile: Int?
    /// A, E and B of all layers: what the rule scores, whatever else a run trains.
    private let scored: [Parameter]
    /// First number of each of them in `sensitivity` and `uncertainty`.
    private let starts: [Int]
    /// Ī and Ū of `scored`, `[1, count]`.
    private lazy var sensitivity = zeros()
    private lazy var uncertainty = zeros()

    /// - Throws: ``AdapterError/optionMisfit(option:found:expected:)`` if the target rank is above the initial one.
    init(
        _ section: AdapterSection, layers: [(layer: Linear, adapter: AdaLoRA)], engine: Engine
    ) throws(AdapterError) {
        _ = try AdaLoRASchedule.targetRank(section)
        self.section = section
        self.layers = layers
        scored = layers.flatMap(\.adapter.parameters)
        starts = scored.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }
        self.engine = engine
        beta1 = Float(section.option("beta1")?.number ?? 0.85)
        beta2 = Float(section.option("beta2")?.number ?? 0.85)
        orthogonalWeight = section.option("orthogonal-weight")?.number ?? 0
        scoresBeforeUpdate = section.option("score")?.text == "before-update"
    }

    private func zeros() -> Tensor { engine.memory.zeros(rows: 1, columns: parameterCount) }

    private var parameterCount: Int { starts[scored.count] }

    /// Ī, Ū and the masks.
    var stateElements: Int { 2 * parameterCount + layers.count * section.rank }

    var state: [(name: String, values: Tensor)] {
        [("sensitivity", sensitivity), ("uncertainty", uncertainty)]
            + layers.map { ("mask." + $0.layer.path, $0.adapter.mask) }
    }

    func prepare(_ run: AdapterRun) throws {
        begin = run.steps.lowerBound
        schedule = try AdaLoRASchedule(section, layerCount: layers.count, run: run)
    }

    func addPenalty(to parameters: ParameterSet, scale: Double) -> Double {
        guard orthogonalWeight > 0 else { return 0 }
        let share = orthogonalWeight / Double(2 * layers.count)
        var sum = 0.0
        for (_, adapter) in layers {
            sum += Orthonormality.pull(
                .rows, of: adapter.a.value, gradient: parameters.gradient(of: adapter.a), scale: scale * share,
                engine: engine)
            sum += Orthonormality.pull(
                .columns, of: adapter.b.value, gradient: parameters.gradient(of: adapter.b), scale: scale * share,
                engine: engine)
        }
        return share * sum
    }

    func beforeUpdate(_ parameters: ParameterSet, gradientScale: Double, step: Int) {
        if scoresBeforeUpdate { updateScores(parameters, gradientScale: gradientScale, step: step) }
    }

    func afterUpdate(_ parameters: ParameterSet, gradientScale: Double, step: Int) {
        guard let schedule else { preconditionFailure("a step of a run that was not prepared") }
        if !scoresBeforeUpdate { updateScores(parameters, gradientScale: gradientScale, step: step) }
        if schedule.allocates(step: step - begin) {
            allocate(budget: schedule.budget(step: step - begin), scores: scores())
            applyMasks()
        } else if step - begin > schedule.lastAllocation {
            applyMasks()
        }
    }

    private func updateScores(_ parameters: ParameterSet, gradientScale: Double, step: Int) {
        guard schedule?.updatesScores(step: step - begin) ?? false else { return }
        for (parameter, start) in zip(scored, starts) {
            unsafe updateScores(
                start, values: parameter.value.pointer, gradients: parameters.gradient(of: parameter).pointer,
                count: parameter.count, scale: Float(gradientScale))
        }
    }

    private func updateScores(
        _ start: Int, values: UnsafePointer<Float>, gradients: UnsafePointer<Float>, count: Int, scale: Float
    ) {
        let (sensitivity, uncertainty) = unsafe (sensitivity.pointer + start, uncertainty.pointer + start)
        let (beta1, beta2) = (beta1, beta2)
        engine.threads.runRows(count, minimumPerTask: 1 << 14) { range in
            for index in range {
                let importance = unsafe abs(values[index] * (gradients[index] * scale))
                let smoothed = unsafe beta1 * sensitivity[index] + (1 - beta1) * importance
                unsafe sensitivity[index] = smoothed
                unsafe uncertainty[index] = beta2 * uncertainty[index] + (1 - beta2) * abs(importance - smoothed)
            }
        }
    }

    /// S of all ranks, layer by layer.
    func scores() -> [Double] {
        layers.indices.flatMap { index in
            let adapter = layers[index].adapter
            let (rank, inFeatures, outFeatures) = (adapter.e.count, adapter.a.value.columns, adapter.b.value.rows)
            let starts = Array(starts[3 * index..<3 * index + 3])
            return (0..<rank).map { k in
                var (ofA, ofB) = (0.0, 0.0)
                for column in 0..<inFeatures { ofA += score(starts[0] + k * inFeatures + column) }
                for row in 0..<outFeatures { ofB += score(starts[2] + row * rank + k) }
                return score(starts[1] + k) + ofA / Double(inFeatures) + ofB / Double(outFeatures)
            }
        }
    }

    private func score(_ index: Int) -> Double {
        unsafe Double(sensitivity.pointer[index]) * Double(uncertainty.pointer[index])
    }

    /// Keeps the `budget` ranks with the highest scores.
    private func allocate(budget: Int, scores: [Double]) {
        guard budget >= scores.count || scores.contains(where: { $0 > 0 }) else { return }
        let order = scores.indices.sorted { scores[$0] == scores[$1] ? $0 < $1 : scores[$0] > scores[$1] }
        var isKept = [Bool](repeating: false, count: scores.count)
        for index in order.prefix(budget) { isKept[index] = true }
        let rank = section.rank
        for (layer, (_, adapter)) in layers.enumerated() {
            for k in 0..<rank { unsafe adapter.mask.pointer[k] = isKept[layer * rank + k] ? 1 : 0 }
        }
    }

    private func applyMasks() {
        for (_, adapter) in layers {
            for k in 0..<adapter.e.count where unsafe adapter.mask.pointer[k] == 0 {
                unsafe adapter.e.value.pointer[k] = 0
            }
        }
    }

    /// Steps of the schedule as files note them: those of the run, else those of the section and of the file it came from.
    var notedSteps: (initial: Int, final: Int, total: Int) {
        if let schedule { return (schedule.initialSteps, schedule.finalSteps, schedule.totalSteps) }
        let (initial, final) = (section.option("tinit")?.integer ?? 0, section.option("tfinal")?.integer ?? 0)
        return (initial, final, totalStepsOfFile ?? initial + final + 1)
    }
}
