import CatenaEngine
import CatenaModels
import Testing

@Suite("Sequence layout")
struct SequenceLayoutTests {
    @Test("fresh sequences")
    func fresh() {
        let layout = SequenceLayout(segmentStarts: [0, 2, 5], positions: [0, 1, 0, 1, 2])
        #expect((layout.tokenCount, layout.segmentCount, layout.positionLimit) == (5, 2, 3))
        #expect(layout.caches == nil)
    }

    @Test("new tokens continue at the positions behind their caches")
    func appending() throws {
        let model = try TinyModel.make(engine: Engine(threads: 1))
        func cache() -> KeyValueCache {
            model.configuration.keyValueCache(capacity: 9, memory: model.engine.memory)
        }
        let (first, second) = (cache(), cache())
        _ = model.hiddenStates([1, 2, 3], layout: SequenceLayout(appending: [3], to: [first]))
        #expect((first.length, second.length) == (3, 0))
        let layout = SequenceLayout(appending: [1, 2], to: [first, second])
        #expect(layout.segmentStarts == [0, 1, 3])
        #expect(layout.positions == [3, 0, 1])
        #expect(layout.positionLimit == 4)
        _ = model.hiddenStates([4, 1, 2], layout: layout)
        #expect((first.length, second.length) == (4, 2))
    }

    @Test("a prompt fed in pieces of any size has the hidden states of the whole", arguments: [1, 2, 5], [nil, 3])
    func pieces(size: Int, window: Int?) throws {
        let model = try TinyModel.make(engine: Engine(threads: 1)) { $0.slidingWindow = window }
        let ids: [Int32] = [1, 5, 2, 9, 12, 0, 3, 3, 7, 4]
        let whole = model.hiddenStates(
            ids, layout: SequenceLayout(segmentStarts: [0, 10], positions: ids.indices.map { Int32($0) }))
        let cache = model.configuration.keyValueCache(capacity: 10, memory: model.engine.memory)
        var found: [Float] = []
        for start in stride(from: 0, to: ids.count, by: size) {
            let piece = Array(ids[start..<min(start + size, ids.count)])
            found += model.hiddenStates(piece, layout: SequenceLayout(appending: [piece.count], to: [cache])).elements()
        }
        // Two attention kernels that sum in different orders, two layers.
        #expect(normwiseError(found, whole.elements()) < 5e-6)
    }
}
