/// Why the frozen weights cannot be placed as configured.
package enum PlacementError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The machine's shared memory could not be had.
    case noSharedMemory(byteCount: Int, reason: String)

    package var description: String {
        switch self {
        case .noSharedMemory(let byteCount, let reason):
            """
            \(byteCount) bytes of shared memory for the frozen weights: \(reason); enlarge /dev/shm (containers: \
            --shm-size), or set distributed.placement to replicated or sharded.
            """
        }
    }
}
