/// The Philox4x32-10 bijection: 128 bits of counter to 128 random bits under a 64-bit key.
///
/// - Source: Salmon et al. 2011, *Parallel Random Numbers: As Easy as 1, 2, 3*, section 3.3 and table 2.
package enum Philox {
    private static let multiplier0: UInt64 = 0xD251_1F53
    private static let multiplier1: UInt64 = 0xCD9E_8D57
    private static let keyStep0: UInt32 = 0x9E37_79B9
    private static let keyStep1: UInt32 = 0xBB67_AE85

    @inline(__always)
    package static func block(key: (UInt32, UInt32), counter: SIMD4<UInt32>) -> SIMD4<UInt32> {
        var (key0, key1) = key
        var x = counter
        for _ in 0..<10 {
            let product0 = multiplier0 &* UInt64(x.x)
            let product1 = multiplier1 &* UInt64(x.z)
            x = SIMD4(
                UInt32(truncatingIfNeeded: product1 >> 32) ^ x.y ^ key0, UInt32(truncatingIfNeeded: product1),
                UInt32(truncatingIfNeeded: product0 >> 32) ^ x.w ^ key1, UInt32(truncatingIfNeeded: product0))
            key0 &+= keyStep0
            key1 &+= keyStep1
        }
        return x
    }
}
