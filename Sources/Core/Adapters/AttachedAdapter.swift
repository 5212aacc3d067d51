public import CatenaEngine
public import CatenaModels

/// All adapters that a method made for a model, with what belongs to them.
public final class AttachedAdapter {
    /// The configuration that they were made from.
    public let section: AdapterSection
    /// The method's trained tensors, each once.
    let methodParameters: [Parameter]
    /// Modules of the head that are trained whole beside the method's tensors.
    private(set) var savedModules: [SavedModule] = []
    /// Tensors that are not trained but needed to go on: first values, frozen random matrices.
    public let buffers: [AdapterBuffer]
    /// What happens beside the optimizer in each step.
    public let rule: (any AdapterRule)?
    /// The adapters of linear layers.
    public let linearAdapters: [(layer: Linear, adapter: any LinearAdapter)]
    /// The adapters behind attention and feed-forward parts.
    let sublayerAdapters: [(layer: any TransformerLayer, place: Sublayer, adapter: any SublayerAdapter)]
    /// Vectors of the base (norms, biases) that are trained, with their parameters.
    let trainedVectors: [(vector: LayerVector, parameter: Parameter)]
    /// Matrices of the base that are trained, with their parameters.
    let trainedMatrices: [(matrix: any TrainableMatrix, parameter: Parameter)]

    public init(
        _ section: AdapterSection, parameters: [Parameter], buffers: [AdapterBuffer] = [],
        rule: (any AdapterRule)? = nil, linearAdapters: [(layer: Linear, adapter: any LinearAdapter)] = [],
        sublayerAdapters: [(layer: any TransformerLayer, place: Sublayer, adapter: any SublayerAdapter)] = [],
        trainedVectors: [(vector: LayerVector, parameter: Parameter)] = [],
        trainedMatrices: [(matrix: any TrainableMatrix, parameter: Parameter)] = []
    ) {
        self.section = section
        methodParameters = parameters
        self.buffers = buffers
        self.rule = rule
        self.linearAdapters = linearAdapters
        self.sublayerAdapters = sublayerAdapters
        self.trainedVectors = trainedVectors
        self.trainedMatrices = trainedMatrices
    }

    /// One adapter for each requested layer, with its own parameters.
    convenience init<Adapter: LinearAdapter>(
        each request: AdapterRequest, _ make: (Linear) throws -> Adapter, parameters: (Adapter) -> [Parameter]
    ) rethrows {
        let adapters = try request.layers.map { (layer: $0, adapter: try make($0)) }
        self.init(
            request.section, parameters: adapters.flatMap { parameters($0.adapter) }, linearAdapters: adapters)
    }

    /// Trained tensors, each once: the method's, then those of the saved modules. The order is fixed: it is the order of reduction
    /// and of checkpoints.
    public var parameters: [Parameter] { methodParameters + headParameters }

    /// Those of the saved modules.
    package var headParameters: [Parameter] { savedModules.flatMap(\.parameters) }

    /// Trains `linears` whole beside the method's tensors.
    func save(_ linears: [Linear]) { savedModules = linears.map(SavedModule.init) }

    /// The adapters behind sublayers with the paths of their layers.
    public var sublayers: [(path: String, adapter: any SublayerAdapter)] {
        sublayerAdapters.map { ($0.adapter.path, $0.adapter) }
    }

    /// Whether the model with its adapters can be written as a model without.
    public var isMergeable: Bool { sublayerAdapters.isEmpty }

    /// The registry's entry.
    public var method: AdapterMethod? { AdapterMethod.all.first { $0.name == section.method } }
}

extension AttachedAdapter: AdapterSet {
    /// Gives the parameters memory of their own and their first values, without gradients: for a set that is not trained.
    public func freeze(memory: TensorMemory) {
        for parameter in parameters { parameter.bindFrozen(memory: memory) }
    }

    public func stand(_ stands: Bool) {
        for (layer, own) in linearAdapters { layer.adapter = stands ? own : nil }
        for (layer, place, own) in sublayerAdapters { layer.sublayerAdapters[place] = stands ? own : nil }
        for (vector, parameter) in trainedVectors { vector.train(stands ? parameter : nil) }
        for (matrix, parameter) in trainedMatrices { matrix.train(stands ? parameter : nil) }
        for module in savedModules { module.train(stands) }
    }
}

extension LanguageModel {
    /// The adapters that are trained now; see ``install(_:)``.
    public var attached: AttachedAdapter? { installed as? AttachedAdapter }
}

/// A tensor of an adapter that is not trained but belongs to its state.
public final class AdapterBuffer {
    /// Name in the state's file.
    public let name: String
    /// Shape there.
    public let shape: [Int]
    private let memory: TensorMemory
    private let initialise: (Tensor) -> Void

    /// A buffer that `initialise` fills at its first use.
    init(
        name: String, shape: [Int], memory: TensorMemory, initialise: @escaping (Tensor) -> Void = { $0.fill(0) }
    ) {
        (self.name, self.shape, self.memory, self.initialise) = (name, shape, memory, initialise)
    }

    /// The numbers; all but the last dimension are rows.
    public private(set) lazy var value: Tensor = {
        let columns = shape.last ?? 1
        let tensor = memory.tensor(rows: shape.reduce(1, *) / max(columns, 1), columns: columns)
        initialise(tensor)
        return tensor
    }()
}
