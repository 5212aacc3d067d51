import Glibc

/// Whether a process may read the memory of another one on its host, as Open MPI does to copy large messages once.
enum NeighbourMemory {
    /// Collective: tries it on the next process of the same host; nil where there is none.
    static func isReadable(_ communicator: any Communicator) throws(CommunicatorError) -> Bool? {
        let word = UnsafeMutablePointer<UInt64>.allocate(capacity: 1)
        defer { unsafe word.deallocate() }
        unsafe word.initialize(to: expected(communicator.rank))
        let own = "\(communicator.hostIndex) \(getpid()) \(UInt(bitPattern: word))"
        let all = try communicator.allGather(Array(own.utf8)).map {
            String(decoding: $0, as: UTF8.self).split(separator: " ").compactMap { UInt($0) }
        }
        let others = all.indices.filter { $0 != communicator.rank && all[$0].first == all[communicator.rank].first }
        let peer = others.first { $0 > communicator.rank } ?? others.first
        let result = peer.map { peer in
            all[peer].count == 3
                && MPILibrary.word(ofProcess: Int32(all[peer][1]), at: UInt64(all[peer][2])) == expected(peer)
        }
        // Nobody's word may go before all have looked.
        try communicator.barrier()
        return result
    }

    private static func expected(_ rank: Int) -> UInt64 { 0xC47E_0000_0000 + UInt64(rank) }
}
