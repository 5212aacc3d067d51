import CatenaDistributed
import Testing

@Suite("Pieces of large messages") struct MPIChunkTests {
    @Test("one call of MPI takes at most a gibibyte, whatever the elements", arguments: [1, 4, 8])
    func bounded(width: Int) {
        let limit = 1 << 30
        for remaining in [1, limit / width, limit / width + 1, limit, 1 << 40] {
            let elements = mpiChunk(remaining: remaining, width: width)
            #expect(elements == min(remaining, limit / width))
            #expect(elements * width <= Int(Int32.max))
        }
    }
}
