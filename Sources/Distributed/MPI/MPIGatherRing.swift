internal import CMPI

/// The ring of an MPI job.
@safe final class MPIGatherRing: GatherRing {
    let position: Int
    let size: Int
    private let processRank: Int
    // Invariant for the compiler's sake: set once in `init`, freed in `close`, which is the last call; MPI guards what is behind it.
    nonisolated(unsafe) private let ring: OpaquePointer

    /// Collective. Needs MPI's thread level `multiple` if another thread than the main one is to gather.
    init(_ communicator: MPICommunicator) throws(CommunicatorError) {
        var opened: OpaquePointer?
        var position: Int32 = 0
        let order = Int64(communicator.hostIndex * communicator.size + communicator.hostRank)
        try mpi("MPI_Comm_split", processRank: communicator.rank) { unsafe cmpi_ring_open(order, &opened, &position) }
        guard let opened = unsafe opened else { preconditionFailure("a ring was opened without a handle") }
        unsafe ring = opened
        self.position = Int(position)
        size = communicator.size
        processRank = communicator.rank
    }

    func close() { unsafe cmpi_ring_close(ring) }

    func gather(_ image: UnsafeMutableRawPointer, offsets: [Int64]) throws(CommunicatorError) {
        CrashPoint.reached("weight-gather")
        try Activity.process.during("gather of frozen weights") { () throws(CommunicatorError) in
            try mpi("the gather of frozen weights", processRank: processRank) {
                unsafe cmpi_ring_gather(ring, image, offsets)
            }
        }
    }
}
