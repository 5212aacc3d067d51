import CatenaReporting

/// Memory, disk, shared memory and limits of a host.
extension Finding {
    private static let leastMemoryBytes = 200_000_000
    private static let lowMemoryBytes = 1_000_000_000
    private static let leastDiskBytes = 50_000_000
    private static let lowDiskBytes = 2_000_000_000
    /// A segment of Open MPI's for each rank, and a little.
    private static let leastSharedBytesPerRank = 16_000_000
    private static let lowSharedBytes = 256_000_000

    static func memory(_ ranks: [RankFacts]) -> [Finding] {
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

    static func disk(_ ranks: [RankFacts]) -> [Finding] {
        guard let first = ranks.first else { return [] }
        var findings: [Finding] = []
        for (index, disk) in first.disks.enumerated() where disk.freeBytes < lowDiskBytes {
            // Folders of one file system are one finding.
            if first.disks[..<index].contains(where: {
                $0.totalBytes == disk.totalBytes && $0.freeBytes < lowDiskBytes
            }) {
                continue
            }
            findings.append(
                .init(
                    disk.freeBytes < leastDiskBytes ? .error : .warning,
                    "\(SizeText.bytes(disk.freeBytes)) of disk are free in \(disk.folder) on \(first.host); checkpoints and "
                        + "prepared data need more: remove files, or use another disk (output, data.cache or CATENA_CACHE, TMPDIR)."
                ))
        }
        return findings
    }

    static func sharedMemory(_ ranks: [RankFacts]) -> [Finding] {
        guard let first = ranks.first, ranks.count > 1 else { return [] }
        let remedy =
            "mount a tmpfs there, writable to all (containers: --shm-size 1g or more, Kubernetes: an emptyDir of medium "
            + "Memory at /dev/shm)"
        guard let memory = first.sharedMemory, memory.isWritable else {
            let what = first.sharedMemory == nil ? "there is no /dev/shm" : "/dev/shm is not writable"
            return [
                .init(
                    .warning,
                    "\(what) on \(first.host), so its ranks talk through slower ways and cannot share weights (placement node); "
                        + "\(remedy).")
            ]
        }
        var findings: [Finding] = []
        if memory.freeBytes < lowSharedBytes {
            findings.append(
                .init(
                    memory.freeBytes < leastSharedBytesPerRank * ranks.count ? .error : .warning,
                    "/dev/shm of \(first.host) has \(SizeText.bytes(memory.freeBytes)) free of "
                        + "\(SizeText.bytes(memory.totalBytes)) for \(ranks.count) ranks; MPI needs some for each, placement node "
                        + "the model's size: \(remedy)."))
        }
        if ranks.contains(where: { $0.readsNeighbours == false }) {
            let scope = first.limits.ptraceScope ?? 0
            let how =
                scope > 0
                ? "kernel.yama.ptrace_scope is \(scope); sysctl kernel.yama.ptrace_scope=0 allows it"
                : "containers: docker --cap-add SYS_PTRACE, Kubernetes capabilities.add: [SYS_PTRACE]"
            findings.append(
                .init(
                    .warning,
                    "the ranks of \(first.host) may not read each other's memory, so messages within the host are copied twice: "
                        + "\(how); or accept it with --mca btl_vader_single_copy_mechanism none."))
        }
        return findings
    }

    static func limits(_ ranks: [RankFacts], jobSize: Int) -> [Finding] {
        guard let first = ranks.first else { return [] }
        let limits = first.limits
        var findings: [Finding] = []
        // A connection or two to each other rank, and the run's own files.
        let needed = 2 * jobSize + 64
        if let openFiles = limits.openFiles, openFiles < needed {
            findings.append(
                .init(
                    .warning,
                    "a process on \(first.host) may open \(openFiles) files, a job of \(jobSize) ranks needs up to \(needed); raise "
                        + "it: ulimit -n \(max(needed, 4096)), or nofile in /etc/security/limits.conf."))
        }
        if let bytes = limits.addressSpaceBytes {
            findings.append(
                .init(
                    .warning,
                    "the address space of a process on \(first.host) is limited to \(SizeText.bytes(bytes)), mapped models "
                        + "included; remove the limit: ulimit -v unlimited."))
        }
        if limits.hasInfiniband, let bytes = limits.lockedBytes, bytes < 1 << 30 {
            findings.append(
                .init(
                    .warning,
                    "\(first.host) has an InfiniBand device, but a process may lock only \(SizeText.bytes(bytes)) of memory, so MPI "
                        + "falls back to slower ways; ulimit -l unlimited (memlock in /etc/security/limits.conf, LimitMEMLOCK of "
                        + "the daemon that starts jobs)."))
        }
        return findings
    }
}
