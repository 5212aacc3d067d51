/// Something about a job's machines that harms or prevents training, and what to do about it, in one line.
public struct Finding: Codable, Equatable, Sendable {
    /// How bad it is.
    public enum Severity: String, Codable, Sendable {
        /// Training works, but slower or less safely than it could.
        case warning
        /// Training is impossible.
        case error
    }

    /// How bad it is.
    public let severity: Severity
    /// What was found, and what to do.
    public let text: String

    /// A finding with its remedy.
    public init(_ severity: Severity, _ text: String) {
        self.severity = severity
        self.text = text
    }

    /// Everything that `ranks` show, in order of importance.
    public static func all(in ranks: [RankFacts]) -> [Finding] {
        let hosts = Dictionary(grouping: ranks, by: \.hostIndex).sorted { $0.key < $1.key }.map(\.value)
        let findings = differences(ranks) + hosts.flatMap { cores($0) + memory($0) + disk($0) + processor($0) }
        return findings.filter { $0.severity == .error } + findings.filter { $0.severity == .warning }
    }
}

/// The rules.
extension Finding {
    private static let leastMemoryBytes = 200_000_000
    private static let lowMemoryBytes = 1_000_000_000
    private static let leastDiskBytes = 50_000_000
    private static let lowDiskBytes = 2_000_000_000

    private static func differences(_ ranks: [RankFacts]) -> [Finding] {
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
        if let list = groups(\.coreType) {
            findings.append(
                .init(
                    .warning,
                    "OpenBLAS uses different kernels: \(list), so results depend on where a rank runs; set OPENBLAS_CORETYPE "
                        + "to the older type with mpirun -x."))
        }
        return findings
    }

    private static func cores(_ ranks: [RankFacts]) -> [Finding] {
        guard let first = ranks.first else { return [] }
        var findings: [Finding] = []
        let cores = ranks.reduce(into: Set<Int>()) { $0.formUnion($1.cores) }
        let threads = ranks.reduce(0) { $0 + $1.threads }
        let isJob = ranks.count > 1
        let narrow = ranks.filter { $0.threads > $0.cores.count }
        if let rank = narrow.first {
            findings.append(
                .init(
                    .warning,
                    "\(names(narrow)) of \(first.host) may use \(count(rank.cores.count, "core")) for "
                        + "\(count(rank.threads, "thread")); start mpirun with --map-by slot:PE=\(rank.threads) or --bind-to none, "
                        + "or set distributed.threads: \(max(1, rank.cores.count))."))
        }
        if threads > cores.count, isJob, narrow.count < ranks.count {
            findings.append(
                .init(
                    .warning,
                    "\(first.host) is oversubscribed: \(count(ranks.count, "rank")) with \(count(threads, "thread")) in all on "
                        + "\(count(cores.count, "core")); start at most \(count(cores.count, "rank")) there, or fewer threads each."
                ))
        }
        let launcher = Set(first.launcherCores ?? [])
        if launcher.isStrictSuperset(of: cores) {
            findings.append(
                .init(
                    .warning,
                    "\(names(ranks)) of \(first.host) may use \(cores.count) of the \(launcher.count) cores that mpirun has; "
                        + "start mpirun with --bind-to none, or --map-by slot:PE=\(max(1, launcher.count / ranks.count))."
                ))
        }
        if let quota = first.cpuQuota, quota < Double(cores.count) {
            findings.append(
                .init(
                    .warning,
                    "the container of \(first.host) grants the time of \(trimmed(quota)) of its \(count(cores.count, "core")); raise "
                        + "its limit (docker --cpus, Kubernetes limits.cpu), or keep ranks x threads at most \(max(1, Int(quota)))."
                ))
        }
        return findings
    }

    private static func memory(_ ranks: [RankFacts]) -> [Finding] {
        guard let first = ranks.first, let available = ranks.compactMap(\.availableMemoryBytes).min() else { return [] }
        let share = available / ranks.count
        guard share < lowMemoryBytes else { return [] }
        let severity: Severity = share < leastMemoryBytes ? .error : .warning
        return [
            .init(
                severity,
                "\(first.host) has \(share / 1_000_000) MB of free memory for each of its ranks; end other programs, start fewer "
                    + "ranks there, or raise the container's limit.")
        ]
    }

    private static func disk(_ ranks: [RankFacts]) -> [Finding] {
        guard let first = ranks.first, let free = ranks.compactMap(\.freeDiskBytes).min(), free < lowDiskBytes else {
            return []
        }
        let severity: Severity = free < leastDiskBytes ? .error : .warning
        return [
            .init(
                severity,
                "\(free / 1_000_000) MB of disk are free in \(first.folder) on \(first.host); checkpoints need more: remove files, "
                    + "or write the run to another disk (output).")
        ]
    }

    private static func processor(_ ranks: [RankFacts]) -> [Finding] {
        guard let first = ranks.first, !first.hasWideVectors else { return [] }
        return [
            .init(
                .warning,
                "the processor of \(first.host) has no AVX2 with FMA, so training is several times slower; use a newer machine, or "
                    + "a virtual machine that passes the host's processor through.")
        ]
    }

    private static func names(_ ranks: [RankFacts]) -> String {
        let shown = ranks.prefix(8).map { "\($0.rank)" }.joined(separator: ", ")
        return (ranks.count == 1 ? "rank " : "ranks ") + shown + (ranks.count > 8 ? " and \(ranks.count - 8) more" : "")
    }

    private static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }

    private static func trimmed(_ number: Double) -> String {
        number == number.rounded() ? "\(Int(number))" : "\((number * 100).rounded() / 100)"
    }
}
