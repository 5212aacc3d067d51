import CatenaCore

/// A method, an objective and a family of one's own, trained without a configuration.
enum OwnParts {
    static func train(modelPath: String) throws {
        let engine = Engine(threads: 2)
        let files = try ModelFiles(modelAt: modelPath)
        let weights = ReplicatedWeights(files, engine: engine)
        let model = try LanguageModel(configuration: files.configuration, weights: weights, engine: engine) {
            configuration, weights, engine in
            let rotary = configuration.rotaryTable(memory: engine.memory)
            return try (0..<configuration.layerCount).map {
                try ParallelLayer(index: $0, configuration, rotary: rotary, weights: weights)
            }
        }
        var section = AdapterSection()
        section.method = "output-scale"
        let scales = model.linears.map { (layer: $0, adapter: OutputScale($0)) }
        let adapter = AttachedAdapter(section, parameters: scales.map(\.adapter.scale), linearAdapters: scales)
        model.install(adapter)

        let parameters = ParameterSet(adapter.parameters, memory: engine.memory)
        let optimizer = AdamW(
            parameters, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, engine: engine)
        let pass = GradientPass(model: model, objective: FocalNextToken(gamma: 2))
        let batch = Batch(sequences: [Array(0..<16), Array(16..<24)])
        for step in 1...5 {
            parameters.gradients.fill(0)
            let loss = pass.run(batch)
            optimizer.step(learningRate: 1e-2, gradientScale: 1 / loss.weight)
            print("step \(step): loss \(loss.sum / loss.weight)")
        }
    }
}
