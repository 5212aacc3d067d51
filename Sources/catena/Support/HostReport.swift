import CatenaDistributed
import CatenaEngine
import Foundation

/// What `catena doctor` says about one machine.
struct HostReport {
    private(set) var facts: [(name: String, value: String)] = []

    init() {
        processor()
        memory()
        software()
    }

    private mutating func processor() {
        let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        func field(_ name: String) -> String? {
            text.split(separator: "\n").first { $0.hasPrefix(name) }?
                .split(separator: ":", maxSplits: 1).last.map { $0.trimmingCharacters(in: .whitespaces) }
        }
        let flags = Set((field("flags") ?? "").split(separator: " ").map(String.init))
        let wanted = ["avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8"]
        facts.append(("processor", field("model name") ?? "unknown"))
        facts.append(("features", wanted.filter(flags.contains).joined(separator: " ")))
        let host = HostFacts.current()
        facts.append(
            (
                "cores",
                "\(host.allowedCores.cores.count) allowed (\(host.allowedCores.list))"
                    + (host.cpuQuota.map { ", quota \($0)" } ?? "")
            ))
    }

    private mutating func memory() {
        if let load = MachineLoad.current() { facts.append(("load", load.text)) }
        let host = HostFacts.current()
        func gigabytes(_ bytes: Int) -> String { String(format: "%.1f GB", Double(bytes) / 1e9) }
        facts.append(("memory", host.availableMemoryBytes.map { gigabytes($0) + " available" } ?? "unknown"))
        let folder = FileManager.default.currentDirectoryPath
        if let attributes = try? FileManager.default.attributesOfFileSystem(forPath: folder),
            let free = (attributes[.systemFreeSize] as? NSNumber)?.intValue
        {
            facts.append(("disk", "\(gigabytes(free)) free in \(folder)"))
        }
    }

    private mutating func software() {
        let environment = ProcessInfo.processInfo.environment
        let launch = LaunchEnvironment.detect(in: environment)
        facts.append(
            (
                "launcher",
                launch.launcher.map { "\($0), \(launch.expectedSize ?? 1) processes" } ?? "none, a world of one"
            ))
        if launch.launcher != nil { facts.append(("MPI", MPILibrary.version)) }
        facts.append(("OpenBLAS", "\(BLAS.libraryConfiguration), kernels for \(BLAS.coreType)"))
        facts.append(("catena", CatenaVersion.current))
        for name in ["OPENBLAS_NUM_THREADS", "OPENBLAS_CORETYPE", "OMP_NUM_THREADS", "CATENA_CACHE"] {
            if let value = environment[name] { facts.append((name, value)) }
        }
    }
}
