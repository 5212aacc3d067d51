import CatenaEngine
import Testing

@Suite("Random key")
struct RandomKeyTests {
    @Test("every part of the key and the name change the stream")
    func parts() {
        var streams: Set<UInt64> = []
        for seed in [0, 1, UInt64.max] {
            for step in [0, 1, 256] {
                for microBatch in [0, 1, 256] {
                    for name in ["", "a", "b", "ab"] {
                        streams.insert(
                            RandomKey(seed: seed, step: step, microBatch: microBatch).stream(for: name))
                    }
                }
            }
        }
        #expect(streams.count == 3 * 3 * 3 * 4)
    }

    @Test("a stream is a fixed number, so that old checkpoints continue with the same masks")
    func stable() {
        // FNV-1a, 64 bits, of 24 zero bytes and "a", computed in Python.
        #expect(RandomKey.none.stream(for: "a") == 0xd465de55663022ec)
    }
}
