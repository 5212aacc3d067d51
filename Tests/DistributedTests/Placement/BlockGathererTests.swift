import CatenaDistributed
import Foundation
import Synchronization
import Testing

@Suite("Gathering blocks") struct BlockGathererTests {
    /// A ring of one place whose gathers can be held up.
    private final class Ring: GatherRing {
        let position = 0
        let size = 1
        let isClosed = Mutex(0)
        let begun = DispatchSemaphore(value: 0)
        let mayEnd = DispatchSemaphore(value: 0)
        let waits: Bool

        init(waits: Bool) { self.waits = waits }

        func gather(_ image: UnsafeMutableRawPointer, offsets: [Int64]) {
            begun.signal()
            if waits { mayEnd.wait() }
        }

        func close() { isClosed.withLock { $0 += 1 } }
    }

    private func gatherer(_ ring: Ring, _ shard: UnsafeMutableRawBufferPointer, prefetches: Bool) -> BlockGatherer {
        BlockGatherer(
            sources: [.init(shard: UnsafeRawBufferPointer(shard), offsets: [0, Int64(shard.count)])], ring: ring,
            prefetches: prefetches)
    }

    @Test("after stop no thread is left and the ring is closed once", arguments: [false, true])
    func stop(prefetches: Bool) throws {
        let shard = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 64)
        defer { shard.deallocate() }
        let ring = Ring(waits: false)
        let gatherer = gatherer(ring, shard, prefetches: prefetches)
        gatherer.announce([0])
        try gatherer.take(0)
        gatherer.giveBack()
        #expect(gatherer.stop(timeoutSeconds: 20))
        #expect(ring.isClosed.withLock { $0 } == 1)
    }

    @Test("stop waits for a gather that is under way")
    func waits() {
        let shard = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 64)
        defer { shard.deallocate() }
        let ring = Ring(waits: true)
        let gatherer = gatherer(ring, shard, prefetches: true)
        gatherer.announce([0])
        ring.begun.wait()
        let helper = Thread {
            Thread.sleep(forTimeInterval: 0.1)
            ring.mayEnd.signal()
        }
        helper.start()
        #expect(gatherer.stop(timeoutSeconds: 20))
        #expect(ring.isClosed.withLock { $0 } == 1)
    }

    @Test("a gather that never ends keeps its memory and its ring, and does not hold up the end")
    func hangs() {
        let shard = UnsafeMutableRawBufferPointer.allocate(byteCount: 64, alignment: 64)
        let ring = Ring(waits: true)
        let gatherer = gatherer(ring, shard, prefetches: true)
        gatherer.announce([0])
        ring.begun.wait()
        #expect(!gatherer.stop(timeoutSeconds: 0.05))
        #expect(ring.isClosed.withLock { $0 } == 0)
        ring.mayEnd.signal()
    }
}
