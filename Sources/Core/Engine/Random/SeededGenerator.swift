/// Random numbers that depend on a key and on nothing else.
///
/// The key is (seed, purpose, step, micro-batch, tensor name). Number `i` of a key is a pure function of the key and
/// `i`, so the same dropout mask, initial matrix or order comes out on any process, at any number of processes and
/// after any resume. A process rank is never part of a key.
///
///     word i = half (i mod 2) of Philox4x32-10(key: K, counter: (i / 2, C))      K, C: 64-bit hashes of the key
///
/// - Source: Salmon et al. 2011, *Parallel Random Numbers: As Easy as 1, 2, 3* (Philox4x32-10).
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private let key: UInt64
    private let stream: UInt64
    private var nextIndex: UInt64 = 0

    /// - Parameters:
    ///   - seed: the run's seed.
    ///   - purpose: what the numbers are for: `"dropout"`, `"initialisation"`, `"shuffle"`.
    ///   - step: optimizer step or epoch, where the purpose has one.
    ///   - microBatch: the micro-batch's index within the global batch, where the purpose has one.
    ///   - name: the tensor the numbers go into, where the purpose has one.
    public init(seed: UInt64, purpose: String, step: Int = 0, microBatch: Int = 0, name: String = "") {
        var first = KeyHash(basis: 0x9E37_79B9_7F4A_7C15)
        var second = KeyHash(basis: 0xD1B5_4A32_D192_ED03)
        for number in [seed, UInt64(bitPattern: Int64(step)), UInt64(bitPattern: Int64(microBatch))] {
            first.combine(number)
            second.combine(number)
        }
        for text in [purpose, name] {
            first.combine(text)
            second.combine(text)
        }
        key = first.value
        stream = second.value
    }

    /// The next number of this key.
    public mutating func next() -> UInt64 {
        defer { nextIndex &+= 1 }
        return word(at: nextIndex)
    }

    /// Number `index` of this key, wherever the generator stands.
    public func word(at index: UInt64) -> UInt64 {
        let block = block(at: index >> 1)
        return index & 1 == 0
            ? UInt64(block.x) | UInt64(block.y) << 32
            : UInt64(block.z) | UInt64(block.w) << 32
    }

    /// An integer in `0..<bound`, every one equally likely; does not depend on the standard library's algorithm.
    public mutating func next(below bound: Int) -> Int {
        precondition(bound > 0, "an upper bound of \(bound) leaves no number to draw")
        let bound = UInt64(bound)
        var product = next().multipliedFullWidth(by: bound)
        if product.low < bound {
            let threshold = (0 &- bound) % bound
            while product.low < threshold { product = next().multipliedFullWidth(by: bound) }
        }
        return Int(product.high)
    }

    /// An element of a collection that is not empty.
    public mutating func element<C: RandomAccessCollection>(of choices: C) -> C.Element {
        choices[choices.index(choices.startIndex, offsetBy: next(below: choices.count))]
    }

    /// The four 32-bit words of Philox block `counter`.
    @inline(__always)
    func block(at counter: UInt64) -> SIMD4<UInt32> {
        Philox.block(
            key: (UInt32(truncatingIfNeeded: key), UInt32(truncatingIfNeeded: key >> 32)),
            counter: SIMD4(
                UInt32(truncatingIfNeeded: counter), UInt32(truncatingIfNeeded: counter >> 32),
                UInt32(truncatingIfNeeded: stream), UInt32(truncatingIfNeeded: stream >> 32)))
    }
}

/// A 64-bit hash of a key's parts: each part is folded in through the SplitMix64 finaliser.
private struct KeyHash {
    private(set) var value: UInt64

    init(basis: UInt64) { value = basis }

    mutating func combine(_ number: UInt64) {
        var mixed = value ^ number
        mixed &+= 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        value = (value &* 0x0000_0100_0000_01B3) ^ mixed ^ (mixed >> 31)
    }

    mutating func combine(_ text: String) {
        for byte in text.utf8 { combine(UInt64(byte)) }
        combine(UInt64(text.utf8.count) | 1 << 63)
    }
}
