/// The next random numbers of a seed (splitmix64): the same on every machine.
struct Randomness {
    private var state: UInt64

    init(seed: UInt64, index: Int) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(index) &* 0xD1B5_4A32_D192_ED03 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is at least 1.
    mutating func next(below bound: Int) -> Int { Int(next() % UInt64(max(bound, 1))) }
}

/// One to four small changes of some bytes, of the kinds that damage and malice have.
struct Mutation {
    /// Where sizes, counts and signs go wrong.
    private static let integers: [Int64] = [
        0, 1, -1, 2, 127, 255, 256, 65535, 1 << 31, (1 << 31) - 1, -(1 << 31), 1 << 32, 1 << 40, .max, .min, .max - 7,
        1 << 62,
    ]
    private static let texts = [
        "null", "true", "[]", "{}", "\"\"", "1e308", "-0", "0.5", "NaN", "\\u0000", "\\ud800", "[[[[", "{\"a\":", "&a ",
        "*a ", "..",
        "/", "é", "\u{FEFF}", "\n", "\0", "# ", ": ", "- ",
    ]

    /// `words` are pieces of the reader's own language, which are put in as well.
    static func apply(to original: [UInt8], words: [String], _ random: inout Randomness) -> [UInt8] {
        var bytes = original
        for _ in 0...random.next(below: 4) {
            if !words.isEmpty, random.next(below: 2) == 0 {
                let place = random.next(below: bytes.count + 1)
                bytes.insert(contentsOf: words[random.next(below: words.count)].utf8, at: place)
            } else {
                change(&bytes, &random)
            }
        }
        return bytes
    }

    private static func change(_ bytes: inout [UInt8], _ random: inout Randomness) {
        let place = random.next(below: bytes.count + 1)
        let length = min(random.next(below: 1 + random.next(below: 64)), bytes.count - place)
        switch random.next(below: 10) {
        case 0, 1: if place < bytes.count { bytes[place] ^= 1 << random.next(below: 8) }
        case 2: bytes.removeSubrange(place...)
        case 3: bytes.removeSubrange(place..<place + length)
        case 4:
            let run = Array(bytes[place..<place + length])
            for _ in 0...random.next(below: 20) { bytes.insert(contentsOf: run, at: place) }
        case 5:
            let size = [1, 2, 4, 8][random.next(below: 4)]
            guard place + size <= bytes.count else { return }
            withUnsafeBytes(of: integers[random.next(below: integers.count)].littleEndian) {
                for index in 0..<size { bytes[place + index] = $0[index] }
            }
        case 6, 7: replaceNumber(&bytes, from: place, &random)
        case 8: bytes.insert(contentsOf: texts[random.next(below: texts.count)].utf8, at: place)
        default:
            let opening: UInt8 = random.next(below: 2) == 0 ? 0x5B : 0x7B
            bytes.insert(contentsOf: repeatElement(opening, count: 1 << random.next(below: 14)), at: place)
        }
    }

    /// Writes another number in the place of the next one in a text.
    private static func replaceNumber(_ bytes: inout [UInt8], from place: Int, _ random: inout Randomness) {
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard let start = bytes[place...].firstIndex(where: { digits.contains($0) }) else { return }
        let end = bytes[start...].firstIndex { !digits.contains($0) } ?? bytes.count
        bytes.replaceSubrange(start..<end, with: String(integers[random.next(below: integers.count)]).utf8)
    }
}
