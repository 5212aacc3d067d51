import CatenaDistributed
import Testing

@Suite("Divergence of ranks")
struct DivergenceTests {
    @Test("one changed bit anywhere changes the hash", arguments: [1, 7, 8, 31, 32, 33, 64, 100])
    func bits(count: Int) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }
        let original = bytes.withUnsafeBytes { hash64($0) }
        var seen: Set<UInt64> = [original]
        for place in bytes.indices {
            for bit in 0..<8 {
                var changed = bytes
                changed[place] ^= 1 << bit
                seen.insert(changed.withUnsafeBytes { hash64($0) })
            }
        }
        #expect(seen.count == 1 + 8 * count)
    }

    @Test("the same sign bit of two values, and exchanged values, change the hash")
    func pairs() {
        let values: [Float] = (0..<64).map { Float($0) + 0.5 }
        let original = values.withUnsafeBytes { hash64($0) }
        for first in 0..<63 {
            for second in first + 1..<64 {
                var changed = values
                changed[first] = -changed[first]
                changed[second] = -changed[second]
                #expect(changed.withUnsafeBytes { hash64($0) } != original)
                changed = values
                changed.swapAt(first, second)
                #expect(changed.withUnsafeBytes { hash64($0) } != original)
            }
        }
    }

    @Test("missing zeros change the hash")
    func lengths() {
        let hashes = (0..<80).map { count in [UInt8](repeating: 0, count: count).withUnsafeBytes { hash64($0) } }
        #expect(Set(hashes).count == 80)
    }

    @Test("the ranks that differ from most are named; between equals, those that differ from rank 0")
    func minority() {
        #expect(DivergenceAlarm.minority([5, 5, 5]) == [])
        #expect(DivergenceAlarm.minority([5, 6]) == [1])
        #expect(DivergenceAlarm.minority([5, 6, 6]) == [0])
        #expect(DivergenceAlarm.minority([5, 6, 6, 5]) == [1, 2])
        #expect(DivergenceAlarm.minority([1, 2, 3, 4]) == [1, 2, 3])
        #expect(DivergenceAlarm.minority([1, 2, 3, 3]) == [0, 1])
    }
}
