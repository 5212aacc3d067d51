/// Where gradients go in a list of blocks: known before a pass, so that the blocks it will visit can be announced.
struct BlockRoute {
    /// A block on the way.
    struct Stop {
        let block: any Block
        /// The streams that it reads and whose gradients are wanted, because something before it is trained.
        let wanted: [StreamName]
        /// Whether it is trained or gradients go through it.
        let isRecorded: Bool
    }

    let stops: [Stop]

    /// - Parameter inputs: streams that a pass begins with and whose gradients are wanted.
    init(_ blocks: [any Block], wanting inputs: Set<StreamName> = []) {
        var trained = inputs
        var stops: [Stop] = []
        for block in blocks {
            let wanted = block.reads.filter(trained.contains)
            let isRecorded = block.isTrained || !wanted.isEmpty
            stops.append(Stop(block: block, wanted: wanted, isRecorded: isRecorded))
            if isRecorded { trained.formUnion(block.writes) } else { trained.subtract(block.writes) }
        }
        self.stops = stops
    }

    /// The blocks that one pass visits, in order: all forward, then the head, and backward those with something to learn in or
    /// before them.
    var visits: [BlockID] {
        stops.map(\.block.id) + [.head]
            + stops.reversed().filter { $0.isRecorded && !$0.block.keepsItsTape }.map(\.block.id)
    }
}
