import CatenaDistributed
import Testing

@Suite("Reduction tree")
struct ReductionTreeTests {
    @Test("shares are contiguous, complete and differ by at most one")
    func shares() {
        for count in 0...20 {
            for size in 1...9 {
                let shares = (0..<size).map { ReductionTree.share(of: count, rank: $0, size: size) }
                #expect(shares.flatMap { Array($0) } == Array(0..<count))
                let sizes = shares.map(\.count)
                #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
            }
        }
    }

    @Test("a share that is a tree node reduces to one partial sum")
    func alignedShares() {
        #expect(ReductionTree.partials(of: 8..<12, count: 16) == [8..<12])
        #expect(ReductionTree.partials(of: 0..<13, count: 13) == [0..<13])
        #expect(ReductionTree.partials(of: 8..<13, count: 13) == [8..<13])
    }

    @Test("an unaligned share reduces to few complete nodes in order")
    func unalignedShares() {
        #expect(ReductionTree.partials(of: 3..<11, count: 16) == [3..<4, 4..<8, 8..<10, 10..<11])
        #expect(ReductionTree.partials(of: 5..<5, count: 16).isEmpty)
        for count in 1...70 {
            for size in 1...8 {
                for rank in 0..<size {
                    let share = ReductionTree.share(of: count, rank: rank, size: size)
                    let partials = ReductionTree.partials(of: share, count: count)
                    #expect(partials.flatMap { Array($0) } == Array(share))
                    #expect(partials.count <= 12)
                }
            }
        }
    }

    @Test("the stack for a power of two holds its logarithm")
    func depth() {
        #expect(ReductionTree.deepestStack(of: 0..<1, count: 1) == 1)
        #expect(ReductionTree.deepestStack(of: 0..<2, count: 2) == 1)
        #expect(ReductionTree.deepestStack(of: 0..<16, count: 16) == 4)
    }
}
