import Foundation

/// How far a host's clock is from rank 0's.
package struct ClockOffset: Codable, Equatable, Sendable {
    /// Number of the host.
    package let hostIndex: Int
    /// The host's wall clock minus rank 0's.
    package let seconds: Double
    /// Half of the shortest round trip: the offset is right to within this.
    package let uncertaintySeconds: Double

    /// An offset from given values.
    package init(hostIndex: Int, seconds: Double, uncertaintySeconds: Double = 0) {
        self.hostIndex = hostIndex
        self.seconds = seconds
        self.uncertaintySeconds = uncertaintySeconds
    }

    private static let repetitions = 9
    private static let questionTag = 41
    private static let answerTag = 42

    /// Collective: the clock of each host's first process, by the shortest of several questions from rank 0:
    /// its time minus the middle of question and answer. The same on every process.
    package static func measure(_ communicator: any Communicator) throws -> [ClockOffset] {
        let hosts = try communicator.allGather(Array("\(communicator.hostIndex)".utf8))
            .map { Int(String(decoding: $0, as: UTF8.self)) ?? 0 }
        var offsets: [ClockOffset] = []
        for rank in hosts.indices.dropFirst() where hosts.firstIndex(of: hosts[rank]) == rank && hosts[rank] != hosts[0]
        {
            if communicator.rank == 0 {
                offsets.append(try ask(rank, hostIndex: hosts[rank], communicator))
            } else if communicator.rank == rank {
                try answer(communicator)
            }
        }
        let text = try communicator.broadcast(Array(try JSONEncoder().encode(offsets)))
        return try JSONDecoder().decode([ClockOffset].self, from: Data(text))
    }

    private static func ask(_ rank: Int, hostIndex: Int, _ communicator: any Communicator) throws -> ClockOffset {
        let number = UnsafeMutableRawBufferPointer.allocate(byteCount: 8, alignment: 8)
        defer { unsafe number.deallocate() }
        var best: ClockOffset?
        for _ in 0..<repetitions {
            unsafe number.storeBytes(of: 0.0, as: Double.self)
            let asked = Date().timeIntervalSince1970
            unsafe try communicator.send(UnsafeRawBufferPointer(number), to: rank, tag: questionTag)
            unsafe try communicator.receive(into: number, from: rank, tag: answerTag)
            let answered = Date().timeIntervalSince1970
            let half = (answered - asked) / 2
            guard half < best?.uncertaintySeconds ?? .infinity else { continue }
            best = unsafe ClockOffset(
                hostIndex: hostIndex, seconds: number.load(as: Double.self) - asked - half, uncertaintySeconds: half)
        }
        return best ?? ClockOffset(hostIndex: hostIndex, seconds: 0)
    }

    private static func answer(_ communicator: any Communicator) throws {
        let number = UnsafeMutableRawBufferPointer.allocate(byteCount: 8, alignment: 8)
        defer { unsafe number.deallocate() }
        for _ in 0..<repetitions {
            unsafe try communicator.receive(into: number, from: 0, tag: questionTag)
            unsafe number.storeBytes(of: Date().timeIntervalSince1970, as: Double.self)
            unsafe try communicator.send(UnsafeRawBufferPointer(number), to: 0, tag: answerTag)
        }
    }
}
