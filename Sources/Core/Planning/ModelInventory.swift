import CatenaEngine
public import CatenaFiles

/// The sizes of a model's blocks and of what is trained in it, counted by building the model without its numbers.
public struct ModelInventory: Sendable, Equatable {
    /// The frozen matrices of one block.
    public struct Block: Sendable, Equatable {
        /// Numbers in them.
        public var elements = 0
        /// Bytes of their stored form.
        public var storedBytes = 0
        /// Numbers in those that a file holds as float32, ready to be mapped.
        public var mappedElements = 0

        /// Empty.
        public init() {}

        /// The sum of two blocks.
        static func + (left: Block, right: Block) -> Block {
            var sum = left
            sum.elements += right.elements
            sum.storedBytes += right.storedBytes
            sum.mappedElements += right.mappedElements
            return sum
        }
    }

    /// How the matrices are stored.
    public enum Storage {
        /// All in one encoding, for a model that is not there.
        case encoding(TensorEncoding)
        /// As in these files.
        case files(ModelFiles)
    }

    /// Shape and options of the model.
    public let configuration: ModelConfiguration
    /// The tables of token and position vectors.
    public let embedding: Block
    /// The transformer layers.
    public let layers: [Block]
    /// The projection to the vocabulary; empty where it is the embedding's table.
    public let head: Block
    /// Numbers in norms and biases.
    public let vectorElements: Int
    /// What is trained: the adapter's tensors, or all.
    public let trained: [TrainedPlace]
    /// What each layer takes for a token.
    public let cost: BlockCost
    /// Columns of the activations inside all adapters of a layer, on average: r for each adapted matrix, and what adapters
    /// behind sublayers keep.
    public let adapterWidth: Int
    /// Numbers that an adapter keeps beside the trained ones, on every rank: constant factors, scores.
    public let adapterKeptElements: Int
    /// Numbers in the tensors that its passes make whatever their tokens.
    public let adapterPassElements: Int

    /// Counts the model of this shape.
    ///
    /// - Parameter adapter: nil if every parameter is trained.
    /// - Throws: ``PlanningError/encoding(_:columns:name:)``, or what the model's files and the adapter's method throw.
    public init(
        configuration: ModelConfiguration, storage: Storage, adapter: RunConfiguration.AdapterSection?
    ) throws {
        let weights = CountedWeights(storage)
        let model = try LanguageModel(configuration: configuration, weights: weights, engine: Engine(threads: 1))
        self.configuration = configuration
        embedding = weights.blocks[.embedding] ?? Block()
        layers = (0..<configuration.layerCount).map { weights.blocks[.layer($0)] ?? Block() }
        head = weights.blocks[.head] ?? Block()
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
    public var trainableElements: Int { trained.reduce(0) { $0 + $1.elements } }

    /// All matrices together.
    public var matrices: Block { layers.reduce(embedding + head, +) }

    /// Numbers in the whole model.
    public var parameterCount: Int { matrices.elements + vectorElements }

    /// The block that the projection to the vocabulary uses.
    public var projection: Block { head.elements > 0 || configuration.sequenceHead != nil ? head : embedding }
}

/// Counts what a model asks for and gives it matrices of zeros that take no memory.
final class CountedWeights: WeightStore {
    private let storage: ModelInventory.Storage
    private let memory = TensorMemory()
    private(set) var blocks: [BlockID: ModelInventory.Block] = [:]
    private(set) var vectorElements = 0

    init(_ storage: ModelInventory.Storage) { self.storage = storage }

    func vector(_ name: String, count: Int) throws -> Tensor {
        vectorElements += count
        if case .files(let files) = storage { try files.requireVector(name, count: count) }
        return memory.tensor(rows: 1, columns: count)
    }

    func matrix(_ name: String, rows: Int, columns: Int, role: Role, in block: BlockID) throws -> any FrozenWeight {
        var counted = ModelInventory.Block()
        counted.elements = rows * columns
        switch storage {
        case .encoding(let encoding):
            guard let bytes = encoding.byteCount(shape: [rows, columns]) else {
                throw PlanningError.encoding(encoding.rawValue, columns: columns, name: name)
            }
            counted.storedBytes = bytes
            counted.mappedElements = encoding == .float32 ? rows * columns : 0
        case .files(let files):
            let matrix = try files.stored(name, rows: rows, columns: columns)
            counted.storedBytes = matrix.byteCount
            counted.mappedElements = matrix.mappedTensor == nil ? 0 : rows * columns
        }
        blocks[block] = (blocks[block] ?? ModelInventory.Block()) + counted
        return ZeroWeight(outFeatures: rows, inFeatures: columns, storedBytes: counted.storedBytes)
    }
}
