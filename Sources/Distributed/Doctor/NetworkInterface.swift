import Glibc

/// An IPv4 address of a machine, with the network it lies in.
package struct NetworkInterface: Codable, Equatable, Sendable {
    /// Name of the interface, as `eth0`.
    package var name: String
    /// The address, as `10.0.3.7`.
    package var address: String
    /// Leading bits that all addresses of its network share.
    package var prefixLength: Int

    /// An interface with this address.
    package init(_ name: String, _ address: String, prefixLength: Int) {
        self.name = name
        self.address = address
        self.prefixLength = prefixLength
    }

    /// The network, as `10.0.3.0/24`; the address itself if it is not a valid one.
    package var network: String {
        guard let bits = Self.bits(of: address) else { return address }
        return Self.text(of: bits & Self.mask(prefixLength)) + "/\(prefixLength)"
    }

    /// Whether Open MPI's `btl_tcp_if_include` would take this interface for `entry`: its name, or a network that holds it.
    package func isMeant(by entry: String) -> Bool {
        let parts = entry.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let wanted = Self.bits(of: parts[0]), let own = Self.bits(of: address),
            let length = Int(parts[1]), (0...32).contains(length)
        else { return entry == name }
        return wanted & Self.mask(length) == own & Self.mask(length)
    }

    /// All that are up, without the loopback.
    package static func current() -> [NetworkInterface] {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard unsafe getifaddrs(&list) == 0 else { return [] }
        defer { unsafe freeifaddrs(list) }
        var found: [NetworkInterface] = []
        var next = unsafe list
        while let entry = unsafe next?.pointee {
            unsafe next = entry.ifa_next
            let flags = unsafe Int32(bitPattern: entry.ifa_flags)
            guard flags & Int32(IFF_UP) != 0, flags & Int32(IFF_LOOPBACK) == 0,
                let address = unsafe ipv4(entry.ifa_addr), let mask = unsafe ipv4(entry.ifa_netmask)
            else { continue }
            unsafe found.append(
                NetworkInterface(
                    String(cString: entry.ifa_name), text(of: address), prefixLength: mask.nonzeroBitCount))
        }
        return found
    }

    private static func ipv4(_ address: UnsafeMutablePointer<sockaddr>?) -> UInt32? {
        guard let address = unsafe address, unsafe address.pointee.sa_family == sa_family_t(AF_INET) else { return nil }
        return unsafe address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
            unsafe UInt32(bigEndian: $0.pointee.sin_addr.s_addr)
        }
    }

    private static func mask(_ length: Int) -> UInt32 { length <= 0 ? 0 : ~UInt32(0) << UInt32(32 - min(length, 32)) }

    private static func bits(of address: String) -> UInt32? {
        let bytes = address.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        guard bytes.count == 4 else { return nil }
        var bits: UInt32 = 0
        for byte in bytes {
            guard let byte else { return nil }
            bits = bits << 8 | UInt32(byte)
        }
        return bits
    }

    private static func text(of bits: UInt32) -> String {
        (0..<4).map { String(bits >> UInt32(24 - 8 * $0) & 255) }.joined(separator: ".")
    }
}
