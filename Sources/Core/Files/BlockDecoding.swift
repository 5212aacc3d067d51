/// Dequantisation of GGUF blocks to float32.
///
/// Formulas and layouts follow the ggml reference; all arithmetic is float32 in the same order,
/// so the results equal the reference bit for bit.
enum BlockDecoding {
    typealias Bytes = UnsafePointer<UInt8>
    typealias Floats = UnsafeMutablePointer<Float>

    /// Writes `blockCount` blocks at `source` as float32.
    static func decode(
        _ encoding: TensorEncoding, _ source: UnsafeRawPointer, blockCount: Int, into output: Floats
    ) {
        let bytes = unsafe source.assumingMemoryBound(to: UInt8.self)
        switch encoding {
        case .q4_0: unsafe each(encoding, bytes, blockCount, output, q4_0)
        case .q4_1: unsafe each(encoding, bytes, blockCount, output, q4_1)
        case .q5_0: unsafe each(encoding, bytes, blockCount, output, q5_0)
        case .q5_1: unsafe each(encoding, bytes, blockCount, output, q5_1)
        case .q8_0: unsafe each(encoding, bytes, blockCount, output, q8_0)
        case .q4_K: unsafe each(encoding, bytes, blockCount, output, q4_K)
        case .q5_K: unsafe each(encoding, bytes, blockCount, output, q5_K)
        case .q6_K: unsafe each(encoding, bytes, blockCount, output, q6_K)
        default: preconditionFailure("\(encoding) is not a block encoding")
        }
    }

    @inline(__always)
    private static func each(
        _ encoding: TensorEncoding, _ bytes: Bytes, _ blockCount: Int, _ output: Floats,
        _ decodeBlock: (Bytes, Floats) -> Void
    ) {
        let blockBytes = encoding.blockBytes
        let blockElements = encoding.blockElements
        for block in 0..<blockCount {
            unsafe decodeBlock(bytes + block &* blockBytes, output + block &* blockElements)
        }
    }

    @inline(__always)
    private static func float16(_ bytes: Bytes) -> Float {
        unsafe PlainDecoding.widened(UnsafeRawPointer(bytes).loadUnaligned(as: UInt16.self))
    }

    /// y = d (q − 8); the low nibbles are the first 16 numbers, the high ones the last 16.
    @inline(__always)
    private static func q4_0(_ block: Bytes, _ y: Floats) {
        let d = unsafe float16(block)
        let nibbles = unsafe block + 2
        for i in 0..<16 {
            unsafe y[i] = d * Float(Int32(nibbles[i] & 15) &- 8)
            unsafe y[i &+ 16] = d * Float(Int32(nibbles[i] &>> 4) &- 8)
        }
    }

    /// y = d q + m.
    @inline(__always)
    private static func q4_1(_ block: Bytes, _ y: Floats) {
        let d = unsafe float16(block)
        let m = unsafe float16(block + 2)
        let nibbles = unsafe block + 4
        for i in 0..<16 {
            unsafe y[i] = d * Float(Int32(nibbles[i] & 15)) + m
            unsafe y[i &+ 16] = d * Float(Int32(nibbles[i] &>> 4)) + m
        }
    }

    /// y = d (q − 16); bit i of the 32-bit word is the fifth bit of number i.
    @inline(__always)
    private static func q5_0(_ block: Bytes, _ y: Floats) {
        let d = unsafe float16(block)
        let high = unsafe UnsafeRawPointer(block + 2).loadUnaligned(as: UInt32.self)
        let nibbles = unsafe block + 6
        for i in 0..<16 {
            let low = unsafe UInt32(nibbles[i])
            let first = (low & 15) | ((high &>> UInt32(i)) & 1) &<< 4
            let second = (low &>> 4) | ((high &>> UInt32(i &+ 16)) & 1) &<< 4
            unsafe y[i] = d * Float(Int32(bitPattern: first) &- 16)
            unsafe y[i &+ 16] = d * Float(Int32(bitPattern: second) &- 16)
        }
    }

    /// y = d q + m, with the fifth bits as in `q5_0`.
    @inline(__always)
    private static func q5_1(_ block: Bytes, _ y: Floats) {
        let d = unsafe float16(block)
        let m = unsafe float16(block + 2)
        let high = unsafe UnsafeRawPointer(block + 4).loadUnaligned(as: UInt32.self)
        let nibbles = unsafe block + 8
        for i in 0..<16 {
            let low = unsafe UInt32(nibbles[i])
            let first = (low & 15) | ((high &>> UInt32(i)) & 1) &<< 4
            let second = (low &>> 4) | ((high &>> UInt32(i &+ 16)) & 1) &<< 4
            unsafe y[i] = d * Float(Int32(bitPattern: first)) + m
            unsafe y[i &+ 16] = d * Float(Int32(bitPattern: second)) + m
        }
    }

    /// y = d q, q a signed byte.
    @inline(__always)
    private static func q8_0(_ block: Bytes, _ y: Floats) {
        let d = unsafe float16(block)
        for i in 0..<32 { unsafe y[i] = d * Float(Int32(Int8(bitPattern: block[i &+ 2]))) }
    }

    /// Six-bit scale and minimum of sub-block `j` in 0..<8, from the 12 packed bytes.
    @inline(__always)
    private static func subScale(_ packed: Bytes, _ j: Int) -> (scale: UInt8, minimum: UInt8) {
        if j < 4 { return unsafe (packed[j] & 63, packed[j &+ 4] & 63) }
        let low = unsafe packed[j &+ 4]
        return unsafe (
            (low & 15) | (packed[j &- 4] &>> 6) &<< 4,
            (low &>> 4) | (packed[j] &>> 6) &<< 4
        )
    }

    /// y = (d s_j) q − (dmin m_j) over 8 sub-blocks of 32; sub-blocks 2k and 2k+1 share 32 bytes.
    @inline(__always)
    private static func q4_K(_ block: Bytes, _ y: Floats) {
        let d = unsafe float16(block)
        let dmin = unsafe float16(block + 2)
        for pair in 0..<4 {
            let (s0, m0) = unsafe subScale(block + 4, 2 &* pair)
            let (s1, m1) = unsafe subScale(block + 4, 2 &* pair &+ 1)
            let scale0 = d * Float(s0), minimum0 = dmin * Float(m0)
            let scale1 = d * Float(s1), minimum1 = dmin * Float(m1)
            let nibbles = unsafe block + (16 &+ 32 &* pair)
            let out = unsafe y + 64 &* pair
            for i in 0..<32 {
                unsafe out[i] = scale0 * Float(Int32(nibbles[i] & 15)) - minimum0
                unsafe out[i &+ 32] = scale1 * Float(Int32(nibbles[i] &>> 4)) - minimum1
            }
        }
    }

    /// As `q4_K`; bit j of the i-th high byte is the fifth bit of number i of sub-block j.
    @inline(__always)
    private static func q5_K(_ block: Bytes, _ y: Floats) {
        let d = unsafe float16(block)
        let dmin = unsafe float16(block + 2)
        let high = unsafe block + 16
        for pair in 0..<4 {
            let (s0, m0) = unsafe subScale(block + 4, 2 &* pair)
            let (s1, m1) = unsafe subScale(block + 4, 2 &* pair &+ 1)
            let scale0 = d * Float(s0), minimum0 = dmin * Float(m0)
            let scale1 = d * Float(s1), minimum1 = dmin * Float(m1)
            let nibbles = unsafe block + (48 &+ 32 &* pair)
            let shift = UInt8(2 &* pair)
            let out = unsafe y + 64 &* pair
            for i in 0..<32 {
                let bits = unsafe high[i] &>> shift
                unsafe out[i] = scale0 * Float(Int32((nibbles[i] & 15) | (bits & 1) &<< 4)) - minimum0
                unsafe out[i &+ 32] =
                    unsafe scale1 * Float(Int32((nibbles[i] &>> 4) | (bits & 2) &<< 3)) - minimum1
            }
        }
    }

    /// y = (d s_j) (q − 32) over 16 sub-blocks of 16. Each half of 128 numbers has 64 bytes of
    /// low nibbles and 32 bytes of high bit pairs: its quarter k takes pair k of each high byte.
    @inline(__always)
    private static func q6_K(_ block: Bytes, _ y: Floats) {
        let d = unsafe float16(block + 208)
        for half in 0..<2 {
            let low = unsafe block + 64 &* half
            let high = unsafe block + (128 &+ 32 &* half)
            let scales = unsafe block + (192 &+ 8 &* half)
            let out = unsafe y + 128 &* half
            for sub in 0..<2 {
                let s0 = unsafe d * Float(Int8(bitPattern: scales[sub]))
                let s1 = unsafe d * Float(Int8(bitPattern: scales[sub &+ 2]))
                let s2 = unsafe d * Float(Int8(bitPattern: scales[sub &+ 4]))
                let s3 = unsafe d * Float(Int8(bitPattern: scales[sub &+ 6]))
                for i in (16 &* sub)..<(16 &* sub &+ 16) {
                    let h = unsafe high[i], a = unsafe low[i], b = unsafe low[i &+ 32]
                    unsafe out[i] = s0 * Float(Int32((a & 15) | (h & 3) &<< 4) &- 32)
                    unsafe out[i &+ 32] = s1 * Float(Int32((b & 15) | (h &>> 2 & 3) &<< 4) &- 32)
                    unsafe out[i &+ 64] = s2 * Float(Int32((a &>> 4) | (h &>> 4 & 3) &<< 4) &- 32)
                    unsafe out[i &+ 96] = s3 * Float(Int32((b &>> 4) | (h &>> 6) &<< 4) &- 32)
                }
            }
        }
    }
}
