/// Why a run cannot be planned.
public enum PlanningError: Error, Equatable, Sendable {
    /// Even with the weights sharded, a host would hold more than it may.
    case doesNotFit(bytes: Int, limit: Int, available: Int, ranksPerHost: Int)
}

extension PlanningError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .doesNotFit(let bytes, let limit, let available, let ranksPerHost):
            "the run does not fit: with placement sharded a host needs \(SizeText.bytes(bytes)) for its "
                + "\(ranksPerHost == 1 ? "rank" : "\(ranksPerHost) ranks"), \(SizeText.bytes(bytes - limit)) more than "
                + "\(SizeText.bytes(limit)), 80 % of the \(SizeText.bytes(available)) available; use more hosts, fewer ranks on "
                + "each, recompute: blocks, a smaller micro-batch or max-length."
        }
    }
}
