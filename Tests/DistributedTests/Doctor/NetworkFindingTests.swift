import CatenaDistributed
import Testing

@Suite("Doctor findings between hosts")
struct NetworkFindingTests {
    private func host(_ index: Int, _ interfaces: [NetworkInterface], chosen: [String] = []) -> RankFacts {
        RankFacts(
            rank: index, host: "node\(index)", hostIndex: index, cores: [0], interfaces: interfaces,
            chosenInterfaces: chosen)
    }

    private func ethernet(_ index: Int) -> NetworkInterface {
        NetworkInterface("eth0", "10.0.3.\(index + 1)", prefixLength: 24)
    }

    private let docker = NetworkInterface("docker0", "172.17.0.1", prefixLength: 16)

    @Test("an address that several hosts have is a trap; the remedy names the network that joins them")
    func docker0() {
        let found = Finding.all(in: (0..<3).map { host($0, [docker, ethernet($0)]) })
        #expect(found.count == 1)
        #expect(found.first?.text.contains("docker0 (172.17.0.1) has the same address on several hosts") == true)
        #expect(
            found.first?.text.contains(
                "--mca btl_tcp_if_include 10.0.3.0/24 --mca oob_tcp_if_include 10.0.3.0/24") == true)
    }

    @Test("docker0 on one host alone, or excluded by the choice of an interface, is no trap")
    func harmless() {
        #expect(Finding.all(in: [host(0, [docker, ethernet(0)]), host(1, [ethernet(1)])]) == [])
        #expect(
            Finding.all(in: (0..<2).map { host($0, [docker, ethernet($0)], chosen: ["10.0.3.0/24"]) }) == [])
        #expect(Finding.all(in: [host(0, [docker])]) == [])
        let excluding = (0..<2).map {
            var facts = host($0, [docker, ethernet($0)])
            facts.excludedInterfaces = ["lo", "docker0"]
            return facts
        }
        #expect(Finding.all(in: excluding) == [])
    }

    @Test("several networks that join the hosts are named, so that one is chosen")
    func severalNetworks() {
        let fast = (0..<2).map { NetworkInterface("ib0", "192.168.0.\($0 + 1)", prefixLength: 16) }
        let found = Finding.all(in: (0..<2).map { host($0, [ethernet($0), fast[$0]]) })
        #expect(found.count == 1)
        #expect(found.first?.text.contains("share 2 networks, 10.0.3.0/24, 192.168.0.0/16") == true)
    }

    @Test("a chosen interface that a host lacks names the host and a network that all have")
    func lackingInterface() {
        let other = NetworkInterface("enp5s0", "10.0.3.2", prefixLength: 24)
        let found = Finding.all(in: [host(0, [ethernet(0)], chosen: ["eth0"]), host(1, [other], chosen: ["eth0"])])
        #expect(found.count == 1)
        #expect(
            found.first?.text.contains("btl_tcp_if_include is eth0, but node1 has only enp5s0 (10.0.3.0/24)") == true)
        #expect(found.first?.text.hasSuffix("--mca btl_tcp_if_include 10.0.3.0/24.") == true)
    }

    @Test("a network is named by its first address; an entry means an interface by name or by network")
    func networks() {
        let interface = NetworkInterface("eth1", "10.20.30.40", prefixLength: 20)
        #expect(interface.network == "10.20.16.0/20")
        #expect(interface.isMeant(by: "eth1"))
        #expect(interface.isMeant(by: "10.20.0.0/16"))
        #expect(interface.isMeant(by: "0.0.0.0/0"))
        #expect(!interface.isMeant(by: "10.21.0.0/16"))
        #expect(!interface.isMeant(by: "eth0"))
        #expect(!interface.isMeant(by: "10.20.30.40/33"))
    }

    @Test("a clock is found more than a second away, beyond what the measurement leaves open")
    func clocks() {
        let ranks = (0..<2).map { host($0, [ethernet($0)]) }
        func found(_ seconds: Double, _ uncertainty: Double = 0.001) -> [Finding] {
            let offset = ClockOffset(hostIndex: 1, seconds: seconds, uncertaintySeconds: uncertainty)
            return Finding.all(in: ranks, clocks: [offset])
        }
        #expect(found(0.9) == [])
        #expect(found(1.4, 0.5) == [])
        #expect(found(-3.21).first?.text.contains("the clock of node1 is 3.2 s behind rank 0's") == true)
        #expect(found(90).first?.text.contains("90.0 s ahead of") == true)
    }

    @Test("a slow link between hosts is named; one within a host, or one among equals, is not")
    func links() {
        let ranks = (0..<3).map { host($0, [ethernet($0)]) }
        func found(_ rates: [Double], latency: Double = 50e-6) -> [Finding] {
            let links = rates.enumerated().map {
                NetworkProbe.Link(from: $0, to: ($0 + 1) % 3, latencySeconds: latency, bytesPerSecond: $1)
            }
            return Finding.all(in: ranks, network: NetworkProbe(allReduce: [], ring: links, isCorrect: true))
        }
        #expect(found([1e9, 1.1e9, 0.9e9]) == [])
        #expect(found([1e9, 1e9, 0.2e9]).first?.text.contains("node2 to node0, at worst 1600 Mb/s") == true)
        #expect(found([11e6, 11e6, 11e6]).first?.text.contains("at worst 88 Mb/s and 50 µs") == true)
        #expect(found([1e9, 1e9, 1e9], latency: 0.004).count == 1)
        let same = NetworkProbe(
            allReduce: [], ring: [.init(from: 0, to: 1, latencySeconds: 1, bytesPerSecond: 1)], isCorrect: true)
        #expect(Finding.all(in: (0..<2).map { RankFacts(rank: $0, cores: [$0]) }, network: same) == [])
    }

    @Test("a wrong sum is an error")
    func wrongSum() {
        let probe = NetworkProbe(allReduce: [], ring: [], isCorrect: false)
        #expect(Finding.all(in: [host(0, [])], network: probe).map(\.severity) == [.error])
    }

    @Test("a process alone has no clock to compare with")
    func alone() throws {
        #expect(try ClockOffset.measure(SingleProcessCommunicator()) == [])
    }
}
