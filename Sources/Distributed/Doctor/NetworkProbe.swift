import Foundation

/// How fast a job's processes talk to each other.
package struct NetworkProbe: Codable, Equatable, Sendable {
    /// One size of the all-reduce.
    package struct AllReduce: Codable, Equatable, Sendable {
        /// Size of the message.
        package let bytes: Int
        /// Median time of the slowest process.
        package let seconds: Double
        /// bytes / seconds.
        package let bytesPerSecond: Double

        init(bytes: Int, seconds: Double) {
            self.bytes = bytes
            self.seconds = seconds
            bytesPerSecond = seconds > 0 ? Double(bytes) / seconds : 0
        }
    }

    /// One link of the ring, measured at its sender.
    package struct Link: Codable, Equatable, Sendable {
        /// The sending rank.
        package let from: Int
        /// The receiving rank.
        package let to: Int
        /// Half the median time there and back of a small message.
        package let latencySeconds: Double
        /// Measured rate.
        package let bytesPerSecond: Double

        /// A link from given values.
        package init(from: Int, to: Int, latencySeconds: Double, bytesPerSecond: Double) {
            self.from = from
            self.to = to
            self.latencySeconds = latencySeconds
            self.bytesPerSecond = bytesPerSecond
        }
    }

    /// A sum of one number, 1 MB and 32 MB over all processes.
    package let allReduce: [AllReduce]
    /// From each host's first process to that of the next host; between all processes if there is one host.
    package let ring: [Link]
    /// Whether every sum was right.
    package let isCorrect: Bool

    /// Measurements from given values.
    package init(allReduce: [AllReduce], ring: [Link], isCorrect: Bool) {
        self.allReduce = allReduce
        self.ring = ring
        self.isCorrect = isCorrect
    }

    /// Collective, a few seconds at most on any usable network; nil for a job of one process.
    package static func measure(_ communicator: any Communicator) throws -> NetworkProbe? {
        guard communicator.size > 1 else { return nil }
        var isCorrect = true
        var sums: [AllReduce] = []
        for (bytes, repetitions) in [(4, 50), (1 << 20, 10), (32 << 20, 3)] {
            let (seconds, isRight) = try allReduce(bytes: bytes, repetitions: repetitions, communicator)
            isCorrect = isCorrect && isRight
            sums.append(AllReduce(bytes: bytes, seconds: seconds))
        }
        let isRightEverywhere = try communicator.allReduceMin([isCorrect ? 1 : 0]) == [1]
        return NetworkProbe(allReduce: sums, ring: try ring(communicator), isCorrect: isRightEverywhere)
    }

    private static func allReduce(
        bytes: Int, repetitions: Int, _ communicator: any Communicator
    ) throws -> (seconds: Double, isRight: Bool) {
        let values = UnsafeMutableBufferPointer<Float>.allocate(capacity: bytes / MemoryLayout<Float>.size)
        defer { unsafe values.deallocate() }
        let expected = Float(communicator.size * (communicator.size + 1) / 2)
        var isRight = true
        var times: [Int64] = []
        for repetition in 0...repetitions {
            unsafe values.initialize(repeating: Float(communicator.rank + 1))
            try communicator.barrier()
            let nanoseconds = try time { unsafe try communicator.allReduceSum(values) }
            isRight = unsafe isRight && values.allSatisfy { $0 == expected }
            if repetition > 0 { times.append(nanoseconds) }
        }
        let slowest = try communicator.allReduceMax(times).sorted()
        return (Double(slowest[slowest.count / 2]) / 1e9, isRight)
    }

    private static func ring(_ communicator: any Communicator) throws -> [Link] {
        let hosts = try communicator.allGather(Array("\(communicator.hostIndex)".utf8))
        var leaders = hosts.indices.filter { hosts.firstIndex(of: hosts[$0]) == $0 }
        if leaders.count == 1 { leaders = Array(hosts.indices) }
        var links: [Link] = []
        for (index, from) in leaders.enumerated() {
            let to = leaders[(index + 1) % leaders.count]
            let latency = try roundTrip(from, to, bytes: 8, repetitions: 50, communicator) / 2
            let large = 8 << 20
            let seconds = try roundTrip(from, to, bytes: large, repetitions: 3, communicator)
            links.append(
                Link(
                    from: from, to: to, latencySeconds: latency,
                    bytesPerSecond: seconds > 0 ? Double(large) / seconds : 0))
        }
        return links
    }

    /// Collective: median seconds until `bytes` have arrived and an answer of 8 bytes is back.
    private static func roundTrip(
        _ from: Int, _ to: Int, bytes: Int, repetitions: Int, _ communicator: any Communicator
    ) throws -> Double {
        let message = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes, alignment: 64)
        let answer = UnsafeMutableRawBufferPointer.allocate(byteCount: 8, alignment: 8)
        defer { unsafe message.deallocate(); unsafe answer.deallocate() }
        unsafe message.initializeMemory(as: UInt8.self, repeating: 1)
        unsafe answer.initializeMemory(as: UInt8.self, repeating: 1)
        var times: [Int64] = []
        for repetition in 0...repetitions {
            if communicator.rank == from {
                let nanoseconds = try time {
                    unsafe try communicator.send(UnsafeRawBufferPointer(message), to: to, tag: 31)
                    unsafe try communicator.receive(into: answer, from: to, tag: 32)
                }
                if repetition > 0 { times.append(nanoseconds) }
            } else if communicator.rank == to {
                unsafe try communicator.receive(into: message, from: from, tag: 31)
                unsafe try communicator.send(UnsafeRawBufferPointer(answer), to: from, tag: 32)
            }
        }
        let own = times.sorted()
        return Double(try communicator.allReduceMax([own.isEmpty ? 0 : own[own.count / 2]])[0]) / 1e9
    }

    private static func time(_ body: () throws -> Void) rethrows -> Int64 {
        let start = DispatchTime.now().uptimeNanoseconds
        try body()
        return Int64(DispatchTime.now().uptimeNanoseconds - start)
    }
}
