/// CRC-32C (Castagnoli, reflected polynomial 0x82F63B78), as RFC 3720 section B.4 gives it, and TFRecord's masked form.
package enum CRC32C {
    /// The plain checksum of some bytes.
    package static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
        ~bytes.reduce(~UInt32(0)) { (state, byte) in
            table[Int(UInt8(truncatingIfNeeded: state) ^ byte)] ^ (state >> 8)
        }
    }

    /// rotate right by 15, plus 0xA282EAD8: a checksum that may itself be stored in checksummed data.
    package static func masked(_ bytes: some Sequence<UInt8>) -> UInt32 {
        let checksum = checksum(bytes)
        return ((checksum >> 15) | (checksum << 17)) &+ 0xA282_EAD8
    }

    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { (value, _) in (value >> 1) ^ (value & 1 == 1 ? 0x82F6_3B78 : 0) }
    }
}
