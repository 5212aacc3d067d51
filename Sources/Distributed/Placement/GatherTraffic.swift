/// What gathering has cost this process so far.
package struct GatherTraffic: Equatable {
    /// Blocks gathered.
    package var gathers = 0
    /// Bytes received from other processes.
    package var bytesReceived = 0
    /// Time the computation has waited for blocks.
    package var waitedSeconds = 0.0

    package static func - (later: GatherTraffic, earlier: GatherTraffic) -> GatherTraffic {
        GatherTraffic(
            gathers: later.gathers - earlier.gathers, bytesReceived: later.bytesReceived - earlier.bytesReceived,
            waitedSeconds: later.waitedSeconds - earlier.waitedSeconds)
    }
}
