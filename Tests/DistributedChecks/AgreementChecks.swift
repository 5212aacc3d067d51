import CatenaDistributed

private struct BrokenShard: Error, Equatable, CustomStringConvertible {
    let rank: Int
    var description: String { "shard \(rank) is unreadable." }
}

let agreementChecks: [Check] = [
    Check(name: "agree returns every process's own result when none fails") { communicator, expectations in
        let own = try communicator.agree("reading shards") { communicator.rank * 10 }
        expectations.expect(own == communicator.rank * 10, "got \(own)")
    },
    Check(name: "agree throws on every process when one fails, naming it and its message") {
        communicator, expectations in
        for failing in 0..<communicator.size {
            do {
                try communicator.agree("reading shards") {
                    if communicator.rank == failing { throw BrokenShard(rank: failing) }
                }
                expectations.fail("did not throw when rank \(failing) failed")
            } catch let error as BrokenShard {
                expectations.expect(
                    error.rank == failing && communicator.rank == failing, "threw the own error of \(error.rank)")
            } catch {
                let expected = CommunicatorError.peerFailed(
                    processRank: failing, work: "reading shards", message: "shard \(failing) is unreadable.")
                expectations.expect(error as? CommunicatorError == expected, "threw \(error)")
            }
        }
    },
    Check(name: "agree throws the lowest rank's error where all fail") { communicator, expectations in
        do {
            try communicator.agree("reading shards") { throw BrokenShard(rank: communicator.rank) }
        } catch {
            if communicator.isRoot {
                expectations.expect(error as? BrokenShard == BrokenShard(rank: 0), "threw \(error)")
            } else {
                let expected = CommunicatorError.peerFailed(
                    processRank: 0, work: "reading shards", message: String(describing: BrokenShard(rank: 0)))
                expectations.expect(error as? CommunicatorError == expected, "threw \(error)")
            }
        }
        try communicator.barrier()
    },
    Check(name: "requireEqual names the first process that differs") { communicator, expectations in
        try communicator.requireEqual("configuration", "a")
        let odd = communicator.size - 1
        guard odd > 0 else { return }
        do {
            try communicator.requireEqual("configuration", communicator.rank == odd ? "b" : "a")
            expectations.fail("did not throw")
        } catch {
            let expected = CommunicatorError.mismatch(
                subject: "configuration", processRank: odd, value: "b", rankZeroValue: "a")
            expectations.expect(error as? CommunicatorError == expected, "threw \(error)")
        }
    },
]
