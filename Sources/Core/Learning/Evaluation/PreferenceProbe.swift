package import CatenaEngine
package import CatenaFiles
package import CatenaModels

/// What a model and the same without its adapters compute for a ``PreferenceProbeInput``, under ``DirectPreference`` with its defaults.
package struct PreferenceProbe {
    /// Log-probabilities of the answers, summed over their tokens: the chosen and the rejected one of each pair.
    package struct Answers: Equatable, Sendable {
        /// Of the chosen ones.
        package let chosen: [Double]
        /// Of the rejected ones.
        package let rejected: [Double]

        fileprivate init(measures: [Double]) {
            chosen = stride(from: 0, to: measures.count, by: 2).map { -measures[$0] }
            rejected = stride(from: 1, to: measures.count, by: 2).map { -measures[$0] }
        }
    }

    /// Of the model with its adapters.
    package let policy: Answers
    /// Of the frozen model.
    package let reference: Answers
    /// The loss of each pair.
    package let losses: [Double]
    /// Their mean.
    package let loss: Double
    /// The gradient of `loss` by each adapter parameter, under its PEFT name.
    package let gradients: [(name: String, shape: [Int], values: [Float])]

    /// Computes all of it, and the gradients of `trainable` if it is given.
    package init(_ input: PreferenceProbeInput, model: LanguageModel, trainable: ParameterSet? = nil) throws {
        let (batch, objective) = (input.batch, DirectPreference())
        reference = Answers(
            measures: try model.with(adapters: nil) { try model.losses([batch], objective: objective)[0].measures })
        trainable?.gradients.fill(0)
        let found =
            trainable == nil
            ? try model.losses([batch], objective: objective)[0]
            : GradientPass(model: model, objective: objective).run(batch)
        policy = Answers(measures: found.measures)
        loss = found.sum / found.weight
        let (policy, reference) = (policy, reference)
        losses = policy.chosen.indices.map { pair in
            let (chosen, rejected) = (policy.chosen[pair], policy.rejected[pair])
            let margin = (chosen - rejected) - (reference.chosen[pair] - reference.rejected[pair])
            return objective.pair(margin: objective.beta * margin).loss
        }
        gradients = trainable?.means(overWeight: found.weight) ?? []
    }

    /// Writes `policy_chosen_logps`, `policy_rejected_logps`, `reference_chosen_logps`, `reference_rejected_logps` and `losses`, one
    /// number a pair, `loss` `[1]` and `grad.<name>` for each gradient as float32 safetensors.
    package func write(to path: String) throws(FileError) {
        var writer = SafetensorsWriter()
        for (name, values) in [
            ("policy_chosen_logps", policy.chosen), ("policy_rejected_logps", policy.rejected),
            ("reference_chosen_logps", reference.chosen), ("reference_rejected_logps", reference.rejected),
            ("losses", losses), ("loss", [loss]),
        ] {
            writer.append(name, shape: [values.count], .float32(values.map { Float($0) }))
        }
        for gradient in gradients {
            writer.append("grad." + gradient.name, shape: gradient.shape, .float32(gradient.values))
        }
        try writer.write(to: path)
    }
}

extension ParameterSet {
    /// The gradients of a mean, of a sum of `weight` terms whose gradients are here.
    func means(overWeight weight: Double) -> [(name: String, shape: [Int], values: [Float])] {
        let scale = Float(1 / weight)
        return parameters.enumerated().map { index, parameter in
            (parameter.name, parameter.shape, gradient(of: index).elements().map { $0 * scale })
        }
    }
}
