/// All processes in a ring, with a channel of its own: one other thread of each process may gather over it while the
/// main thread makes the communicator's calls.
public protocol GatherRing: AnyObject, Sendable {
    /// This process's place. Processes of one machine are neighbours, so each link between machines is crossed once.
    var position: Int { get }
    /// Number of places.
    var size: Int { get }
    /// Collective: brings bytes `offsets[r]..<offsets[r + 1]` of `image` from place r to all. Gives the processor away
    /// while it waits.
    func gather(_ image: UnsafeMutableRawPointer, offsets: [Int64]) throws(CommunicatorError)
    /// Gives the channel back, before the job's communication ends; no gather may be under way. The last call.
    func close()
}

/// The ring of one process, which has everything.
final class SingleProcessRing: GatherRing {
    let position = 0
    let size = 1

    func gather(_ image: UnsafeMutableRawPointer, offsets: [Int64]) {}
    func close() {}
}
