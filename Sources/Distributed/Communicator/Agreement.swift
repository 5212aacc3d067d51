extension Communicator {
    /// Runs work that can fail on this process alone (reading a shard, opening an output) and makes all processes agree on
    /// the outcome, so that none is left waiting in the next collective.
    ///
    /// - Throws: on the lowest process whose own work threw, that error; on all others `CommunicatorError.peerFailed` with that
    ///   rank and its message. `work` itself must not contain collectives.
    public func agree<Result>(_ name: String, _ work: () throws -> Result) throws -> Result {
        let outcome = Swift.Result { try work() }
        let ownFailure: String? = if case .failure(let error) = outcome { String(describing: error) } else { nil }
        let failedRank = try Activity.process.during("agreement \"\(name)\"") {
            try allReduceMin([ownFailure == nil ? Int64.max : Int64(rank)])[0]
        }
        guard failedRank != Int64.max else { return try outcome.get() }
        let message = try broadcast(ownFailure ?? "", from: Int(failedRank))
        if case .failure(let error) = outcome, rank == Int(failedRank) { throw error }
        throw CommunicatorError.peerFailed(processRank: Int(failedRank), work: name, message: message)
    }

    /// Checks that a value (configuration hash, data fingerprint, version) is the same on all processes.
    ///
    /// - Throws: `CommunicatorError.mismatch` on every process, naming the lowest rank that differs from rank 0.
    public func requireEqual(_ subject: String, _ value: String) throws(CommunicatorError) {
        let values = try Activity.process.during("comparison of \(subject)") { () throws(CommunicatorError) in
            try allGather(Array(value.utf8))
        }
        guard let other = values.firstIndex(where: { $0 != values[0] }) else { return }
        throw .mismatch(
            subject: subject, processRank: other,
            value: String(decoding: values[other], as: UTF8.self),
            rankZeroValue: String(decoding: values[0], as: UTF8.self))
    }
}
