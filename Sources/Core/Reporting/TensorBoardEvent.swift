/// One record of a TensorBoard event file: TensorFlow's `Event` message, only the fields that scalars need.
///
/// Fields: 1 wall_time (double), 2 step (int64), 3 file_version (string), 5 summary, 7 session_log.
/// Summary: repeated field 1 with 1 tag (string), 2 simple_value (float). SessionLog: 1 status (START = 1).
struct TensorBoardEvent {
    enum Content {
        case fileVersion
        case scalars([(tag: String, value: Double)])
        /// What other files of the folder say about this step and later ones is void.
        case restart
    }

    var wallTimeSeconds: Double
    var step: Int
    var content: Content

    var message: [UInt8] {
        var message = Protobuf()
        message.field(1, double: wallTimeSeconds)
        if step != 0 { message.field(2, varint: UInt64(bitPattern: Int64(step))) }
        switch content {
        case .fileVersion:
            message.field(3, bytes: Array("brain.Event:2".utf8))
        case .scalars(let scalars):
            var summary = Protobuf()
            for scalar in scalars {
                var value = Protobuf()
                value.field(1, bytes: Array(scalar.tag.utf8))
                value.field(2, float: Float(scalar.value))
                summary.field(1, bytes: value.bytes)
            }
            message.field(5, bytes: summary.bytes)
        case .restart:
            var session = Protobuf()
            session.field(1, varint: 1)
            message.field(7, bytes: session.bytes)
        }
        return message.bytes
    }

    /// TFRecord framing: length (8 bytes), its masked CRC-32C, the message, its masked CRC-32C; little-endian.
    var record: [UInt8] {
        let message = message
        let length = littleEndian(UInt64(message.count))
        return length + littleEndian(CRC32C.masked(length)) + message + littleEndian(CRC32C.masked(message))
    }
}

/// Protocol Buffers wire format, as far as events need it.
private struct Protobuf {
    private(set) var bytes: [UInt8] = []

    mutating func field(_ number: UInt64, varint value: UInt64) {
        append(varint: number << 3)
        append(varint: value)
    }

    mutating func field(_ number: UInt64, double value: Double) {
        append(varint: number << 3 | 1)
        bytes += littleEndian(value.bitPattern)
    }

    mutating func field(_ number: UInt64, bytes value: [UInt8]) {
        append(varint: number << 3 | 2)
        append(varint: UInt64(value.count))
        bytes += value
    }

    mutating func field(_ number: UInt64, float value: Float) {
        append(varint: number << 3 | 5)
        bytes += littleEndian(value.bitPattern)
    }

    private mutating func append(varint value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}

private func littleEndian<Value: FixedWidthInteger>(_ value: Value) -> [UInt8] {
    (0..<Value.bitWidth / 8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
}
