import Foundation

/// Gathers the announced blocks' images into one buffer, one after the other, and with `prefetches` ahead of their use
/// on a thread of its own.
///
/// The buffer holds one image: a gather begins when the image before it has been given back.
@safe package final class BlockGatherer: @unchecked Sendable {
    /// What a process keeps of an image, and where the shards of all processes lie in it.
    @safe package struct Source {
        let shard: UnsafeRawBufferPointer
        let offsets: [Int64]

        package init(shard: UnsafeRawBufferPointer, offsets: [Int64]) {
            unsafe (self.shard, self.offsets) = (shard, offsets)
        }

        var byteCount: Int { Int(offsets[offsets.count - 1]) }
    }

    private let sources: [Source]
    private let ring: any GatherRing
    private let prefetches: Bool
    /// The buffer.
    let image: UnsafeMutableRawPointer
    // All below is guarded by `condition`.
    private let condition = NSCondition()
    private var announced: [Int] = []
    private var isBufferFree = true
    private var isComplete = false
    private var isStopped = false
    private var hasThread = false
    private var failure: CommunicatorError?

    /// A gatherer for images of at most `capacity` bytes.
    package init(sources: [Source], ring: any GatherRing, prefetches: Bool) {
        self.sources = sources
        self.ring = ring
        self.prefetches = prefetches
        unsafe image = .allocate(
            byteCount: max(sources.map(\.byteCount).max() ?? 0, 1), alignment: BlockImage.alignment)
        guard prefetches else { return }
        hasThread = true
        let thread = Thread { [self] in
            gatherUntilStopped()
            condition.withLock {
                hasThread = false
                condition.broadcast()
            }
        }
        thread.name = "gather"
        thread.start()
    }

    deinit { unsafe image.deallocate() }

    /// Ends the thread, waits until it has ended, and closes the ring; the last call.
    ///
    /// When another process has failed in the middle of a gather, that gather never ends. The job is about to be ended then,
    /// and what the thread works with has to stay.
    /// - Returns: whether nothing reads the sources any more.
    package func stop(timeoutSeconds: Double = 1) -> Bool {
        let limit = Date(timeIntervalSinceNow: timeoutSeconds)
        let hasEnded = condition.withLock {
            isStopped = true
            condition.broadcast()
            while hasThread, condition.wait(until: limit) {}
            return !hasThread
        }
        if hasEnded { ring.close() }
        return hasEnded
    }

    /// Adds images, by their index among the sources, to those that will be taken, in order.
    package func announce(_ indices: [Int]) {
        condition.withLock {
            announced += indices
            condition.broadcast()
        }
    }

    /// Waits until the next announced image is in the buffer.
    package func take(_ index: Int) throws(CommunicatorError) {
        if !prefetches {
            let next = condition.withLock { announced.removeFirst() }
            precondition(next == index, "images are taken in the order announced")
            return try gather(index)
        }
        let failure: CommunicatorError? = condition.withLock {
            while !isComplete, self.failure == nil { condition.wait() }
            return self.failure
        }
        if let failure { throw failure }
    }

    /// Says that the buffer is no longer needed.
    package func giveBack() {
        condition.withLock {
            isComplete = false
            isBufferFree = true
            condition.broadcast()
        }
    }

    private func gatherUntilStopped() {
        while true {
            let next: Int? = condition.withLock {
                while !isStopped, announced.isEmpty || !isBufferFree { condition.wait() }
                guard !isStopped else { return nil }
                isBufferFree = false
                return announced.removeFirst()
            }
            guard let next else { return }
            let outcome = Result { () throws(CommunicatorError) in try gather(next) }
            condition.withLock {
                if case .failure(let error) = outcome { failure = error }
                isComplete = true
                condition.broadcast()
            }
        }
    }

    private func gather(_ index: Int) throws(CommunicatorError) {
        let source = sources[index]
        CrashPoint.reached("gather")
        if let shard = unsafe source.shard.baseAddress {
            unsafe (image + Int(source.offsets[ring.position])).copyMemory(from: shard, byteCount: source.shard.count)
        }
        unsafe try ring.gather(image, offsets: source.offsets)
    }
}
