/// The cross-process half of the reproducible reduction, for one (process count, micro-batch count).
///
/// Each process owns one slice of the parameters. It receives that slice of every process's partial sums, adds them in the
/// order of `ReductionTree`, and sends the finished slice to all: 2 N (P - 1) / P values per process when each process's share
/// is one tree node, whatever P. Scalars are small; every process receives all of them and adds them itself.
@safe final class TreeExchange {
    let microBatchCount: Int
    private let communicator: any Communicator
    private let sums: PartialSums
    private let partialsByRank: [[Range<Int>]]
    private let slices: [Range<Int>]
    private let gradientRoom: UnsafeMutablePointer<Float>
    /// Per rank: `scalarCount` doubles for each partial, then the vote.
    private let scalarRoom: [UnsafeMutablePointer<Double>]
    private var sends: [OutgoingMessage] = []
    private var receives: [IncomingMessage] = []
    /// Nodes of the own slice of all processes in index order, with where their values lie.
    private var slicePointers: [UnsafeMutablePointer<Float>] = unsafe []
    private var scalarPointers: [UnsafeMutablePointer<Double>] = unsafe []
    /// Bytes this process sends in one step.
    private(set) var bytesPerStep = 0

    private static let partialsTag = 101
    private static let slicesTag = 102

    init(communicator: any Communicator, sums: PartialSums, microBatchCount: Int) {
        let size = communicator.size
        let rank = communicator.rank
        self.communicator = communicator
        self.sums = sums
        self.microBatchCount = microBatchCount
        let partialsByRank = (0..<size).map {
            ReductionTree.partials(
                of: ReductionTree.share(of: microBatchCount, rank: $0, size: size), count: microBatchCount)
        }
        self.partialsByRank = partialsByRank
        slices = (0..<size).map { ReductionTree.share(of: sums.parameterCount, rank: $0, size: size) }
        let foreignPartials = partialsByRank.reduce(0) { $0 + $1.count } - partialsByRank[rank].count
        unsafe gradientRoom = .allocate(capacity: max(foreignPartials * slices[rank].count, 1))
        unsafe scalarRoom = partialsByRank.map { .allocate(capacity: $0.count * sums.scalarCount + 1) }
        planMessages()
    }

    deinit {
        unsafe gradientRoom.deallocate()
        unsafe scalarRoom.forEach { unsafe $0.deallocate() }
    }

    private func planMessages() {
        let own = communicator.rank
        sums.grow(to: partialsByRank[own].count)
        var room = unsafe gradientRoom
        for (peer, partials) in partialsByRank.enumerated() {
            for (position, _) in partials.enumerated() {
                unsafe scalarPointers.append(scalarRoom[peer] + position * sums.scalarCount)
                guard peer != own else {
                    unsafe slicePointers.append(sums.gradients[position] + slices[own].lowerBound)
                    continue
                }
                unsafe slicePointers.append(room)
                unsafe receives.append(IncomingMessage(from: peer, bytes: bytes(of: room, count: slices[own].count)))
                unsafe room += slices[own].count
            }
            guard peer != own else { continue }
            unsafe receives.append(
                IncomingMessage(from: peer, bytes: bytes(of: scalarRoom[peer], count: scalarMessageCount(peer))))
            for position in partialsByRank[own].indices {
                let start = unsafe sums.gradients[position] + slices[peer].lowerBound
                unsafe send(bytes(of: start, count: slices[peer].count), to: peer)
            }
            unsafe send(bytes(of: scalarRoom[own], count: scalarMessageCount(own)), to: peer)
        }
        bytesPerStep =
            sends.reduce(0) { unsafe $0 + $1.bytes.count }
            + slices[own].count * MemoryLayout<Float>.stride * (communicator.size - 1)
    }

    private func send(_ bytes: UnsafeMutableRawBufferPointer, to peer: Int) {
        unsafe sends.append(OutgoingMessage(to: peer, bytes: UnsafeRawBufferPointer(bytes)))
    }

    private func scalarMessageCount(_ rank: Int) -> Int { partialsByRank[rank].count * sums.scalarCount + 1 }

    private func bytes<Value>(of start: UnsafeMutablePointer<Value>, count: Int) -> UnsafeMutableRawBufferPointer {
        unsafe UnsafeMutableRawBufferPointer(start: start, count: count * MemoryLayout<Value>.stride)
    }

    /// Adds all processes' partial sums. `result` gets all parameters' sums on every process.
    func run(into result: UnsafeMutablePointer<Float>, vote: Int) throws(CommunicatorError) -> ReducedStep {
        let own = communicator.rank
        precondition(
            sums.nodes == partialsByRank[own], "all micro-batches of the share must be added before the sum is finished"
        )
        for position in partialsByRank[own].indices {
            unsafe (scalarRoom[own] + position * sums.scalarCount).update(
                from: sums.scalars[position], count: sums.scalarCount)
        }
        unsafe scalarRoom[own][scalarMessageCount(own) - 1] = Double(vote)
        try communicator.exchange(sends: sends, receives: receives, tag: Self.partialsTag)
        combine()
        let slice = slices[own]
        unsafe (result + slice.lowerBound).update(from: slicePointers[0], count: slice.count)
        unsafe try shareSlices(of: result)
        let votes = unsafe scalarRoom.indices.map { unsafe scalarRoom[$0][scalarMessageCount($0) - 1] }
        return ReducedStep(
            scalars: (0..<sums.scalarCount).map { unsafe scalarPointers[0][$0] }, highestVote: Int(votes.max() ?? 0))
    }

    /// Adds the nodes of the own slice, and the scalars, up to the root; the root's values end at the first node.
    private func combine() {
        let sliceCount = slices[communicator.rank].count
        var nodes: [Range<Int>] = []
        var places: [Int] = []
        for (place, node) in partialsByRank.joined().enumerated() {
            places.append(place)
            ReductionTree.append(node, to: &nodes, count: microBatchCount) { left in
                let right = places.removeLast()
                unsafe addVector(slicePointers[right], to: slicePointers[places[left]], count: sliceCount)
                unsafe addVector(scalarPointers[right], to: scalarPointers[places[left]], count: sums.scalarCount)
            }
        }
    }

    private func shareSlices(of result: UnsafeMutablePointer<Float>) throws(CommunicatorError) {
        let own = communicator.rank
        let ownBytes = unsafe UnsafeRawBufferPointer(
            bytes(of: result + slices[own].lowerBound, count: slices[own].count))
        let peers = slices.indices.filter { $0 != own }
        try communicator.exchange(
            sends: peers.map { unsafe OutgoingMessage(to: $0, bytes: ownBytes) },
            receives: peers.map {
                unsafe IncomingMessage(
                    from: $0, bytes: bytes(of: result + slices[$0].lowerBound, count: slices[$0].count))
            },
            tag: Self.slicesTag)
    }
}
