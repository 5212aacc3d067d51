import CatenaEngine
import CatenaFiles
import CatenaModels

/// A matrix that is there while its block is.
final class GatheredWeight: FrozenWeight {
    let part: BlockImage.Part
    let block: BlockID
    // The model that holds the matrices holds their weights, too.
    unowned let weights: ShardedWeights
    private var opened: (any FrozenWeight)?

    init(part: BlockImage.Part, block: BlockID, weights: ShardedWeights) {
        self.part = part
        self.block = block
        self.weights = weights
    }

    /// Says where the block will be ready for products.
    func open(_ working: UnsafeMutableRawPointer, owner: AnyObject) {
        opened = unsafe part.form.weight(
            at: WeightMemory(bytes: working + part.workingOffset, owner: owner, isShared: false))
    }

    var outFeatures: Int { part.form.rows }
    var inFeatures: Int { part.form.columns }
    var storedBytes: Int { part.form.sentBytes }
    var plain: Tensor? { atHand.plain }

    /// The matrix, whose block has to be at hand.
    private var atHand: any FrozenWeight {
        guard let opened, weights.isAtHand(block) else {
            preconditionFailure("a matrix is used while \(block) is not at hand")
        }
        return opened
    }

    func multiply(_ x: Tensor, into y: Tensor, engine: Engine) { atHand.multiply(x, into: y, engine: engine) }

    func multiplyTransposed(_ dY: Tensor, into dX: Tensor, accumulate: Bool, engine: Engine) {
        atHand.multiplyTransposed(dY, into: dX, accumulate: accumulate, engine: engine)
    }

    func decode(rows: Range<Int>, into destination: UnsafeMutablePointer<Float>) {
        if let inFile = part.form.inFile { return unsafe inFile.decode(rows: rows, into: destination) }
        guard let image = unsafe weights.embeddingImage, let stored else {
            if let stored, !weights.isAtHand(block), let file = unsafe stored.stored.bytes.baseAddress {
                return unsafe stored.decode(rows: rows, from: file, into: destination)
            }
            return unsafe atHand.decode(rows: rows, into: destination)
        }
        for (index, row) in rows.enumerated() {
            unsafe stored.decodeRow(row, from: image + part.offset, into: destination + index * inFeatures)
        }
    }

    /// The file's matrix, where that is what is sent.
    var stored: StoredMatrix? { (part.form as? Float32Form)?.matrix }
}
