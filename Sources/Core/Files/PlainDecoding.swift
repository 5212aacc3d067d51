import Glibc

/// Widening of plain (unquantised) numbers. Sources need no alignment.
package enum PlainDecoding {
    /// Writes `count` numbers at `source` as float32.
    package static func decode(
        _ encoding: TensorEncoding, _ source: UnsafeRawPointer, count: Int,
        into destination: UnsafeMutablePointer<Float>
    ) {
        switch encoding {
        case .float32: unsafe memcpy(destination, source, count * MemoryLayout<Float>.stride)
        case .float16: unsafe decodeFloat16(source, count, destination)
        case .bfloat16: unsafe decodeBFloat16(source, count, destination)
        case .float64:
            for i in 0..<count {
                unsafe destination[i] = Float(source.loadUnaligned(fromByteOffset: 8 * i, as: Double.self))
            }
        case .int64: unsafe decodeIntegers(Int64.self, source, count, destination)
        case .int32: unsafe decodeIntegers(Int32.self, source, count, destination)
        case .int16: unsafe decodeIntegers(Int16.self, source, count, destination)
        case .int8: unsafe decodeIntegers(Int8.self, source, count, destination)
        case .uint8: unsafe decodeIntegers(UInt8.self, source, count, destination)
        case .bool:
            let bytes = unsafe source.assumingMemoryBound(to: UInt8.self)
            for i in 0..<count { unsafe destination[i] = bytes[i] == 0 ? 0 : 1 }
        default: preconditionFailure("\(encoding) is not a plain encoding")
        }
    }

    /// `count` whole numbers of an integer encoding.
    static func integers(
        _ encoding: TensorEncoding, _ bytes: UnsafeRawBufferPointer, count: Int
    ) -> [Int64] {
        func widened<T: FixedWidthInteger & BitwiseCopyable>(_: T.Type) -> [Int64] {
            (0..<count).map {
                unsafe Int64(bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<T>.stride, as: T.self))
            }
        }
        return switch encoding {
        case .int64: widened(Int64.self)
        case .int32: widened(Int32.self)
        case .int16: widened(Int16.self)
        case .int8: widened(Int8.self)
        case .uint8: widened(UInt8.self)
        case .bool: unsafe bytes.map { $0 == 0 ? 0 : 1 }
        default: preconditionFailure("\(encoding) is not an integer encoding")
        }
    }

    @inline(__always)
    private static func decodeIntegers<T: FixedWidthInteger & BitwiseCopyable>(
        _: T.Type, _ source: UnsafeRawPointer, _ count: Int,
        _ destination: UnsafeMutablePointer<Float>
    ) {
        for i in 0..<count {
            let value = unsafe source.loadUnaligned(
                fromByteOffset: i &* MemoryLayout<T>.stride, as: T.self)
            unsafe destination[i] = Float(value)
        }
    }

    private static func decodeBFloat16(
        _ source: UnsafeRawPointer, _ count: Int, _ destination: UnsafeMutablePointer<Float>
    ) {
        for i in 0..<count {
            let bits = unsafe source.loadUnaligned(fromByteOffset: i &* 2, as: UInt16.self)
            unsafe destination[i] = Float(bitPattern: UInt32(truncatingIfNeeded: bits) &<< 16)
        }
    }

    private static func decodeFloat16(
        _ source: UnsafeRawPointer, _ count: Int, _ destination: UnsafeMutablePointer<Float>
    ) {
        for i in 0..<count {
            unsafe destination[i] = widened(
                source.loadUnaligned(fromByteOffset: i &* 2, as: UInt16.self))
        }
    }

    /// The float32 of a float16 bit pattern, exactly, in integer operations and one subtraction,
    /// so that loops over it vectorise on any x86-64.
    ///
    /// A subnormal m·2⁻²⁴ comes from the float32 whose last bit weighs 2⁻²⁴: (0.5 + m·2⁻²⁴) − 0.5.
    @inline(__always)
    static func widened(_ half: UInt16) -> Float {
        let bits = UInt32(truncatingIfNeeded: half)
        let magnitude = bits & 0x7FFF
        let exponentShift: UInt32 = 0x3800_0000  // (127 - 15) << 23
        let normal = (magnitude &<< 13) &+ exponentShift
        let special = normal &+ exponentShift  // infinity and NaN: exponent becomes 255
        let subnormal = (Float(bitPattern: magnitude | 0x3F00_0000) - 0.5).bitPattern
        let finite = magnitude < 0x0400 ? subnormal : normal
        let unsigned = magnitude >= 0x7C00 ? special : finite
        return Float(bitPattern: unsigned | (bits & 0x8000) &<< 16)
    }
}
