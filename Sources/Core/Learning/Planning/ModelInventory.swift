package import CatenaAdapters
import CatenaEngine
import CatenaFiles
package import CatenaModels

/// The sizes of a model's blocks and of what is trained in it, counted by building the model without its numbers.
package struct ModelInventory: Sendable, Equatable {
    /// Shape and options of the model.
    package let configuration: ModelConfiguration
    /// The tables of token and position vectors.
    package let embedding: CountedMatrices
    /// The transformer layers.
    package let layers: [CountedMatrices]
    /// The projection to the vocabulary; empty where it is the embedding's table.
    package let head: CountedMatrices
    /// Numbers in norms and biases.
    package let vectorElements: Int
    /// What is trained: the adapter's tensors, or all.
    package let trained: [TrainedPlace]
    /// What each layer takes for a token.
    package let cost: BlockCost
    /// Columns of the activations inside all adapters of a layer, on average: r for each adapted matrix, and what adapters
    /// behind sublayers keep.
    package let adapterWidth: Int
    /// Numbers that an adapter keeps beside the trained ones, on every rank: constant factors, scores.
    package let adapterKeptElements: Int
    /// Numbers in the tensors that its passes make whatever their tokens.
    package let adapterPassElements: Int

    /// Counts the model of this shape.
    ///
    /// - Parameter adapter: nil if every parameter is trained.
    /// - Throws: ``ModelError/encoding(_:columns:name:)``, or what the model's files and the adapter's method throw.
    package init(
        configuration: ModelConfiguration, storage: CountedWeights.Storage, adapter: AdapterSection?
    ) throws {
        guard configuration.images == nil else {
            throw ModelError.wrongTask(
                "a \(configuration.family)", needed: "a language model, whose memory and time are what is planned")
        }
        let weights = CountedWeights(storage)
        let model = try LanguageModel(configuration: configuration, weights: weights, engine: Engine(threads: 1))
        self.configuration = configuration
        embedding = weights.blocks[.embedding] ?? CountedMatrices()
        layers = (0..<configuration.layerCount).map { weights.blocks[.layer($0)] ?? CountedMatrices() }
        head = weights.blocks[.head] ?? CountedMatrices()
        cost = model.layers.reduce(BlockCost()) { $0.largest(with: $1.cost) }
        vectorElements = weights.vectorElements
        let vectors = model.normVectors + model.linears.compactMap(\.bias)
        let modules = model.linears.map(\.path) + (vectors.map(\.name) + model.tables.map(\.name)).map(Self.module(of:))
        if let adapter {
            let attached = try model.attachAdapters(adapter, seed: 0)
            trained = TrainedPlace.all(of: attached.parameters, modules: Set(modules))
            adapterWidth = (attached.keptColumns + layers.count - 1) / max(layers.count, 1)
            (adapterKeptElements, adapterPassElements) = (attached.keptElements, attached.passElements)
        } else {
            trained = TrainedPlace.all(of: model.makeAllTrainable(), modules: Set(modules))
            (adapterWidth, adapterKeptElements, adapterPassElements) = (0, 0, 0)
        }
    }

    /// The path of the module that has a tensor.
    private static func module(of tensor: String) -> String {
        tensor.split(separator: ".").dropLast().joined(separator: ".")
    }

    /// Numbers that are trained.
    package var trainableElements: Int { trained.reduce(0) { $0 + $1.elements } }

    /// All matrices together.
    package var matrices: CountedMatrices { layers.reduce(embedding + head, +) }

    /// Numbers in the whole model.
    package var parameterCount: Int { matrices.elements + vectorElements }

    /// The block that the projection to the vocabulary uses.
    package var projection: CountedMatrices {
        head.elements > 0 || configuration.sequenceHead != nil ? head : embedding
    }
}
