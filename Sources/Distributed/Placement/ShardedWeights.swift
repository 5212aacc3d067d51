import CatenaEngine
import CatenaFiles
import CatenaModels

/// Weights of which each process keeps 1/P of every block as it is sent: the file's bytes, or those of a smaller format.
///
/// A block is gathered just before it is used, made ready for products, and dropped after. A model of L layers whose blocks
/// take S bytes then needs S/P for the shard, one gathered block (the largest) and one that is ready. Vectors (norms, biases)
/// are on every process; formats that read the rows of tables in the file have none of these to gather.
@safe final class ShardedWeights: WeightStore, BlockResidency {
    private let files: ModelFiles
    private let format: BaseFormat
    private let engine: Engine
    private let clock = ContinuousClock()
    private var images: [BlockImage] = []
    private var imageOfBlock: [BlockID: Int] = [:]
    private var gatherer: BlockGatherer?
    private var shards: UnsafeMutableRawBufferPointer?
    private var ranges: [Range<Int>] = []
    private var receivedBytes: [Int] = []
    private var matrices: [GatheredWeight] = []
    private var working: Tensor?
    private var current: BlockID?
    /// What it has cost.
    private(set) var traffic = GatherTraffic()
    /// Bytes this process has read from the files.
    private(set) var bytesRead = 0
    /// Bytes of this process's shard of all blocks.
    private(set) var shardBytes = 0

    init(files: ModelFiles, format: BaseFormat, engine: Engine) {
        (self.files, self.format, self.engine) = (files, format, engine)
    }

    deinit {
        // The thread that gathers reads the shards.
        if gatherer?.stop() ?? true { unsafe shards?.deallocate() }
    }

    var residency: (any BlockResidency)? { self }

    func tensor(_ name: String, shape: [Int]) throws -> Tensor {
        try files.tensor(name, shape: shape, engine: engine)
    }

    func matrix(_ name: String, rows: Int, columns: Int, role: Role, in block: BlockID) throws -> any FrozenWeight {
        // A classifier is trained whole, so that every process has it whole anyway.
        if role == .classifier {
            return try ReplicatedWeights(files, engine: engine).matrix(
                name, rows: rows, columns: columns, role: role, in: block)
        }
        let form = try files.form(name, rows: rows, columns: columns, role: role, format)
        if role == .embedding, let table = form.inFile { return table }
        // Of a table whose rows are read in the file only the head's products are left.
        let block = role == .head && form.inFile != nil ? .head : block
        let index = imageOfBlock[block] ?? images.count
        if index == images.count {
            images.append(BlockImage())
            imageOfBlock[block] = index
        }
        let matrix = GatheredWeight(part: images[index].append(form), block: block, weights: self)
        matrices.append(matrix)
        return matrix
    }

    /// Reads this process's part of every block, when the model has been built.
    ///
    /// - Throws: ``FileError`` if a file cannot be read.
    func readShards(ring: any GatherRing, prefetches: Bool) throws {
        // A tied head is the embedding's table.
        if imageOfBlock[.head] == nil, files.configuration.sequenceHead == nil {
            imageOfBlock[.head] = imageOfBlock[.embedding]
        }
        let offsets = images.map { $0.shardOffsets(count: ring.size) }
        ranges = offsets.map { Int($0[ring.position])..<Int($0[ring.position + 1]) }
        shardBytes = ranges.reduce(0) { $0 + $1.count }
        let memory = UnsafeMutableRawBufferPointer.allocate(
            byteCount: max(shardBytes, 1), alignment: BlockImage.alignment)
        unsafe shards = memory
        let source = StoredBytes()
        var start = 0
        var sources: [BlockGatherer.Source] = []
        for (index, image) in images.enumerated() {
            let shard = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[start..<start + ranges[index].count])
            if let base = shard.baseAddress { unsafe try image.read(ranges[index], into: base, from: source) }
            unsafe sources.append(.init(shard: .init(shard), offsets: offsets[index]))
            start += shard.count
        }
        bytesRead = source.byteCount
        receivedBytes = zip(images, ranges).map { $0.byteCount - $1.count }
        let largest = imageOfBlock.filter { $0.key != .embedding }.map { images[$0.value].workingBytes }.max() ?? 0
        let working = engine.memory.tensor(rows: 1, columns: largest / MemoryLayout<Float>.stride)
        self.working = working
        for matrix in matrices where matrix.block != .embedding || imageOfBlock[.head] == imageOfBlock[.embedding] {
            unsafe matrix.open(UnsafeMutableRawPointer(working.pointer), owner: working.storage)
        }
        matrices.removeAll()
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
        guard block != .embedding, let working else { return }
        let memory = unsafe UnsafeMutableRawPointer(working.pointer)
        for part in images[index].parts {
            unsafe part.form.unpack(
                gatherer.image + part.offset, into: memory + part.workingOffset, threads: engine.threads)
        }
        gatherer.giveBack()
    }

    func release(_ block: BlockID) {
        if block == .embedding, imageOfBlock[block] != nil { gatherer?.giveBack() }
        current = nil
    }

    /// The elements of a float32 matrix that lie in this process's shard, counted row by row, and where they are.
    func ownElements(of part: BlockImage.Part, in block: BlockID) -> (
        elements: Range<Int>, memory: UnsafeMutablePointer<Float>
    )? {
        guard let index = imageOfBlock[block], let shards = unsafe shards else { return nil }
        let own = ranges[index].clamped(to: part.offset..<part.offset + part.form.sentBytes)
        guard !own.isEmpty, let base = shards.baseAddress else { return nil }
        let start = ranges[..<index].reduce(0) { $0 + $1.count } + own.lowerBound - ranges[index].lowerBound
        let size = MemoryLayout<Float>.stride
        return unsafe (
            (own.lowerBound - part.offset) / size..<(own.upperBound - part.offset) / size,
            (base + start).assumingMemoryBound(to: Float.self)
        )
    }

    /// Whether the matrices of `block` can be multiplied.
    func isAtHand(_ block: BlockID) -> Bool {
        guard let current, current != .embedding else { return false }
        return imageOfBlock[current] == imageOfBlock[block]
    }

    /// The image that the lookup of rows reads, while the embedding is at hand; nil otherwise.
    var embeddingImage: UnsafeRawPointer? {
        unsafe current == .embedding ? gatherer.map { unsafe UnsafeRawPointer($0.image) } : nil
    }
}
