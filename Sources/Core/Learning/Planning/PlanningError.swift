import CatenaReporting

/// Why a run cannot be planned.
package enum PlanningError: Error, Equatable, Sendable {
    /// The ranks of a host would hold more than they may.
    case doesNotFit(
        placement: RunConfiguration.DistributedSection.Placement, bytes: Int, limit: Int, available: Int,
        ranksPerHost: Int)
    /// Sizes of the model, the batch and the cluster together are more bytes than 64 bits count.
    case beyondCounting
}

extension PlanningError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .doesNotFit(let placement, let bytes, let limit, let available, let ranksPerHost):
            "the run does not fit: with placement \(placement.rawValue) a host needs \(SizeText.bytes(bytes)) for its "
                + "\(ranksPerHost == 1 ? "rank" : "\(ranksPerHost) ranks"), \(SizeText.bytes(bytes - limit)) more than "
                + "\(SizeText.bytes(limit)), 80 % of the \(SizeText.bytes(available)) available; use more hosts, fewer ranks on "
                + "each, recompute: blocks, a smaller micro-batch or max-length."
        case .beyondCounting:
            "the run does not fit: model, batch and ranks together need more than 4 exabytes; use a smaller micro-batch, global "
                + "batch, max-length, adapter rank or model."
        }
    }
}
