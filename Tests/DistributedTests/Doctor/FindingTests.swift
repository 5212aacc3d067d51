import CatenaDistributed
import Testing

@Suite("Doctor findings")
struct FindingTests {
    private func texts(_ ranks: [RankFacts]) -> [String] { Finding.all(in: ranks).map(\.text) }
    private func disk(_ freeBytes: Int) -> DiskSpace { DiskSpace(folder: "/data", freeBytes: freeBytes) }

    @Test("ranks that share a machine's cores exactly have nothing to report")
    func healthy() {
        let ranks = [
            RankFacts(
                rank: 0, cores: [0, 1], launcherCores: [0, 1, 2, 3], cpuQuota: 4, threads: 2,
                availableMemoryBytes: 8_000_000_000, disks: [disk(9_000_000_000)]),
            RankFacts(
                rank: 1, cores: [2, 3], launcherCores: [0, 1, 2, 3], cpuQuota: 4, threads: 2,
                availableMemoryBytes: 8_000_000_000, disks: [disk(9_000_000_000)]),
        ]
        #expect(Finding.all(in: ranks) == [])
    }

    @Test("a rank bound to fewer cores than its threads is named with the option that widens it")
    func narrowBinding() {
        let found = texts([
            RankFacts(rank: 0, cores: [0, 1]), RankFacts(rank: 1, host: "b", hostIndex: 1, cores: [3], threads: 4),
        ])
        #expect(found.count == 1)
        #expect(found.first?.contains("rank 1 of b may use 1 core for 4 threads") == true)
        #expect(found.first?.contains("--map-by slot:PE=4") == true)
    }

    @Test("more threads than cores on a host are one finding, not one for each rank")
    func oversubscribed() {
        let found = texts((0..<4).map { RankFacts(rank: $0, cores: [0, 1], threads: 1) })
        #expect(found.count == 1)
        #expect(found.first?.contains("oversubscribed: 4 ranks with 4 threads in all on 2 cores") == true)
        #expect(found.first?.contains("at most 2 ranks") == true)
    }

    @Test("cores that the binding leaves idle are counted")
    func idleCores() {
        let found = texts((0..<2).map { RankFacts(rank: $0, cores: [$0], launcherCores: Array(0..<16)) })
        #expect(found.count == 1)
        #expect(found.first?.contains("ranks 0, 1 of host may use 2 of the 16 cores") == true)
        #expect(found.first?.contains("slot:PE=8") == true)
        #expect(texts([RankFacts(rank: 0, cores: [0], launcherCores: [0, 1])]).count == 1)
    }

    @Test("different programs, MPI libraries and kernels name the ranks of each")
    func differences() {
        let found = texts([
            RankFacts(rank: 0, cores: [0], binaryDigest: "aaa", coreType: "Haswell", mpiVersion: "Open MPI 4.1"),
            RankFacts(
                rank: 1, host: "b", hostIndex: 1, cores: [0], binaryDigest: "bbb", coreType: "Zen",
                mpiVersion: "Open MPI 5.0"),
            RankFacts(
                rank: 2, host: "b", hostIndex: 1, cores: [1], binaryDigest: "bbb", coreType: "Zen",
                mpiVersion: "Open MPI 5.0"),
        ])
        #expect(found.count == 3)
        #expect(found.first?.contains("(file aaa) on rank 0") == true)
        #expect(found.first?.contains("(file bbb) on ranks 1, 2") == true)
        #expect(found.contains { $0.contains("Open MPI 5.0 on ranks 1, 2") })
        #expect(found.contains { $0.contains("OPENBLAS_CORETYPE") })
    }

    @Test("a quota below the cores, and AVX2 that is missing, come with a remedy")
    func quota() {
        let found = texts([RankFacts(rank: 0, cores: [0, 1, 2, 3], cpuQuota: 1.5, hasWideVectors: false)])
        #expect(found.count == 2)
        #expect(found.first?.contains("1.5 of its 4 cores") == true)
        #expect(found.last?.contains("no AVX2") == true)
    }

    @Test("kernels for a lesser processor than the one that is there are a finding")
    func narrowKernels() {
        func found(_ coreType: String, hasAVX512: Bool) -> [String] {
            texts([RankFacts(rank: 0, cores: [0], coreType: coreType, hasAVX512: hasAVX512)])
        }
        #expect(found("Haswell", hasAVX512: true).count == 1)
        #expect(found("Zen", hasAVX512: true).first?.contains("OPENBLAS_CORETYPE=SkylakeX") == true)
        #expect(found("Haswell", hasAVX512: false) == [])
        #expect(found("Cooperlake", hasAVX512: true) == [])
        let old = found("Prescott", hasAVX512: true).first ?? ""
        #expect(old.contains("kernels for Prescott") && old.contains("OPENBLAS_CORETYPE=SkylakeX"), "\(old)")
        #expect(found("Prescott", hasAVX512: false).first?.contains("OPENBLAS_CORETYPE=Haswell") == true)
    }

    @Test("low disk and memory are warnings; almost none is an error and comes first")
    func space() {
        func severities(memory: Int, disk: Int) -> [Finding.Severity] {
            Finding.all(in: [RankFacts(rank: 0, cores: [0], availableMemoryBytes: memory, disks: [self.disk(disk)])])
                .map(
                    \.severity)
        }
        #expect(severities(memory: 1_000_000_000, disk: 2_000_000_000) == [])
        #expect(severities(memory: 999_000_000, disk: 1_999_000_000) == [.warning, .warning])
        #expect(severities(memory: 500_000_000, disk: 10_000_000) == [.error, .warning])
        #expect(severities(memory: 100_000_000, disk: 3_000_000_000) == [.error])
    }

    @Test("folders of one full file system are one finding, another file system is its own")
    func disks() {
        let full = [
            DiskSpace(folder: "/run", freeBytes: 100_000_000, totalBytes: 1_000_000_000),
            DiskSpace(folder: "/cache", freeBytes: 100_000_000, totalBytes: 1_000_000_000),
            DiskSpace(folder: "/tmp", freeBytes: 10_000_000, totalBytes: 20_000_000),
        ]
        let found = texts([RankFacts(rank: 0, cores: [0], disks: full)])
        #expect(found.count == 2)
        #expect(found.first?.contains("10.0 MB of disk are free in /tmp") == true)
        #expect(found.last?.contains("in /run on host") == true)
    }

    @Test("a run whose OpenBLAS differs between hosts is told that its results do, too")
    func libraries() {
        let found = texts([
            RankFacts(rank: 0, cores: [0], blasVersion: "OpenBLAS 0.3.21"),
            RankFacts(rank: 1, host: "b", hostIndex: 1, cores: [0], blasVersion: "OpenBLAS 0.3.28"),
        ])
        #expect(found.count == 1)
        #expect(found.first?.contains("OpenBLAS 0.3.21 on rank 0, OpenBLAS 0.3.28 on rank 1") == true)
    }

    @Test("more ranks than mpirun's slots are named with the hostfile's remedy")
    func slots() {
        let ranks = (0..<4).map { RankFacts(rank: $0, cores: [$0], slots: 2) }
        #expect(texts(ranks).first?.contains("4 ranks in 2 slots") == true)
        #expect(
            texts(
                ranks.map {
                    var rank = $0; rank.slots = 4; return rank
                }) == [])
    }

    @Test("memory is shared by the ranks of a host")
    func sharedMemory() {
        let ranks = (0..<4).map { RankFacts(rank: $0, cores: [$0], availableMemoryBytes: 2_000_000_000) }
        #expect(texts(ranks).first?.contains("500 MB of free memory for each") == true)
    }

    @Test("a process alone gathers its own facts")
    func gather() throws {
        let ranks = try RankFacts.gather(SingleProcessCommunicator(), threads: 3)
        #expect(ranks.count == 1)
        #expect(ranks.first?.threads == 3)
        #expect(ranks.first?.binaryDigest.count == 12)
        #expect(ranks.first?.mpiVersion.isEmpty == false)
        #expect(ranks.first?.blasVersion.contains("OpenBLAS") == true)
        #expect((ranks.first?.disks.first?.freeBytes ?? 0) > 0)
        #expect((ranks.first?.limits.openFiles ?? 0) > 0)
        #expect(ranks.first?.readsNeighbours == nil)
        #expect(try NetworkProbe.measure(SingleProcessCommunicator()) == nil)
    }
}
