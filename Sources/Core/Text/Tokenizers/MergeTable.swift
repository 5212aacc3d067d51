/// The merges of a byte-pair vocabulary: (left id, right id) → rank and id of the joined token.
///
/// A flat open-addressing table at most half full.
struct MergeTable: Sendable {
    struct Merge: Sendable {
        var left: Int32
        var right: Int32
        /// Lower ranks merge first.
        var rank: UInt32
        var joined: Int32
    }

    /// The rank that no merge has.
    static let none = UInt32.max

    private var slots: [Merge]
    private let shift: UInt64
    private let mask: Int

    /// Later merges of the same pair replace earlier ones.
    init(_ merges: [Merge]) {
        var bits = 6
        while 1 << bits < merges.count * 2 { bits += 1 }
        shift = UInt64(64 - bits)
        mask = (1 << bits) - 1
        slots = [Merge](repeating: Merge(left: -1, right: -1, rank: Self.none, joined: -1), count: 1 << bits)
        for merge in merges {
            var slot = home(merge.left, merge.right)
            while slots[slot].left >= 0, slots[slot].left != merge.left || slots[slot].right != merge.right {
                slot = (slot + 1) & mask
            }
            slots[slot] = merge
        }
    }

    /// Every merge, in no order.
    var all: [Merge] { slots.filter { $0.left >= 0 } }

    /// The rank and the joined id of a pair; rank is ``none`` if the pair does not merge.
    @inline(__always)
    func lookUp(_ left: Int32, _ right: Int32) -> (rank: UInt32, joined: Int32) {
        var slot = home(left, right)
        while true {
            let merge = slots[slot]
            if merge.left == left && merge.right == right { return (merge.rank, merge.joined) }
            if merge.left < 0 { return (Self.none, -1) }
            slot = (slot + 1) & mask
        }
    }

    @inline(__always)
    private func home(_ left: Int32, _ right: Int32) -> Int {
        let key = UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
        let mixed = (key ^ (key >> 32)) &* 0x9E37_79B9_7F4A_7C15
        return Int(truncatingIfNeeded: mixed >> shift)
    }
}
