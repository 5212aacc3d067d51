/// Cores against threads.
extension Finding {
    static func cores(_ ranks: [RankFacts]) -> [Finding] {
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
        if let load = first.load, load.isBusy {
            findings.append(
                .init(
                    .warning,
                    "\(first.host) is busy: the load is \(load.text), so what is measured here, and a run, is slower than the "
                        + "machine; end the other programs (see top) or wait."))
        }
        // What was said above is reason enough for a low rate.
        if findings.isEmpty || findings.count == 1 && first.load?.isBusy == true,
            let slow = ranks.first(where: { $0.rateComplaint != nil }), let complaint = slow.rateComplaint
        {
            findings.append(.init(.warning, "\(first.host) is slow: \(complaint)."))
        }
        return findings
    }

    static func processor(_ ranks: [RankFacts]) -> [Finding] {
        if let slow = ranks.first(where: { !$0.hasWideVectors }) {
            return [
                .init(
                    .warning,
                    "the processor of \(slow.host) has no AVX2 with FMA, so training is several times slower; use a newer machine, "
                        + "or a virtual machine that passes the host's processor through.")
            ]
        }
        // An OpenBLAS that is older than the processor may take kernels for one of twenty years ago.
        let (wide, middling) = (["SkylakeX", "Cooperlake", "SapphireRapids"], ["Haswell", "Zen"])
        guard
            let narrow = ranks.first(where: { rank in
                !(rank.hasAVX512 ? wide : wide + middling).contains(rank.coreType) && !rank.coreType.isEmpty
            })
        else { return [] }
        let (kernels, cost) =
            middling.contains(narrow.coreType)
            ? ("AVX2 kernels (\(narrow.coreType))", "up to twice as long")
            : ("kernels for \(narrow.coreType)", "several times as long")
        let (instructions, better) = narrow.hasAVX512 ? ("AVX-512", "SkylakeX") : ("AVX2", "Haswell")
        return [
            .init(
                .warning,
                "OpenBLAS uses its \(kernels) on \(narrow.host), whose processor has \(instructions): products can take \(cost); "
                    + "unset OPENBLAS_CORETYPE, or use a newer OpenBLAS, or set OPENBLAS_CORETYPE=\(better).")
        ]
    }

    private static func trimmed(_ number: Double) -> String {
        number == number.rounded() ? "\(Int(number))" : "\((number * 100).rounded() / 100)"
    }
}
