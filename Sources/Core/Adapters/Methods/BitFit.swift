import CatenaEngine
import CatenaModels

extension AdapterMethod {
    /// BitFit: the biases of the model are trained and nothing else.
    ///
    ///     Y = X Wᵀ + b      db = Σ rows of dY      of every linear layer of the blocks (and of the pooler) and of every LayerNorm
    ///
    /// Models of the Llama kind have no biases (Qwen2 has those of q, k, v) and are refused. Weight decay does not apply. The
    /// files are Catena's own; the merged model is exact. Parameters: the biases' sizes.
    ///
    /// - Source: Ben Zaken, Ravfogel and Goldberg 2021, *BitFit*, arXiv:2106.10199.
    package static let bitfit: AdapterMethod = .init(
        name: "bitfit", summary: "the biases of linear layers and norms",
        formula: """
            Y = X Wᵀ + b      b trained, of every linear layer of the blocks
            LayerNorm's b trained
            it begins with the model's own biases; models without biases (Llama, Mistral, Qwen3) are refused
            """, parameterFormula: "Σ out of the layers with a bias + Σ width of the LayerNorms",
        source: "Ben Zaken et al. 2021, BitFit, arXiv:2106.10199", commonKeys: [.initial]
    ) { request in
        let model = request.model
        let blocks = model.blocks.flatMap { $0.normVectors + $0.linears.compactMap(\.bias) }
        let head = model.head.linears.filter { linear in !request.saved.contains { $0 === linear } }.compactMap(\.bias)
        let biases = (blocks + model.head.normVectors + head).filter {
            $0.name.hasSuffix(".bias")
        }
        guard !biases.isEmpty else {
            throw AdapterError.nothingToTrain(
                method: "bitfit", what: "biases",
                advice: "use ln-tuning, which trains the norms, or ia3, which scales activations, of similar size")
        }
        return AttachedAdapter(
            request.section, vectors: biases.map { ($0, $0.trainableParameter(prefix: PEFT.prefix)) })
    }
}

extension AttachedAdapter {
    /// Vectors of the base and nothing else.
    convenience init(
        _ section: AdapterSection, vectors: [(vector: LayerVector, parameter: Parameter)]
    ) {
        self.init(section, parameters: vectors.map(\.parameter), trainedVectors: vectors)
    }
}
