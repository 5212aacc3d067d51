/// The tokens of a model with their ids, as one block of bytes and a flat hash table over it.
///
/// Token texts are compared byte for byte; ids may have gaps.
struct Vocabulary: Sendable {
    /// Why a token could not be added.
    enum Conflict: Error {
        case idOutOfRange(Int)
        case tokenRepeated(otherId: Int32)
        case idRepeated(other: String)
    }

    /// Larger ids are a damaged file; the largest published vocabularies are well under a million tokens.
    static let largestId = (1 << 24) - 1

    private var storage: [UInt8] = []
    private var starts: [Int] = [0]
    private var ids: [Int32] = []
    private var entryOfId: [Int32] = []
    private var slots: [Int32]
    private var mask: Int

    init(expectedCount: Int) {
        var capacity = 64
        while capacity < expectedCount * 2 { capacity *= 2 }
        slots = [Int32](repeating: -1, count: capacity)
        mask = capacity - 1
        ids.reserveCapacity(expectedCount)
        starts.reserveCapacity(expectedCount + 1)
        storage.reserveCapacity(expectedCount * 8)
    }

    /// Largest id plus one.
    var idLimit: Int { entryOfId.count }

    /// The lengths that tokens have, in bytes, ascending.
    var lengths: [Int] { Set(ids.indices.map { starts[$0 + 1] - starts[$0] }).sorted() }

    mutating func insert(_ token: some Collection<UInt8>, id: Int) throws(Conflict) {
        guard id >= 0, id <= Self.largestId else { throw .idOutOfRange(id) }
        let start = storage.count
        storage.append(contentsOf: token)
        var slot = Self.hash(storage, start..<storage.count) & mask
        while slots[slot] >= 0 {
            let entry = Int(slots[slot])
            if equal(entry, storage, start..<storage.count) {
                storage.removeSubrange(start...)
                throw .tokenRepeated(otherId: ids[entry])
            }
            slot = (slot + 1) & mask
        }
        if id < entryOfId.count, entryOfId[id] >= 0 {
            storage.removeSubrange(start...)
            throw .idRepeated(other: String(decoding: bytes(ofEntry: Int(entryOfId[id])), as: UTF8.self))
        }
        while entryOfId.count <= id { entryOfId.append(-1) }
        entryOfId[id] = Int32(ids.count)
        slots[slot] = Int32(ids.count)
        ids.append(Int32(id))
        starts.append(storage.count)
        if ids.count * 2 > slots.count { grow() }
    }

    /// The id of the token that `bytes[range]` spells, or nil.
    func id(of bytes: [UInt8], in range: Range<Int>) -> Int32? {
        var slot = Self.hash(bytes, range) & mask
        while slots[slot] >= 0 {
            let entry = Int(slots[slot])
            if equal(entry, bytes, range) { return ids[entry] }
            slot = (slot + 1) & mask
        }
        return nil
    }

    func id(of token: String) -> Int32? {
        let bytes = Array(token.utf8)
        return id(of: bytes, in: 0..<bytes.count)
    }

    /// The bytes of token `id`, or nil where the vocabulary has a gap.
    func bytes(of id: Int32) -> ArraySlice<UInt8>? {
        guard id >= 0, Int(id) < entryOfId.count, entryOfId[Int(id)] >= 0 else { return nil }
        return bytes(ofEntry: Int(entryOfId[Int(id)]))
    }

    private func bytes(ofEntry entry: Int) -> ArraySlice<UInt8> { storage[starts[entry]..<starts[entry + 1]] }

    private func equal(_ entry: Int, _ bytes: [UInt8], _ range: Range<Int>) -> Bool {
        let start = starts[entry]
        guard starts[entry + 1] - start == range.count else { return false }
        for offset in 0..<range.count where storage[start + offset] != bytes[range.lowerBound + offset] { return false }
        return true
    }

    private mutating func grow() {
        slots = [Int32](repeating: -1, count: slots.count * 2)
        mask = slots.count - 1
        for entry in ids.indices {
            var slot = Self.hash(storage, starts[entry]..<starts[entry + 1]) & mask
            while slots[slot] >= 0 { slot = (slot + 1) & mask }
            slots[slot] = Int32(entry)
        }
    }

    private static func hash(_ bytes: [UInt8], _ range: Range<Int>) -> Int {
        var state: UInt64 = 0xCBF2_9CE4_8422_2325
        for position in range { state = (state ^ UInt64(bytes[position])) &* 0x0000_0100_0000_01B3 }
        return Int(truncatingIfNeeded: (state ^ (state >> 29)) & 0x7FFF_FFFF)
    }
}
