import CatenaCore
import CatenaEngine
import CatenaFiles

/// Weights of which each process keeps 1/P of every block in the stored form, whatever that is.
///
/// A block is gathered just before it is used, decoded to float32, and dropped after. A model of L layers whose blocks
/// take S bytes then needs S/P for the shard, one gathered block (the largest) and one decoded one. Vectors (norms, biases)
/// are on every process.
final class ShardedWeights: WeightStore, BlockResidency {
    private let files: FileWeights
    private let engine: Engine
    private let clock = ContinuousClock()
    private var images: [BlockImage] = []
    private var imageOfBlock: [BlockID: Int] = [:]
    private var gatherer: BlockGatherer?
    private var shards: UnsafeMutableRawBufferPointer?
    private var ranges: [Range<Int>] = []
    private var receivedBytes: [Int] = []
    private var decoded: Tensor?
    private var current: BlockID?
    /// What it has cost.
    private(set) var traffic = GatherTraffic()
    /// Bytes this process has read from the files.
    private(set) var bytesRead = 0
    /// Bytes of this process's shard of all blocks.
    private(set) var shardBytes = 0

    init(files: FileWeights, engine: Engine) {
        self.files = files
        self.engine = engine
    }

    deinit {
        // The thread that gathers reads the shards.
        if gatherer?.stop() ?? true { shards?.deallocate() }
    }

    var residency: (any BlockResidency)? { self }

    func vector(_ name: String, count: Int) throws -> Tensor { try files.vector(name, count: count) }

    func matrix(_ name: String, rows: Int, columns: Int, role: Role, in block: BlockID) throws -> any FrozenWeight {
        let matrix = try files.stored(name, rows: rows, columns: columns)
        let index = imageOfBlock[block] ?? images.count
        if index == images.count {
            images.append(BlockImage())
            imageOfBlock[block] = index
        }
        return GatheredWeight(part: images[index].append(matrix), block: block, weights: self)
    }

    /// Reads this process's part of every block, when the model has been built.
    ///
    /// - Throws: ``FileError`` if a file cannot be read.
    func readShards(ring: any GatherRing, prefetches: Bool) throws {
        // A tied head is the embedding's table.
        if imageOfBlock[.head] == nil { imageOfBlock[.head] = imageOfBlock[.embedding] }
        let offsets = images.map { $0.shardOffsets(count: ring.size) }
        ranges = offsets.map { Int($0[ring.position])..<Int($0[ring.position + 1]) }
        shardBytes = ranges.reduce(0) { $0 + $1.count }
        let memory = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(shardBytes, 1), alignment: BlockImage.alignment)
        shards = memory
        let source = StoredBytes()
        var start = 0
        var sources: [BlockGatherer.Source] = []
        for (index, image) in images.enumerated() {
            let shard = UnsafeMutableRawBufferPointer(rebasing: memory[start..<start + ranges[index].count])
            if let base = shard.baseAddress { try image.read(ranges[index], into: base, from: source) }
            sources.append(.init(shard: .init(shard), offsets: offsets[index]))
            start += shard.count
        }
        bytesRead = source.byteCount
        receivedBytes = zip(images, ranges).map { $0.byteCount - $1.count }
        let largest = imageOfBlock.filter { $0.key != .embedding }.map { images[$0.value].decodedCount }.max() ?? 0
        decoded = engine.memory.tensor(rows: 1, columns: largest)
        gatherer = BlockGatherer(sources: sources, ring: ring, prefetches: prefetches)
    }

    func announce(_ visits: [BlockID]) {
        gatherer?.announce(visits.compactMap { imageOfBlock[$0] })
    }

    func acquire(_ block: BlockID) throws {
        guard let index = imageOfBlock[block], let gatherer else { return }
        let begin = clock.now
        try gatherer.take(index)
        traffic.waitedSeconds += (clock.now - begin) / .seconds(1)
        traffic.gathers += 1
        traffic.bytesReceived += receivedBytes[index]
        current = block
        // Rows of the embedding are looked up where they lie.
        guard block != .embedding, let decoded else { return }
        for part in images[index].parts {
            part.matrix.decode(
                from: gatherer.image + part.offset, into: decoded.pointer + part.decodedOffset, threads: engine.threads)
        }
        gatherer.giveBack()
    }

    func release(_ block: BlockID) {
        if block == .embedding { gatherer?.giveBack() }
        current = nil
    }

    /// The elements of a float32 matrix that lie in this process's shard, counted row by row, and where they are.
    func ownElements(of part: BlockImage.Part, in block: BlockID) -> (
        elements: Range<Int>, memory: UnsafeMutablePointer<Float>
    )? {
        guard let index = imageOfBlock[block], let shards else { return nil }
        let own = ranges[index].clamped(to: part.offset..<part.offset + part.matrix.byteCount)
        guard !own.isEmpty, let base = shards.baseAddress else { return nil }
        let start = ranges[..<index].reduce(0) { $0 + $1.count } + own.lowerBound - ranges[index].lowerBound
        let size = MemoryLayout<Float>.stride
        return (
            (own.lowerBound - part.offset) / size..<(own.upperBound - part.offset) / size,
            (base + start).assumingMemoryBound(to: Float.self)
        )
    }

    /// The decoded matrix `part`, while its block is at hand.
    fileprivate func tensor(_ part: BlockImage.Part, of block: BlockID) -> Tensor {
        guard let decoded, let current, current != .embedding, imageOfBlock[current] == imageOfBlock[block] else {
            preconditionFailure("\(part.matrix.stored.name) is used while \(block) is not at hand")
        }
        return Tensor(
            storage: decoded.storage, offset: decoded.offset + part.decodedOffset, rows: part.matrix.rows,
            columns: part.matrix.columns)
    }

    /// The image that the lookup of rows reads, while the embedding is at hand; nil otherwise.
    fileprivate var embeddingImage: UnsafeRawPointer? {
        current == .embedding ? gatherer.map { UnsafeRawPointer($0.image) } : nil
    }
}

/// A matrix that is there while its block is.
final class GatheredWeight: FrozenWeight {
    let part: BlockImage.Part
    let block: BlockID
    // The model that holds the matrices holds their weights, too.
    unowned let weights: ShardedWeights

    init(part: BlockImage.Part, block: BlockID, weights: ShardedWeights) {
        self.part = part
        self.block = block
        self.weights = weights
    }

    var outFeatures: Int { part.matrix.rows }
    var inFeatures: Int { part.matrix.columns }
    var storedBytes: Int { part.matrix.byteCount }
    var plain: Tensor? { weights.tensor(part, of: block) }

    func multiply(_ x: Tensor, into y: Tensor, engine: Engine) {
        Float32Weight(weights.tensor(part, of: block)).multiply(x, into: y, engine: engine)
    }

    func multiplyTransposed(_ dY: Tensor, into dX: Tensor, accumulate: Bool, engine: Engine) {
        Float32Weight(weights.tensor(part, of: block))
            .multiplyTransposed(dY, into: dX, accumulate: accumulate, engine: engine)
    }

    func decode(rows: Range<Int>, into destination: UnsafeMutablePointer<Float>) {
        guard let image = weights.embeddingImage else {
            let source = weights.tensor(part, of: block).rows(rows)
            return destination.update(from: source.pointer, count: source.count)
        }
        for (index, row) in rows.enumerated() {
            part.matrix.decodeRow(row, from: image + part.offset, into: destination + index * inFeatures)
        }
    }
}
