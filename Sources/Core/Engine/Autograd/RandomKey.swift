/// Names the random numbers of one pass of one micro-batch, independent of process and order.
public struct RandomKey: Sendable, Equatable {
    /// The run's seed.
    package var seed: UInt64
    /// The optimizer step.
    package var step: Int
    /// The micro-batch's index within the global batch.
    package var microBatch: Int

    /// A key for micro-batch `microBatch` of step `step`.
    package init(seed: UInt64, step: Int, microBatch: Int) {
        self.seed = seed
        self.step = step
        self.microBatch = microBatch
    }

    /// For passes that draw nothing.
    public static let none = RandomKey(seed: 0, step: 0, microBatch: 0)

    /// The counter generator's key for the tensor `name` under this key (FNV-1a over all parts).
    package func stream(for name: String) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func mix(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        for part in [seed, UInt64(bitPattern: Int64(step)), UInt64(bitPattern: Int64(microBatch))] {
            for shift in stride(from: 0, to: 64, by: 8) { mix(UInt8(truncatingIfNeeded: part >> UInt64(shift))) }
        }
        for byte in name.utf8 { mix(byte) }
        return hash
    }
}
