/// A 64-bit hash at the speed of memory, to compare large buffers of processes; it protects against faults, not attackers.
///
/// Four lanes over 64-bit words w: x = h ⊕ w, h ← rotl((x ⊕ x ≫ 29) · p, 32). Each step is a bijection of w, so any change
/// within one word changes its lane; other changes are missed with a probability of about 2⁻⁶⁴.
package func hash64(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    let prime: UInt64 = 0x9e37_79b9_7f4a_7c15
    func mix(_ hash: UInt64, _ word: UInt64) -> UInt64 {
        var x = hash ^ word
        x ^= x >> 29
        x &*= prime
        return x << 32 | x >> 32
    }
    /// Spreads every bit over all of them, so that equal changes of two lanes do not cancel (MurmurHash3's last step).
    func spread(_ lane: UInt64) -> UInt64 {
        var x = (lane ^ lane >> 33) &* 0xff51_afd7_ed55_8ccd
        x = (x ^ x >> 33) &* 0xc4ce_b9fe_1a85_ec53
        return x ^ x >> 33
    }
    var (a, b, c, d) = (UInt64(1), UInt64(2), UInt64(3), UInt64(4))
    var place = 0
    while place + 32 <= bytes.count {
        a = unsafe mix(a, bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self))
        b = unsafe mix(b, bytes.loadUnaligned(fromByteOffset: place + 8, as: UInt64.self))
        c = unsafe mix(c, bytes.loadUnaligned(fromByteOffset: place + 16, as: UInt64.self))
        d = unsafe mix(d, bytes.loadUnaligned(fromByteOffset: place + 24, as: UInt64.self))
        place += 32
    }
    for offset in place..<bytes.count { a = unsafe mix(a, UInt64(bytes[offset])) }
    return [a, b, c, d].reduce(UInt64(bytes.count)) { spread(mix($0, spread($1))) }
}
