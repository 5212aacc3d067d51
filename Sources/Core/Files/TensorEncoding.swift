/// How a tensor's numbers lie in a file. All are little-endian.
///
/// The quantised encodings are those of GGUF: a row is a sequence of blocks of `blockElements`
/// numbers that share their scales.
public enum TensorEncoding: String, Sendable, CaseIterable {
    case float64, float32, float16, bfloat16
    case int64, int32, int16, int8, uint8, bool
    case q4_0, q4_1, q5_0, q5_1, q8_0
    case q4_K, q5_K, q6_K

    /// Numbers in one block: 1 for plain encodings, 32 or 256 for quantised ones.
    package var blockElements: Int {
        switch self {
        case .q4_0, .q4_1, .q5_0, .q5_1, .q8_0: 32
        case .q4_K, .q5_K, .q6_K: 256
        default: 1
        }
    }

    /// Bytes of one block.
    package var blockBytes: Int {
        switch self {
        case .float64, .int64: 8
        case .float32, .int32: 4
        case .float16, .bfloat16, .int16: 2
        case .int8, .uint8, .bool: 1
        case .q4_0: 18  // float16 scale, 16 bytes of nibbles
        case .q4_1: 20  // float16 scale and minimum, nibbles
        case .q5_0: 22  // float16 scale, 4 bytes of fifth bits, nibbles
        case .q5_1: 24  // float16 scale and minimum, fifth bits, nibbles
        case .q8_0: 34  // float16 scale, 32 signed bytes
        case .q4_K: 144  // float16 scale and minimum, 12 bytes of 6-bit sub-scales, nibbles
        case .q5_K: 176  // as q4_K, with 32 bytes of fifth bits
        case .q6_K: 210  // low nibbles, high pairs of bits, 16 signed sub-scales, float16 scale
        }
    }

    /// Where a block of a quantised encoding has its float16 scales and minima; nowhere in plain encodings. A block's numbers are
    /// finite exactly if these are: all else in it are small whole numbers.
    package var scaleOffsets: [Int] {
        switch self {
        case .q4_0, .q5_0, .q8_0: [0]
        case .q4_1, .q5_1, .q4_K, .q5_K: [0, 2]
        case .q6_K: [208]
        default: []
        }
    }

    /// Whether the numbers are whole: integers and booleans.
    package var isInteger: Bool {
        switch self {
        case .int64, .int32, .int16, .int8, .uint8, .bool: true
        default: false
        }
    }

    /// Bytes of a tensor of `shape`, or nil if a dimension is negative, the count overflows, or
    /// a row (the last dimension) is not a whole number of blocks.
    package func byteCount(shape: [Int]) -> Int? {
        var elements = 1
        for dimension in shape {
            let (product, overflow) = elements.multipliedReportingOverflow(by: dimension)
            guard dimension >= 0, !overflow else { return nil }
            elements = product
        }
        guard (shape.last ?? 1) % blockElements == 0 else { return nil }
        let (bytes, overflow) = (elements / blockElements).multipliedReportingOverflow(by: blockBytes)
        return overflow ? nil : bytes
    }
}
