/// Rounding of float32 numbers to two-byte encodings, as little-endian bytes.
package enum NarrowFloats {
    /// Nearest bfloat16, ties to even; NaN stays NaN.
    package static func bfloat16Bytes(_ numbers: [Float]) -> [UInt8] {
        bytes(numbers, bfloat16Bits)
    }

    /// The same in memory, in the processor's order of bytes.
    package static func roundToBFloat16(
        _ numbers: UnsafePointer<Float>, into destination: UnsafeMutablePointer<UInt16>, count: Int
    ) {
        for index in 0..<count { unsafe destination[index] = bfloat16Bits(numbers[index]) }
    }

    @inline(__always)
    private static func bfloat16Bits(_ number: Float) -> UInt16 {
        let bits = number.bitPattern
        if number.isNaN { return UInt16(truncatingIfNeeded: bits >> 16) | 0x0040 }
        return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
    }

    /// Nearest float16, ties to even; beyond 65504 infinity.
    package static func float16Bytes(_ numbers: [Float]) -> [UInt8] {
        bytes(numbers) { Float16($0).bitPattern }
    }

    private static func bytes(_ numbers: [Float], _ narrowed: (Float) -> UInt16) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: 2 * numbers.count) { buffer, count in
            let raw = UnsafeMutableRawBufferPointer(buffer)
            for (index, number) in numbers.enumerated() {
                unsafe raw.storeBytes(of: narrowed(number).littleEndian, toByteOffset: 2 * index, as: UInt16.self)
            }
            count = 2 * numbers.count
        }
    }
}
