/// Interfaces, links and clocks between hosts.
extension Finding {
    private static let largestClockOffsetSeconds = 1.0
    /// What a link of 1 Gb/s carries, with some room.
    private static let slowLinkBytesPerSecond = 90e6
    private static let highLatencySeconds = 1e-3
    /// A link is an exception when the middle one is this many times faster.
    private static let unevenLinks = 3.0

    /// Which interfaces MPI may use for its messages, from the addresses of each host.
    static func addresses(_ hosts: [[RankFacts]]) -> [Finding] {
        let facts = hosts.compactMap(\.first).map { host in
            var host = host
            host.interfaces.removeAll { interface in host.excludedInterfaces.contains { interface.isMeant(by: $0) } }
            return host
        }
        guard let first = facts.first, facts.count > 1 else { return [] }
        guard first.chosenInterfaces.isEmpty else { return chosen(facts) }
        let shared = sharedNetworks(facts)
        let option = shared.first.map { "--mca btl_tcp_if_include \($0) --mca oob_tcp_if_include \($0)" }
        let traps = duplicates(facts)
        if !traps.isEmpty {
            let names = traps.map { "\($0.name) (\($0.address))" }
            let remedy =
                option ?? "--mca btl_tcp_if_include NETWORK with the network, such as 10.0.0.0/24, that joins the hosts"
            return [
                .init(
                    .warning,
                    "\(list(names)) \(traps.count == 1 ? "has" : "have") the same address on several hosts, and MPI may wait "
                        + "for ever for an answer there; start mpirun with \(remedy).")
            ]
        }
        guard shared.count > 1, let option else { return [] }
        return [
            .init(
                .warning,
                "the hosts share \(shared.count) networks, \(list(shared)), and MPI spreads its messages over all of them; choose "
                    + "the fastest, for example with \(option).")
        ]
    }

    /// Parts of `btl_tcp_if_include` that a host has no interface for.
    private static func chosen(_ facts: [RankFacts]) -> [Finding] {
        let lacking = facts.filter { host in
            !host.chosenInterfaces.contains { entry in host.interfaces.contains { $0.isMeant(by: entry) } }
        }
        guard let first = lacking.first else { return [] }
        let networks = sharedNetworks(facts)
        return [
            .init(
                .warning,
                "btl_tcp_if_include is \(first.chosenInterfaces.joined(separator: ",")), but \(list(lacking.map(\.host))) "
                    + "\(lacking.count == 1 ? "has" : "have") only "
                    + "\(list(first.interfaces.map { "\($0.name) (\($0.network))" })); "
                    + "name a network instead of an interface"
                    + (networks.first.map { ": --mca btl_tcp_if_include \($0)." } ?? ", one that all hosts have."))
        ]
    }

    /// Interfaces whose address another host has, too.
    private static func duplicates(_ facts: [RankFacts]) -> [NetworkInterface] {
        var hostsByAddress: [String: Int] = [:]
        for host in facts {
            for address in Set(host.interfaces.map(\.address)) { hostsByAddress[address, default: 0] += 1 }
        }
        var seen: Set<String> = []
        return facts.flatMap(\.interfaces).filter {
            hostsByAddress[$0.address, default: 0] > 1 && seen.insert($0.address).inserted
        }
    }

    /// Networks in which every host has an address that no other host has, in the order of the first host's interfaces.
    private static func sharedNetworks(_ facts: [RankFacts]) -> [String] {
        let taken = Set(duplicates(facts).map(\.address))
        let networks = facts.map { $0.interfaces.filter { !taken.contains($0.address) }.map(\.network) }
        var shared: [String] = []
        for network in networks.first ?? []
        where networks.allSatisfy({ $0.contains(network) }) && !shared.contains(network) {
            shared.append(network)
        }
        return shared
    }

    /// Wall clocks that are far from rank 0's.
    static func clocks(_ offsets: [ClockOffset], _ ranks: [RankFacts]) -> [Finding] {
        offsets.filter { abs($0.seconds) - $0.uncertaintySeconds > largestClockOffsetSeconds }.map { offset in
            let host = ranks.first { $0.hostIndex == offset.hostIndex }?.host ?? "host \(offset.hostIndex)"
            let tenths = (abs(offset.seconds) * 10).rounded() / 10
            return .init(
                .warning,
                "the clock of \(host) is \(tenths) s \(offset.seconds > 0 ? "ahead of" : "behind") rank 0's, so logs and file times "
                    + "mislead; start a time service there (chrony, systemd-timesyncd, ntpd).")
        }
    }

    /// Wrong sums, and links that are slower than they should be.
    static func network(_ probe: NetworkProbe, _ ranks: [RankFacts]) -> [Finding] {
        guard probe.isCorrect else {
            return [.init(.error, "an all-reduce gave a wrong sum; check the MPI installation of every host.")]
        }
        func host(_ rank: Int) -> RankFacts? { ranks.first { $0.rank == rank } }
        let links = probe.ring.filter { host($0.from)?.hostIndex != host($0.to)?.hostIndex }
        guard !links.isEmpty else { return [] }
        let middle = links.map(\.bytesPerSecond).sorted()[links.count / 2]
        let slow = links.filter {
            $0.bytesPerSecond < slowLinkBytesPerSecond || $0.bytesPerSecond * unevenLinks < middle
                || $0.latencySeconds > highLatencySeconds
        }
        guard let worst = slow.min(by: { $0.bytesPerSecond < $1.bytesPerSecond }) else { return [] }
        let names = slow.map { "\(host($0.from)?.host ?? "") to \(host($0.to)?.host ?? "")" }
        let megabits = Int((worst.bytesPerSecond * 8 / 1e6).rounded())
        let microseconds = Int((worst.latencySeconds * 1e6).rounded())
        return [
            .init(
                .warning,
                "slow between hosts: \(list(names)), at worst \(megabits) Mb/s and \(microseconds) µs; see that MPI uses the fast "
                    + "network (--mca btl_tcp_if_include), and its cable and switch port.")
        ]
    }
}
