import CatenaAdapters
import CatenaLearning
import CatenaDistributed
import CatenaEngine
import CatenaModels
import CatenaSchema

/// All numbers that adapters begin with: parameters and buffers.
private func firstValues(
    _ method: String, of placed: PlacedModel, options: [String: ConfigurationValue] = [:], unsupervised: Bool = false,
    _ communicator: any Communicator
) throws -> [Float] {
    let model = placed.model
    var section = try AdapterMethod.named(method).defaultSection
    (section.rank, section.alpha) = (4, 6)
    section.options = section.options.map { .init($0.key, options[$0.key] ?? $0.value) }
    let adapter = try model.attachAdapters(section, seed: 3)
    _ = ParameterSet(adapter.parameters, memory: model.engine.memory)
    try model.initialiseAdapters(communicator)
    var inputs = microBatches(5)
    if unsupervised { for index in inputs.indices { inputs[index].targets = inputs[index].targets.map { _ in -100 } } }
    try model.initialiseFromGradients(communicator, step: 0, microBatchCount: inputs.count) { inputs[$0] }
    return adapter.parameters.flatMap { $0.value.elements() } + adapter.extraState.flatMap { $0.values.elements() }
}

private func sameFirstValues(_ method: String, _ options: [String: ConfigurationValue]) -> Check {
    let variant = options.map { ", \($0.key) \($0.value.inlineYAML)" }.sorted().joined()
    return Check(name: "first values of \(method)\(variant) do not depend on ranks and placement") {
        communicator, expectations in
        for kind in ["bfloat16", "gguf q4_1"] {
            let model = try StoredModel(kind: kind, communicator: communicator)
            let alone = SingleProcessCommunicator()
            let expected = try firstValues(
                method, of: placed(model, .replicated, alone), options: options, alone)
            expectations.expect(expected.contains { $0 != 0 }, "\(kind): nothing but zeros")
            for placement in [RunConfiguration.DistributedSection.Placement.replicated, .node, .sharded] {
                for prefetch in placement == .sharded ? [true, false] : [true] {
                    let found = try firstValues(
                        method, of: placed(model, placement, prefetch: prefetch, communicator), options: options,
                        communicator)
                    expectations.expect(
                        found == expected, "\(kind), \(placement.rawValue), prefetch \(prefetch): other bits")
                }
            }
            try model.remove(communicator)
        }
    }
}

let initialisationChecks: [Check] = [
    sameFirstValues("pissa", [:]), sameFirstValues("pissa", ["iterations": .integer(2)]), sameFirstValues("olora", [:]),
    sameFirstValues("sorsa", [:]), sameFirstValues("lora-ga", [:]),
    sameFirstValues("lora-ga", ["scale": .text("weight"), "iterations": .text("exact")]),
    Check(name: "batches without a supervised token have no gradient to begin with, on every rank") {
        communicator, expectations in
        let model = try StoredModel(kind: "bfloat16", communicator: communicator)
        do {
            _ = try firstValues(
                "lora-ga", of: placed(model, .sharded, communicator), unsupervised: true, communicator)
            expectations.fail("no error")
        } catch {
            expectations.expect("\(error)".contains("no position with a loss weight"), "\(error)")
        }
        try model.remove(communicator)
    },
]
