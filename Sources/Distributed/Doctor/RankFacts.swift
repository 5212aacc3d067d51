import CatenaLearning
import CatenaEngine
import CatenaFiles
import Crypto
import Foundation

/// What one process of a job tells the others about itself and its machine.
package struct RankFacts: Codable, Equatable, Sendable {
    /// Position in the job.
    package var rank: Int
    /// Name of the machine, and its number in the job.
    package var host: String
    /// Number of its machine.
    package var hostIndex: Int
    /// Cores that this process may run on.
    package var cores: [Int]
    /// Cores that mpirun, or its daemon on this host, may run on; nil for a process started alone.
    package var launcherCores: [Int]?
    /// Cores' worth of time that the control group grants; nil without a limit.
    package var cpuQuota: Double?
    /// How busy its machine was before; nil where the system does not say.
    package var load: MachineLoad?
    /// Rate of a large float32 product on each of its cores, all ranks at work; nil where it was not measured.
    package var gigaflopsPerCore: Double?
    /// What that rate should be; nil where it cannot be known.
    package var expectedGigaflopsPerCore: Double?
    /// Why the rate is too low; nil if it is not.
    package var rateComplaint: String?
    /// Compute threads that training starts here.
    package var threads: Int
    /// Memory that can be had without swapping.
    package var availableMemoryBytes: Int?
    /// The file systems that a run writes to: the working folder's, and those of `CATENA_CACHE` and `TMPDIR`.
    package var disks: [DiskSpace]
    /// /dev/shm, where processes of a host exchange messages and share weights; nil if there is none.
    package var sharedMemory: DiskSpace?
    /// Whether the memory of the next process on the host can be read; nil where there is none.
    package var readsNeighbours: Bool?
    /// IPv4 addresses of the host.
    package var interfaces: [NetworkInterface]
    /// Open MPI's `btl_tcp_if_include`, as the environment or `--mca` gives it, in parts.
    package var chosenInterfaces: [String]
    /// The same of `btl_tcp_if_exclude`.
    package var excludedInterfaces: [String]
    /// What the system lets the process have.
    package var limits: HostLimits
    /// Processes for which mpirun found places (slots) on all hosts; nil where it does not say.
    package var slots: Int?
    /// Version of this program, and the first 12 digits of its file's SHA-256.
    package var version: String
    /// Hash of the program's file.
    package var binaryDigest: String
    /// The processor type whose kernels OpenBLAS uses.
    package var coreType: String
    /// Version and options of OpenBLAS.
    package var blasVersion: String
    /// Name and version of the MPI library.
    package var mpiVersion: String
    /// Whether the processor has AVX2 and fused multiply-add.
    package var hasWideVectors: Bool
    /// Whether it has the AVX-512 instructions that OpenBLAS's kernels for SkylakeX and later use.
    package var hasAVX512: Bool

    /// Facts from given values, for rules and their tests.
    package init(
        rank: Int, host: String = "host", hostIndex: Int = 0, cores: [Int], launcherCores: [Int]? = nil,
        cpuQuota: Double? = nil, threads: Int = 1, availableMemoryBytes: Int? = nil, disks: [DiskSpace] = [],
        sharedMemory: DiskSpace? = DiskSpace(folder: "/dev/shm", freeBytes: 8_000_000_000),
        readsNeighbours: Bool? = nil, interfaces: [NetworkInterface] = [], chosenInterfaces: [String] = [],
        excludedInterfaces: [String] = [],
        limits: HostLimits = HostLimits(), slots: Int? = nil, version: String = CatenaVersion.current,
        binaryDigest: String = "", coreType: String = "", blasVersion: String = "", mpiVersion: String = "",
        hasWideVectors: Bool = true, hasAVX512: Bool = false
    ) {
        self.rank = rank
        self.host = host
        self.hostIndex = hostIndex
        self.cores = cores
        self.launcherCores = launcherCores
        self.cpuQuota = cpuQuota
        self.threads = threads
        self.availableMemoryBytes = availableMemoryBytes
        self.disks = disks
        self.sharedMemory = sharedMemory
        self.readsNeighbours = readsNeighbours
        self.interfaces = interfaces
        self.chosenInterfaces = chosenInterfaces
        self.excludedInterfaces = excludedInterfaces
        self.limits = limits
        self.slots = slots
        self.version = version
        self.binaryDigest = binaryDigest
        self.coreType = coreType
        self.blasVersion = blasVersion
        self.mpiVersion = mpiVersion
        self.hasWideVectors = hasWideVectors
        self.hasAVX512 = hasAVX512
    }

    /// Collective: the facts of every process in rank order, on every process.
    ///
    /// - Parameters:
    ///   - threads: what the configuration's `distributed.threads` would be; nil is `auto`.
    ///   - measure: measures the GFLOP/s of so many threads together.
    package static func gather(
        _ communicator: any Communicator, threads: Int? = nil, measure: ((Int) -> Double)? = nil
    ) throws -> [RankFacts] {
        // Before this program's own measurements are part of it.
        let load = MachineLoad.current()
        let suggested = try HostFacts.suggestedThreads(communicator)
        var own = current(communicator, threads: threads ?? suggested)
        own.load = load
        if let measure {
            try communicator.barrier()
            own.note(rate: measure(own.threads) / Double(own.threads), expected: ExpectedRate.current())
        }
        own.readsNeighbours = try NeighbourMemory.isReadable(communicator)
        return try communicator.allGather(Array(try JSONEncoder().encode(own))).map {
            try JSONDecoder().decode(RankFacts.self, from: Data($0))
        }
    }

    private mutating func note(rate: Double, expected: ExpectedRate?) {
        gigaflopsPerCore = rate
        expectedGigaflopsPerCore = expected?.gigaflopsPerCore
        rateComplaint = expected?.complaint(measured: rate, load: load)
    }

    private static func current(_ communicator: any Communicator, threads: Int) -> RankFacts {
        let host = HostFacts.current()
        let environment = ProcessInfo.processInfo.environment
        func list(_ name: String) -> [String] {
            (environment[name] ?? "").split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        }
        let folders = [
            FileManager.default.currentDirectoryPath, try? PreparedDataset.cacheFolder(of: environment),
            environment["TMPDIR"] ?? "/tmp",
        ]
        let flags = HostFacts.fields(of: try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8))
            .first { $0.key.trimmingCharacters(in: .whitespaces) == "flags" }?.value
        let features = Set((flags ?? "").split(separator: " "))
        let isLaunched = LaunchEnvironment.detect(in: environment).launcher != nil
        let parent = isLaunched ? try? String(contentsOfFile: "/proc/\(getppid())/status", encoding: .utf8) : nil
        let binary =
            unsafe (try? MappedFile(path: "/proc/self/exe").withBytes { unsafe SHA256.hash(data: $0) })
            ?? SHA256.hash(data: [])
        return RankFacts(
            rank: communicator.rank, host: communicator.hostName, hostIndex: communicator.hostIndex,
            cores: host.allowedCores.cores.sorted(),
            launcherCores: HostFacts.fields(of: parent)["Cpus_allowed_list"].flatMap { ProcessorSet(list: $0) }?.cores
                .sorted(),
            cpuQuota: host.cpuQuota, threads: threads, availableMemoryBytes: host.availableMemoryBytes,
            disks: folders.compactMap { $0.flatMap { DiskSpace.current(in: $0) } },
            sharedMemory: DiskSpace.current(in: "/dev/shm"), interfaces: NetworkInterface.current(),
            chosenInterfaces: list("OMPI_MCA_btl_tcp_if_include"),
            excludedInterfaces: list("OMPI_MCA_btl_tcp_if_exclude"),
            limits: .current(), slots: environment["OMPI_UNIVERSE_SIZE"].flatMap { Int($0) },
            binaryDigest: String(binary.hexadecimal.prefix(12)),
            coreType: BLAS.coreType, blasVersion: BLAS.libraryConfiguration, mpiVersion: MPILibrary.version,
            hasWideVectors: features.isSuperset(of: ["avx2", "fma"]),
            hasAVX512: features.isSuperset(of: ["avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"]))
    }
}
