import CatenaModels
import CatenaReporting
import Foundation

extension Plan {
    /// The plan as a table that fits a screen.
    package var text: String {
        let (work, cluster) = (request.work, request.cluster)
        var table = Table()
        table.add(
            "model", "\(Self.millions(request.inventory.parameterCount)) parameters, \(bytes(storedBytes)) stored")
        table.add(
            "trained",
            "\(request.trainsAll ? "all" : Self.millions(request.inventory.trainableElements) + " parameters")")
        table.add(
            "a step",
            "\(work.microBatches) micro-batches of \(work.microBatchSequences) x \(work.sequenceTokens) tokens, at most "
                + "\(request.microBatchesPerRank) a rank")
        let ahead = request.measuredAhead(placement)
        if ahead > 0 {
            table.add(
                "sample weights",
                "\(ahead == 1 ? "a micro-batch" : "\(ahead) micro-batches") of a rank \(ahead == 1 ? "goes" : "go") forward once more, "
                    + "because losses are compared before the first gradient")
        }
        if request.baseFormat != .float32 { table.add("base", request.baseFormat.description) }
        table.add("cluster", clusterText)
        table.add("placement", "\(placement.rawValue): \(reason)")
        table.section("memory of a rank")
        for (name, size) in memory.parts where size > 0 { table.add("  " + name, bytes(size)) }
        table.add("  together", bytes(memory.rankBytes))
        table.add(
            "  a host",
            "\(bytes(memory.hostBytes(ranks: cluster.ranksPerHost))) of \(bytes(Plan.usableBytes(cluster.memoryBytesPerHost))) "
                + "usable" + (fits ? "" : ", \(bytes(missingBytes)) too much"))
        table.section("traffic of a step")
        table.add("  gathers", trafficText(traffic.gatherBytesPerRank, traffic.gatherBytesPerHost, traffic.gathers))
        table.add("  reduction", trafficText(traffic.reductionBytesPerRank, traffic.reductionBytesPerHost, nil))
        table.section("time of a step")
        table.add("  computing", Self.seconds(time.computeSeconds))
        table.add(
            "  gathers",
            "\(Self.seconds(time.gatherSeconds)), of which \(Self.seconds(time.gatherWaitSeconds)) are waited for")
        table.add("  reduction", Self.seconds(time.reductionSeconds))
        table.add("  together", "\(Self.seconds(time.stepSeconds)), \(Self.number(tokensPerSecond)) tokens/s")
        table.add("bottleneck", bottleneck.rawValue)
        for line in advice { table.add("advice", line) }
        return table.text
    }

    private var storedBytes: Int { request.inventory.matrices.storedBytes }

    private var clusterText: String {
        let cluster = request.cluster
        var parts = [
            "\(cluster.ranks) \(cluster.ranks == 1 ? "rank" : "ranks") on \(cluster.hosts) \(cluster.hosts == 1 ? "host" : "hosts")",
            "\(cluster.coresPerHost) cores of \(Self.number(cluster.gigaflopsPerCore)) GFLOP/s and "
                + "\(bytes(cluster.memoryBytesPerHost)) each",
        ]
        if cluster.hosts > 1 { parts.append("\(Self.number(cluster.networkBytesPerSecond * 8 / 1e9)) Gb/s") }
        return parts.joined(separator: ", ")
    }

    private func trafficText(_ rank: Int, _ host: Int, _ gathers: Int?) -> String {
        guard rank > 0 else { return "none" }
        let count = gathers.map { "\($0) blocks, " } ?? ""
        return "\(count)\(bytes(rank)) each way for a rank, \(bytes(host)) over a host's link"
    }

    private func bytes(_ count: Int) -> String { SizeText.bytes(count) }

    private static func millions(_ count: Int) -> String {
        count < 1_000_000 ? "\(count)" : String(format: "%.1f million", Double(count) / 1e6)
    }

    private static func seconds(_ seconds: Double) -> String {
        if seconds == 0 { return "0 s" }
        if seconds < 1 { return String(format: "%.1f ms", seconds * 1e3) }
        return String(format: seconds < 100 ? "%.2f s" : "%.0f s", seconds)
    }

    private static func number(_ value: Double) -> String {
        value < 100 ? String(format: "%.3g", value) : String(format: "%.0f", value)
    }
}

extension PlannedMemory {
    /// What holds memory, by name.
    var parts: [(name: String, bytes: Int)] {
        [
            ("frozen weights", weightBytes), ("shared on the host", sharedWeightBytes), ("gathered block", gatherBytes),
            ("activations", activationBytes), ("trained values", trainableBytes), ("kept by the adapter", adapterBytes),
            ("program", programBytes),
        ]
    }
}

/// Names in a column of their own.
private struct Table {
    private(set) var text = ""

    mutating func add(_ name: String, _ value: String) {
        text += name.padding(toLength: 22, withPad: " ", startingAt: 0) + value + "\n"
    }

    mutating func section(_ name: String) { text += name + "\n" }
}
