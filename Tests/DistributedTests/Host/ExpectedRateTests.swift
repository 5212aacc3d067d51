import CatenaDistributed
import Testing

@Suite("Rate that a core should reach")
struct ExpectedRateTests {
    private func processor(
        _ name: String, _ flags: String, megahertz: String? = "2500.000", family: Int = 6, siblings: Int = 2,
        cores: Int = 2
    ) -> String {
        let clock = megahertz.map { "cpu MHz\t\t: \($0)\n" } ?? ""
        let one = """
            cpu family\t: \(family)\nmodel name\t: \(name)\n\(clock)siblings\t: \(siblings)\ncpu cores\t: \(cores)
            flags\t\t: fpu \(flags)
            """
        return "processor\t: 0\n\(one)\n\nprocessor\t: 1\n\(one)\n\n"
    }

    private func rate(_ processor: String, kilohertz: Double? = nil) -> Double? {
        ExpectedRate(processor: processor, highestKilohertz: kilohertz)?.gigaflopsPerCore
    }

    @Test("is clock x lanes x units x 2, less a fifth, over the threads of a core")
    func formula() throws {
        #expect(rate(processor("Intel(R) Xeon(R) Processor", "avx2 fma avx512f")) == 0.8 * 2.5 * 16 * 2 * 2)
        #expect(rate(processor("Intel(R) Xeon(R) Silver 4110", "avx2 fma avx512f")) == 0.8 * 2.5 * 16 * 2)
        #expect(rate(processor("AMD EPYC 9354", "avx2 fma avx512f", family: 25)) == 0.8 * 2.5 * 16 * 2)
        #expect(rate(processor("AMD EPYC 9555", "avx2 fma avx512f", family: 26)) == 0.8 * 2.5 * 16 * 2 * 2)
        #expect(rate(processor("AMD EPYC 7B13", "avx2 fma", family: 25)) == 0.8 * 2.5 * 8 * 2 * 2)
        let threads = processor("Intel(R) Xeon(R) Gold", "avx2 fma avx512f", siblings: 64, cores: 32)
        #expect(rate(threads) == 0.8 * 2.5 * 16 * 2)
        #expect(rate(threads, kilohertz: 3_500_000) == 0.8 * 3.5 * 16 * 2)
    }

    @Test("is not known without a clock, and of processors without AVX2 with FMA")
    func unknown() {
        for clock in [nil, "0.000", "unknown"] {
            #expect(rate(processor("Virtual CPU", "avx2 fma", megahertz: clock)) == nil)
        }
        #expect(rate(processor("Old", "avx")) == nil)
        #expect(rate("processor\t: 0\nBogoMIPS\t: 243.75\nFeatures\t: fp asimd\n\n") == nil)
        #expect(rate("") == nil)
    }

    @Test("a rate below half of it is said with both numbers, the load as the cause where there is one")
    func complaint() throws {
        let rate = try #require(ExpectedRate(processor: processor("x", "avx2 fma"), highestKilohertz: nil))
        #expect(rate.complaint(measured: 33, load: MachineLoad(tasks: 6, cores: 2)) == nil)
        let busy = rate.complaint(measured: 20, load: MachineLoad(tasks: 6, cores: 2))
        #expect(
            busy == """
                measured 20 GFLOP/s a core, expected about 64 (AVX2 at 2.5 GHz); other programs take it: the load was 6.0 on 2 cores \
                over the last minute
                """)
        #expect(rate.complaint(measured: 20, load: nil)?.contains("another virtual machine") == true)
        var facts = RankFacts(rank: 0, cores: [0])
        facts.rateComplaint = busy
        #expect(Finding.all(in: [facts]).map(\.text) == ["host is slow: \(busy ?? "")."])
        // A reason that is told already.
        facts.threads = 2
        #expect(Finding.all(in: [facts]).allSatisfy { !$0.text.contains("is slow") })
    }
}
