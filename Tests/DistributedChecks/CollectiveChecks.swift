import CatenaDistributed
import Foundation

let collectiveChecks: [Check] = [
    Check(name: "world size is the launcher's") { communicator, expectations in
        let expected = ProcessInfo.processInfo.environment["OMPI_COMM_WORLD_SIZE"].flatMap { Int($0) } ?? 1
        expectations.expect(communicator.size == expected, "size \(communicator.size), launcher started \(expected)")
        expectations.expect((0..<communicator.size).contains(communicator.rank), "rank \(communicator.rank)")
        let ranks = try communicator.allGather([UInt8(communicator.rank)])
        expectations.expect(ranks == (0..<communicator.size).map { [UInt8($0)] }, "ranks are not in order: \(ranks)")
    },
    Check(name: "one machine is one host with all ranks") { communicator, expectations in
        let names = Set(try communicator.allGather(Array(communicator.hostName.utf8)))
        expectations.expect(!communicator.hostName.isEmpty, "no host name")
        guard names.count == 1 else { return }
        expectations.expect(
            communicator.hostCount == 1 && communicator.hostIndex == 0, "hosts \(communicator.hostCount)")
        expectations.expect(communicator.hostSize == communicator.size, "host size \(communicator.hostSize)")
        expectations.expect(communicator.hostRank == communicator.rank, "host rank \(communicator.hostRank)")
    },
    Check(name: "barriers hold until the last process comes") { communicator, expectations in
        for sleeping in [false, true] {
            let last = communicator.size - 1
            if communicator.rank == last { usleep(100_000) }
            let arrival = Date().timeIntervalSince1970
            try communicator.barrier(sleeping: sleeping)
            let departure = Date().timeIntervalSince1970
            let lastArrival = try communicator.allReduceMax([Int64(arrival * 1e6)])[0]
            expectations.expect(
                departure * 1e6 + 1000 >= Double(lastArrival), "left before the last arrival, sleeping: \(sleeping)")
        }
    },
    Check(name: "broadcast copies bytes and texts from every root") { communicator, expectations in
        for root in 0..<communicator.size {
            let text = "from \(root) \u{e9}"
            let got = try communicator.broadcast(communicator.rank == root ? text : "", from: root)
            expectations.expect(got == text, "got \"\(got)\" from \(root)")
            let big = (0..<1_000_003).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ root) }
            let bytes = try communicator.broadcast(communicator.rank == root ? big : [], from: root)
            expectations.expect(bytes == big, "large broadcast differs from \(root)")
            let empty = try communicator.broadcast([UInt8](), from: root)
            expectations.expect(empty.isEmpty, "an empty broadcast has \(empty.count) bytes")
        }
    },
    Check(name: "sums, minima and maxima are over all processes") { communicator, expectations in
        let size = communicator.size
        let floats = UnsafeMutableBufferPointer<Float>.allocate(capacity: 1000)
        defer { floats.deallocate() }
        for i in 0..<1000 { floats[i] = Float(i + communicator.rank) }
        try communicator.allReduceSum(floats)
        let rankSum = size * (size - 1) / 2
        expectations.expect((0..<1000).allSatisfy { floats[$0] == Float($0 * size + rankSum) }, "float sums are wrong")
        var doubles = [Double(communicator.rank), 0.5]
        try communicator.allReduceSum(&doubles)
        expectations.expect(doubles == [Double(rankSum), 0.5 * Double(size)], "double sums are \(doubles)")
        let own = [Int64(communicator.rank), -Int64(communicator.rank)]
        let least = try communicator.allReduceMin(own)
        let most = try communicator.allReduceMax(own)
        expectations.expect(least == [0, -Int64(size - 1)], "minima are \(least)")
        expectations.expect(most == [Int64(size - 1), 0], "maxima are \(most)")
    },
    Check(name: "gathered byte arrays keep their lengths and order") { communicator, expectations in
        let expected = (0..<communicator.size).map { [UInt8](repeating: UInt8($0 + 1), count: $0 * 7) }
        let own = expected[communicator.rank]
        let all = try communicator.allGather(own)
        expectations.expect(all == expected, "allGather differs")
        for root in 0..<communicator.size {
            let gathered = try communicator.gather(own, to: root)
            expectations.expect(gathered == (communicator.rank == root ? expected : nil), "gather to \(root) differs")
        }
    },
    Check(name: "messages go round the ring") { communicator, expectations in
        let size = communicator.size
        guard size > 1 else { return }
        let next = (communicator.rank + 1) % size
        let previous = (communicator.rank + size - 1) % size
        let own = [UInt8](repeating: UInt8(communicator.rank), count: 300_000)
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: own.count, alignment: 16)
        defer { room.deallocate() }
        try own.withUnsafeBytes { bytes in
            try communicator.exchange(
                sends: [OutgoingMessage(to: next, bytes: bytes)],
                receives: [IncomingMessage(from: previous, bytes: room)], tag: 5)
        }
        expectations.expect(room.allSatisfy { $0 == UInt8(previous) }, "exchange brought other bytes")
        try own.withUnsafeBytes { bytes in
            if communicator.rank == 0 {
                try communicator.send(bytes, to: next, tag: 6)
                try communicator.receive(into: room, from: previous, tag: 6)
            } else {
                try communicator.receive(into: room, from: previous, tag: 6)
                try communicator.send(bytes, to: next, tag: 6)
            }
        }
        expectations.expect(room.allSatisfy { $0 == UInt8(previous) }, "send brought other bytes")
    },
]
