import CatenaModels

/// Bytes of a model's frozen matrices in the form that a format gives them.
///
///              multiplied from       sent                  looked up
///     float32  4 E                   S                     what is sent
///     bfloat16 S where S ≤ 2 E,      the same              in the file
///              else 2 E
///     int8     E                     the same              in the file
///
/// E: numbers of a block, S: bytes of its stored form.
struct PlannedWeights {
    private let inventory: ModelInventory
    private let storage: BaseStorage

    init(_ request: PlanRequest) { (inventory, storage) = (request.inventory, request.baseFormat.storage) }

    /// Whether rows of tables are read in the file, so that no table is kept or sent for them.
    var looksUpInFile: Bool { storage == .bfloat16 || storage == .int8 }

    /// Bytes from which the matrices of `block` are multiplied.
    func working(_ block: CountedMatrices) -> Int {
        switch storage {
        case .float32, .auto: 4 * block.elements
        case .bfloat16: min(block.storedBytes, 2 * block.elements)
        case .int8: block.elements
        }
    }

    /// Bytes that are gathered of `block`.
    func sent(_ block: CountedMatrices) -> Int { looksUpInFile ? working(block) : block.storedBytes }

    /// Bytes that are gathered for the lookup of rows.
    var sentEmbedding: Int { looksUpInFile ? 0 : inventory.embedding.storedBytes }

    /// Bytes that all ranks together keep where they are gathered.
    var sentTotal: Int {
        looksUpInFile
            ? (inventory.layers + [inventory.projection]).reduce(0) { $0 + sent($1) } : inventory.matrices.storedBytes
    }

    /// Bytes of the largest block that is gathered, and of the largest that is ready for products.
    var largest: (sent: Int, working: Int) {
        let multiplied = inventory.layers + [inventory.projection]
        return (
            max(multiplied.map(sent).max() ?? 0, sentEmbedding), multiplied.map(working).max() ?? 0
        )
    }

    /// Bytes of mapped files from which rows are looked up.
    var lookedUp: Int { looksUpInFile && inventory.head.elements > 0 ? inventory.embedding.storedBytes : 0 }

    /// Bytes of a rank's own and of mapped files for matrices that are whole on each rank.
    var whole: (own: Int, mapped: Int) {
        let multiplied = inventory.layers + [inventory.projection]
        switch storage {
        case .float32, .auto:
            let mapped = 4 * inventory.matrices.mappedElements
            return (4 * inventory.matrices.elements - mapped, mapped)
        case .bfloat16:
            let inFile = multiplied.filter { $0.storedBytes <= 2 * $0.elements }
            let rounded = multiplied.filter { $0.storedBytes > 2 * $0.elements }
            return (rounded.reduce(0) { $0 + working($1) }, inFile.reduce(lookedUp) { $0 + $1.storedBytes })
        case .int8:
            return (multiplied.reduce(0) { $0 + working($1) }, lookedUp)
        }
    }
}
