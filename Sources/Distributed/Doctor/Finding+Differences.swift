/// What has to be the same on every rank.
extension Finding {
    static func differences(_ ranks: [RankFacts]) -> [Finding] {
        func groups(_ value: (RankFacts) -> String) -> String? {
            let grouped = Dictionary(grouping: ranks, by: value)
            guard grouped.count > 1 else { return nil }
            return grouped.sorted { ($0.value.first?.rank ?? 0) < ($1.value.first?.rank ?? 0) }
                .map { "\($0.key) on \(names($0.value))" }.joined(separator: ", ")
        }
        var findings: [Finding] = []
        if let list = groups({ "catena \($0.version) (file \($0.binaryDigest))" }) {
            findings.append(
                .init(.warning, "the ranks run different programs: \(list); put the same file on every host."))
        }
        if let list = groups(\.mpiVersion) {
            findings.append(
                .init(.warning, "the ranks use different MPI libraries: \(list); install the same one on every host."))
        }
        if let list = groups(\.blasVersion) {
            findings.append(
                .init(
                    .warning,
                    "the ranks use different OpenBLAS libraries: \(list), so results depend on where a rank runs; install the "
                        + "same one on every host."))
        }
        if let list = groups(\.coreType) {
            findings.append(
                .init(
                    .warning,
                    "OpenBLAS uses different kernels: \(list), so results depend on where a rank runs and are not byte for byte the "
                        + "same on other hosts; set OPENBLAS_CORETYPE to the oldest type with mpirun -x."))
        }
        return findings
    }

    /// More ranks than places that mpirun found.
    static func slots(_ ranks: [RankFacts]) -> [Finding] {
        guard let slots = ranks.first?.slots, ranks.count > slots else { return [] }
        return [
            .init(
                .warning,
                "mpirun runs \(ranks.count) ranks in \(count(slots, "slot")), so they take turns; give the hosts their slots "
                    + "(hostfile: HOST slots=N; Slurm: --ntasks), or start at most \(slots).")
        ]
    }
}
