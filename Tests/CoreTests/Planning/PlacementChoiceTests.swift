import CatenaLearning
import CatenaReporting
import Testing

@Suite("Choice of the placement")
struct PlacementChoiceTests {
    /// Sizes in GB.
    private func choose(
        replicated: Int, node: Int, sharded: Int, available: Int, ranks: Int
    ) throws(PlanningError) -> PlacementChoice {
        let gigabyte = 1_000_000_000
        return try PlacementChoice.choose(
            replicatedBytesPerHost: replicated * gigabyte, nodeBytesPerHost: node * gigabyte,
            shardedBytesPerHost: sharded * gigabyte, availableBytesPerHost: available * gigabyte, ranksPerHost: ranks)
    }

    @Test("one rank on a host keeps its own weights when they fit four fifths of the memory")
    func replicated() throws {
        #expect(try choose(replicated: 8, node: 8, sharded: 3, available: 10, ranks: 1).placement == .replicated)
        let choice = try choose(replicated: 9, node: 9, sharded: 3, available: 10, ranks: 1)
        #expect(choice.placement == .sharded)
        #expect(
            choice.reason
                == "whole weights on a host would need 9.0 GB, a share 3.0 GB, of 8.0 GB, 80 % of the 10.0 GB available"
        )
    }

    @Test("several ranks of a host share one copy when it fits, however much memory there is")
    func node() throws {
        let choice = try choose(replicated: 16, node: 5, sharded: 3, available: 100, ranks: 4)
        #expect(choice.placement == .node)
        #expect(choice.reason.contains("4 ranks share a host: one copy needs 5.0 GB of 80.0 GB"))
        #expect(choice.reason.contains("would need 16.0 GB"))
        #expect(try choose(replicated: 16, node: 9, sharded: 3, available: 10, ranks: 4).placement == .sharded)
    }

    @Test("ranks whose weights are a mapped file have nothing to gain from a shared copy")
    func mapped() throws {
        #expect(try choose(replicated: 5, node: 5, sharded: 3, available: 10, ranks: 4).placement == .replicated)
        #expect(try choose(replicated: 9, node: 9, sharded: 3, available: 10, ranks: 4).placement == .sharded)
    }

    @Test("what does not fit at all is refused with the bytes that are missing")
    func refused() {
        #expect(
            throws: PlanningError.doesNotFit(
                placement: .sharded, bytes: 9_000_000_000, limit: 8_000_000_000, available: 10_000_000_000,
                ranksPerHost: 2)
        ) { try choose(replicated: 40, node: 20, sharded: 9, available: 10, ranks: 2) }
        let error = PlanningError.doesNotFit(
            placement: .sharded, bytes: 9_000_000_000, limit: 8_000_000_000, available: 10_000_000_000, ranksPerHost: 2)
        #expect("\(error)".contains("needs 9.0 GB for its 2 ranks, 1.0 GB more than 8.0 GB"))
        #expect("\(error)".contains("use more hosts"))
    }

    @Test("sizes carry the unit in which they are read")
    func sizes() {
        #expect(SizeText.bytes(999) == "999 bytes")
        #expect(SizeText.bytes(1_500_000) == "1.5 MB")
        #expect(SizeText.bytes(137_950_000_000) == "138.0 GB")
        #expect(SizeText.bytes(2_096_000_000_000) == "2.10 TB")
        #expect(SizeText.bytes(-3_000) == "-3.0 kB")
    }
}
