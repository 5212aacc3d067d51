/// What a process tells the others' watchdogs.
package struct Heartbeat: Equatable, Sendable {
    /// Whether its watchdog goes on.
    package enum State: UInt8, Sendable {
        case running
        /// The run is over; its silence from now on means nothing.
        case ended
        /// It ends the job because of a stall.
        case endsJob
    }

    package var activity: Activity.Snapshot
    package var state: State

    package init(_ activity: Activity.Snapshot, _ state: State = .running) {
        self.activity = activity
        self.state = state
    }
}

extension Heartbeat {
    /// Bytes of every message: step, changes, state, whether it waits, length and text of the name.
    static let byteCount = 128
    private static let nameStart = 19

    /// The message; a longer name is cut.
    package var encoded: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Self.byteCount)
        for (start, value) in [(0, activity.step), (8, activity.changeCount)] {
            for index in 0..<8 { bytes[start + index] = UInt8(truncatingIfNeeded: value >> (8 * index)) }
        }
        let name = (activity.collective ?? "").utf8.prefix(Self.byteCount - Self.nameStart)
        bytes[16] = state.rawValue
        bytes[17] = activity.collective == nil ? 0 : 1
        bytes[18] = UInt8(name.count)
        bytes.replaceSubrange(Self.nameStart..<Self.nameStart + name.count, with: name)
        return bytes
    }

    /// Reads a message.
    package init(decoding bytes: [UInt8]) {
        func integer(_ start: Int) -> Int { (0..<8).reduce(0) { $0 | Int(bytes[start + $1]) << (8 * $1) } }
        let name = bytes[Self.nameStart...].prefix(Int(bytes[18]))
        self.init(
            Activity.Snapshot(
                step: integer(0), collective: bytes[17] == 0 ? nil : String(decoding: name, as: UTF8.self),
                changeCount: integer(8)),
            State(rawValue: bytes[16]) ?? .running)
    }
}
