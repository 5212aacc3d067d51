import CatenaEngine
import Foundation

/// The rate of large float32 products that a core of this machine should reach when all cores work.
///
///     rate = 0.8 · clock · lanes · units · 2 / threads of a core
///
/// lanes: float32 numbers in a vector; units: vectors that are multiplied and added in a cycle; 0.8: what good products reach of
/// that. Where the processor's kind leaves the units open, the lower number counts, so that no machine is called slow that is not.
package struct ExpectedRate: Equatable, Sendable {
    /// Of a core, as a system counts them.
    package let gigaflopsPerCore: Double
    /// What it follows from: `AVX-512 at 2.3 GHz`.
    package let basis: String

    /// This machine's; nil where the system does not say what is needed, and in a debug build, whose kernels are slow anywhere.
    package static func current() -> ExpectedRate? {
        #if DEBUG
            return nil
        #else
            return ofMachine()
        #endif
    }

    private static func ofMachine() -> ExpectedRate? {
        func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }
        guard let processor = text("/proc/cpuinfo") else { return nil }
        let highest = text("/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq")?
            .trimmingCharacters(in: .whitespacesAndNewlines)
        return ExpectedRate(processor: processor, highestKilohertz: highest.flatMap { Double($0) })
    }

    /// - Parameters:
    ///   - processor: the content of /proc/cpuinfo.
    ///   - highestKilohertz: the highest clock, where the system can change it; else the one of /proc/cpuinfo counts.
    package init?(processor: String, highestKilohertz: Double?) {
        let first = processor.components(separatedBy: "\n\n").first { !$0.isEmpty } ?? ""
        let fields = Dictionary(
            HostFacts.fields(of: first).map { ($0.key.trimmingCharacters(in: .whitespaces), $0.value) }
        ) { one, _ in one }
        let features = Set((fields["flags"] ?? "").split(separator: " "))
        let clock = highestKilohertz.map { $0 / 1e6 } ?? fields["cpu MHz"].flatMap { Double($0) }.map { $0 / 1e3 }
        guard let clock, (0.1...10).contains(clock), features.contains("fma") else { return nil }
        let family = fields["cpu family"].flatMap { Int($0) }
        let name = fields["model name"] ?? ""
        let (vectors, lanes, units): (String, Double, Double)
        if features.contains("avx512f") {
            // One unit of 512 bits, or two halves of one: small Xeons before 2021, processors for notebooks, Zen 4.
            let isTwofold =
                name.contains("Xeon") && !name.contains("Silver") && !name.contains("Bronze") || family == 26
            (vectors, lanes, units) = ("AVX-512", 16, isTwofold ? 2 : 1)
        } else if features.contains("avx2") {
            // The first Zen has halves.
            (vectors, lanes, units) = ("AVX2", 8, family == 23 ? 1 : 2)
        } else {
            return nil
        }
        let siblings = fields["siblings"].flatMap { Double($0) } ?? 1
        let cores = fields["cpu cores"].flatMap { Double($0) } ?? siblings
        let threadsOfCore = cores > 0 ? max(1, siblings / cores) : 1
        gigaflopsPerCore = 0.8 * clock * lanes * units * 2 / threadsOfCore
        basis =
            "\(vectors) at \(String(format: "%.1f", clock)) GHz"
            + (threadsOfCore > 1 ? ", cores shared by threads" : "")
    }

    /// What to say about a rate that was measured; nil for one that is near enough.
    package func complaint(measured: Double, load: MachineLoad?) -> String? {
        guard measured < gigaflopsPerCore / 2 else { return nil }
        let cause =
            load?.isBusy == true
            ? "other programs take it: the load was \(load?.text ?? "high")"
            : "another virtual machine may share the processor, its clock may be held down (power saving, heat), or OpenBLAS's kernels "
                + "(\(BLAS.coreType)) do not suit it"
        return
            "measured \(Self.rounded(measured)) GFLOP/s a core, expected about \(Self.rounded(gigaflopsPerCore)) (\(basis)); \(cause)"
    }

    /// With two or three digits.
    package static func rounded(_ rate: Double) -> String { String(format: rate < 10 ? "%.1f" : "%.0f", rate) }
}
