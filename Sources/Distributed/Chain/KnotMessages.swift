import Foundation

/// What process 0 tells the others about a knot; the link's bytes follow.
struct KnotDecision: Codable, Equatable {
    /// Number of the link that ends, counted from 0.
    let link: Int
    /// Completed steps.
    let step: Int
    /// SHA-256 of the link's bytes.
    let sha256: String
}

/// What a process says after it has put the link into its own weights.
struct KnotReport: Codable, Equatable {
    /// Why it does not agree.
    let failure: String?
    /// SHA-256 of the links as they now act, and of the new adapter.
    let checksum: String
    /// Bits of the loss on the probe batch before and after.
    private let before, after: UInt64

    init(failure: String?, checksum: String, lossBefore: Double, lossAfter: Double) {
        self.failure = failure
        self.checksum = checksum
        (before, after) = (lossBefore.bitPattern, lossAfter.bitPattern)
    }

    var lossBefore: Double { Double(bitPattern: before) }
    var lossAfter: Double { Double(bitPattern: after) }
}

/// What process 0 concludes from all reports.
struct KnotVerdict: Codable, Equatable {
    /// How far the loss on the probe batch may move: as a fraction of it, and in nats where it is below 1, because the
    /// rounding of float32 logits does not shrink with the loss.
    static let tolerance = 1e-5

    /// The lowest process that disagrees, and why; nil to commit.
    let objection: Objection?

    struct Objection: Codable, Equatable {
        let processRank: Int
        let reason: String
    }

    /// - Parameter reports: one of each process, in rank order.
    init(_ reports: [KnotReport]) {
        objection =
            reports.enumerated().lazy.compactMap { processRank, report in
                Self.reason(report, rankZero: reports[0]).map { Objection(processRank: processRank, reason: $0) }
            }.first
    }

    private static func reason(_ report: KnotReport, rankZero: KnotReport) -> String? {
        if let failure = report.failure { return failure }
        guard report.checksum == rankZero.checksum else {
            return "its chain has the checksum \(report.checksum.prefix(12))…, "
                + "rank 0's \(rankZero.checksum.prefix(12))…"
        }
        guard abs(report.lossAfter - report.lossBefore) <= tolerance * max(abs(report.lossBefore), 1) else {
            return "the loss on the probe batch went from \(report.lossBefore) to \(report.lossAfter), "
                + "which is more than \(tolerance) apart"
        }
        return nil
    }
}

extension Communicator {
    /// Collective: sends a value of process 0 to all.
    func broadcast<Message: Codable>(message: Message?, _ type: Message.Type) throws -> Message? {
        let bytes = try broadcast(try message.map { try [UInt8](JSONEncoder().encode($0)) } ?? [])
        return bytes.isEmpty ? nil : try JSONDecoder().decode(type, from: Data(bytes))
    }

    /// Collective: every process's value, on process 0; nil elsewhere.
    func gather<Message: Codable>(message: Message) throws -> [Message]? {
        try gather([UInt8](JSONEncoder().encode(message)), to: 0)?.map {
            try JSONDecoder().decode(Message.self, from: Data($0))
        }
    }
}
