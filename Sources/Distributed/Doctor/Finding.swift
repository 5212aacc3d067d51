/// Something about a job's machines that harms or prevents training, and what to do about it, in one line.
package struct Finding: Codable, Equatable, Sendable {
    /// How bad it is.
    package enum Severity: String, Codable, Sendable {
        /// Training works, but slower or less safely than it could.
        case warning
        /// Training is impossible.
        case error
    }

    /// How bad it is.
    package let severity: Severity
    /// What was found, and what to do.
    package let text: String

    /// A finding with its remedy.
    package init(_ severity: Severity, _ text: String) {
        self.severity = severity
        self.text = text
    }

    /// Everything that `ranks`, their clocks and the network between them show, in order of importance.
    package static func all(
        in ranks: [RankFacts], clocks: [ClockOffset] = [], network: NetworkProbe? = nil
    ) -> [Finding] {
        let hosts = Dictionary(grouping: ranks, by: \.hostIndex).sorted { $0.key < $1.key }.map(\.value)
        var findings = differences(ranks) + slots(ranks) + addresses(hosts) + self.clocks(clocks, ranks)
        if let network { findings += self.network(network, ranks) }
        for host in hosts {
            findings += cores(host) + memory(host) + disk(host)
            findings += sharedMemory(host) + limits(host, jobSize: ranks.count) + processor(host)
        }
        return findings.filter { $0.severity == .error } + findings.filter { $0.severity == .warning }
    }

    /// "rank 3", "ranks 0, 1, 2", at most eight of them.
    static func names(_ ranks: [RankFacts]) -> String {
        let shown = ranks.prefix(8).map { "\($0.rank)" }.joined(separator: ", ")
        return (ranks.count == 1 ? "rank " : "ranks ") + shown + (ranks.count > 8 ? " and \(ranks.count - 8) more" : "")
    }

    /// "a, b, c", at most eight of them.
    static func list(_ names: [String]) -> String {
        names.prefix(8).joined(separator: ", ") + (names.count > 8 ? " and \(names.count - 8) more" : "")
    }

    static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}
