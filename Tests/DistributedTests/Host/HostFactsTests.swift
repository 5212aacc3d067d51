import CatenaDistributed
import Foundation
import Testing

@Suite("Host facts")
struct HostFactsTests {
    @Test("processor lists are read as the kernel writes them")
    func lists() {
        #expect(ProcessorSet(list: "0-3,8")?.cores == [0, 1, 2, 3, 8])
        #expect(ProcessorSet(list: "5")?.list == "5")
        #expect(ProcessorSet(list: "0-1,4-5")?.list == "0,1,4,5")
        for wrong in ["a", "3-1", "1-", "1-2-3", "-1"] { #expect(ProcessorSet(list: wrong) == nil, "\(wrong)") }
    }

    @Test("threads are own cores over sharing processes, limited by the quota")
    func threads() {
        let all = ProcessorSet(cores: Set(0..<8))
        let low = ProcessorSet(cores: Set(0..<4))
        let high = ProcessorSet(cores: Set(4..<8))
        #expect(HostFacts.suggestedThreads(own: all, processorSets: [all], cpuQuota: nil) == 8)
        #expect(HostFacts.suggestedThreads(own: all, processorSets: [all, all], cpuQuota: nil) == 4)
        #expect(HostFacts.suggestedThreads(own: low, processorSets: [low, high], cpuQuota: nil) == 4)
        #expect(HostFacts.suggestedThreads(own: all, processorSets: [all, all], cpuQuota: 3) == 1)
        #expect(HostFacts.suggestedThreads(own: all, processorSets: [all], cpuQuota: 2.5) == 2)
        #expect(
            HostFacts.suggestedThreads(own: low, processorSets: Array(repeating: low, count: 9), cpuQuota: nil) == 1)
    }

    @Test("this machine's facts are plausible")
    func current() {
        let facts = HostFacts.current()
        #expect((1...sysconf(Int32(_SC_NPROCESSORS_CONF))).contains(facts.allowedCores.cores.count))
        #expect(facts.residentBytes > 1 << 20)
        #expect(facts.peakResidentBytes >= facts.residentBytes)
        #expect((facts.availableMemoryBytes ?? 0) > 1 << 20)
    }
}
