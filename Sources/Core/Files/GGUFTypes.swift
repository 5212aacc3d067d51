/// The type numbers of metadata values.
enum GGUFValueType: UInt32 {
    case uint8, int8, uint16, int16, uint32, int32, float32, bool, string, array
    case uint64, int64, float64

    /// Whether every pattern of ``minimumBytes`` bytes is a value that can be held.
    var isAnyBits: Bool {
        switch self {
        case .uint64, .bool, .string, .array: false
        default: true
        }
    }

    /// Fewest bytes that a value takes.
    var minimumBytes: Int {
        switch self {
        case .uint8, .int8, .bool: 1
        case .uint16, .int16: 2
        case .uint32, .int32, .float32: 4
        case .uint64, .int64, .float64, .string: 8
        case .array: 12
        }
    }
}

extension TensorEncoding {
    /// The encoding's type number in GGUF; nil for the encodings that GGUF lacks.
    var ggufType: UInt32? {
        switch self {
        case .float32: 0
        case .float16: 1
        case .q4_0: 2
        case .q4_1: 3
        case .q5_0: 6
        case .q5_1: 7
        case .q8_0: 8
        case .q4_K: 12
        case .q5_K: 13
        case .q6_K: 14
        case .int8: 24
        case .int16: 25
        case .int32: 26
        case .int64: 27
        case .float64: 28
        case .bfloat16: 30
        case .uint8, .bool: nil
        }
    }

    init?(ggufType code: UInt32) {
        guard let match = Self.allCases.first(where: { $0.ggufType == code }) else { return nil }
        self = match
    }
}
