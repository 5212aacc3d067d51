/// Remembers the ids of short words, which make up nearly all of a text.
///
/// A fixed table of 1 MB: words up to 15 bytes that give at most three tokens. A new word takes the place of an
/// old one, so memory stays bounded and no word is ever answered wrongly.
struct WordCache: Sendable {
    /// A word of 1 to 15 bytes packed into two integers, its length in the top byte.
    struct Key {
        var low: UInt64 = 0
        var high: UInt64 = 0

        @inline(__always)
        init?(_ bytes: [UInt8], _ word: Range<Int>) {
            let length = word.upperBound - word.lowerBound
            guard length > 0, length <= WordCache.longestWord else { return nil }
            var position = word.lowerBound
            let lowEnd = min(position + 8, word.upperBound)
            var shift: UInt64 = 0
            while position < lowEnd {
                low |= UInt64(bytes[position]) &<< shift
                shift += 8
                position += 1
            }
            shift = 0
            while position < word.upperBound {
                high |= UInt64(bytes[position]) &<< shift
                shift += 8
                position += 1
            }
            high |= UInt64(length) << 56
        }
    }

    private struct Slot {
        var low: UInt64 = 0
        var high: UInt64 = 0
        var count: Int32 = 0
        var first: Int32 = 0
        var second: Int32 = 0
        var third: Int32 = 0
    }

    static let longestWord = 15
    private static let bits: UInt64 = 15

    private var slots = [Slot](repeating: Slot(), count: 1 << Int(bits))

    @inline(__always)
    private func home(_ key: Key) -> Int {
        let mixed = (key.low ^ (key.high &* 0xC2B2_AE3D_27D4_EB4F)) &* 0x9E37_79B9_7F4A_7C15
        return Int(truncatingIfNeeded: mixed >> (64 - Self.bits))
    }

    /// Appends the ids of a remembered word; false if it is not remembered.
    @inline(__always)
    func append(_ key: Key, to output: inout [Int32]) -> Bool {
        let home = home(key)
        var slot = slots[home]
        if slot.low != key.low || slot.high != key.high {
            slot = slots[home ^ 1]
            guard slot.low == key.low, slot.high == key.high else { return false }
        }
        if slot.count > 0 { output.append(slot.first) }
        if slot.count > 1 { output.append(slot.second) }
        if slot.count > 2 { output.append(slot.third) }
        return true
    }

    /// Remembers that `key` gives `ids`, if they are few enough.
    mutating func remember(_ key: Key, _ ids: ArraySlice<Int32>) {
        guard ids.count <= 3 else { return }
        let home = home(key)
        let start = ids.startIndex
        var slot = Slot(low: key.low, high: key.high, count: Int32(ids.count))
        if ids.count > 0 { slot.first = ids[start] }
        if ids.count > 1 { slot.second = ids[start + 1] }
        if ids.count > 2 { slot.third = ids[start + 2] }
        if slots[home].high != 0 { slots[home ^ 1] = slots[home] }
        slots[home] = slot
    }
}
