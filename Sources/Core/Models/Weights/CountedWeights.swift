package import CatenaEngine
package import CatenaFiles

/// The frozen matrices of one block.
package struct CountedMatrices: Sendable, Equatable {
    /// Numbers in them.
    package var elements = 0
    /// Bytes of their stored form.
    package var storedBytes = 0
    /// Numbers in those that a file holds as float32, ready to be mapped.
    package var mappedElements = 0

    /// Empty.
    package init() {}

    /// The sum of two blocks.
    package static func + (left: CountedMatrices, right: CountedMatrices) -> CountedMatrices {
        var sum = left
        sum.elements += right.elements
        sum.storedBytes += right.storedBytes
        sum.mappedElements += right.mappedElements
        return sum
    }
}

/// Counts what a model asks for and gives it matrices of zeros that take no memory.
package final class CountedWeights: WeightStore {
    /// How the matrices are stored.
    package enum Storage {
        /// All in one encoding, for a model that is not there.
        case encoding(TensorEncoding)
        /// As in these files.
        case files(ModelFiles)
    }

    private let storage: Storage
    private let memory = TensorMemory()
    package private(set) var blocks: [BlockID: CountedMatrices] = [:]
    package private(set) var vectorElements = 0

    package init(_ storage: Storage) { self.storage = storage }

    package func tensor(_ name: String, shape: [Int]) throws -> Tensor {
        let (rows, columns) = shape.rowsAndColumns
        vectorElements += rows * columns
        if case .files(let files) = storage { try files.requireTensor(name, shape: shape) }
        return memory.tensor(rows: rows, columns: columns)
    }

    package func matrix(_ name: String, rows: Int, columns: Int, role: Role, in block: BlockID) throws
        -> any FrozenWeight
    {
        var counted = CountedMatrices()
        counted.elements = rows * columns
        switch storage {
        case .encoding(let encoding):
            guard let bytes = encoding.byteCount(shape: [rows, columns]) else {
                throw ModelError.encoding(encoding.rawValue, columns: columns, name: name)
            }
            counted.storedBytes = bytes
            counted.mappedElements = encoding == .float32 ? rows * columns : 0
        case .files(let files):
            let matrix = try files.stored(name, rows: rows, columns: columns)
            counted.storedBytes = matrix.byteCount
            counted.mappedElements = matrix.mappedTensor == nil ? 0 : rows * columns
        }
        blocks[block] = (blocks[block] ?? CountedMatrices()) + counted
        return ZeroWeight(outFeatures: rows, inFeatures: columns, storedBytes: counted.storedBytes)
    }
}
