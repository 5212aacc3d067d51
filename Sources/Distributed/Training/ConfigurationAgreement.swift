import CatenaLearning

extension Communicator {
    /// Collective: checks that all processes were started with the same configuration.
    ///
    /// - Throws: ``TrainingError/ranksDiffer(processRank:differences:)`` on every process, for the lowest rank that
    ///   differs from rank 0.
    func requireSame(_ configuration: RunConfiguration) throws {
        let texts = try allGather(Array(configuration.resolvedYAML.utf8))
        guard let other = texts.firstIndex(where: { $0 != texts[0] }) else { return }
        let (theirs, rankZeros) = (try parse(texts[other], processRank: other), try parse(texts[0], processRank: 0))
        throw TrainingError.ranksDiffer(
            processRank: other,
            differences: theirs.differences(from: rankZeros, ignoring: []).map(\.description))
    }

    private func parse(_ text: [UInt8], processRank: Int) throws -> RunConfiguration {
        try RunConfiguration.parse(
            yaml: String(decoding: text, as: UTF8.self), path: "the configuration of rank \(processRank)")
    }
}
