import CatenaReporting

/// Where `distributed.placement: auto` puts the frozen weights, and why: a pure function of memory.
///
///     limit = 0.8 · available memory of the tightest host
///     replicated   one rank on each host, or no less shared than `node` would be, and it fits the limit
///     node         several ranks share a host, and it fits
///     sharded      what came before does not fit, and this does
///
/// All sizes are of everything that the ranks of one host hold together, activations and adapter included.
package struct PlacementChoice: Equatable, Sendable {
    /// Never `.auto`.
    package let placement: RunConfiguration.DistributedSection.Placement
    /// Why, with the numbers, in one printable line without a full stop.
    package let reason: String

    /// A choice that was made.
    package init(placement: RunConfiguration.DistributedSection.Placement, reason: String) {
        self.placement = placement
        self.reason = reason
    }

    /// The part of a host's available memory that a plan may use; the rest is for files, other programs and what the model
    /// of memory does not see.
    package static let usableFraction = 0.8

    /// Chooses a placement.
    ///
    /// - Parameters:
    ///   - replicatedBytesPerHost: what all ranks of the fullest host hold if each keeps its own weights.
    ///   - nodeBytesPerHost: the same with one copy of the weights for the host.
    ///   - shardedBytesPerHost: the same with a share of the weights on each rank.
    ///   - availableBytesPerHost: memory to be had without swapping on the tightest host, before the model is loaded.
    ///   - ranksPerHost: ranks of the fullest host.
    /// - Throws: ``PlanningError/doesNotFit(placement:bytes:limit:available:ranksPerHost:)`` if even `sharded` needs more than the limit.
    package static func choose(
        replicatedBytesPerHost: Int, nodeBytesPerHost: Int, shardedBytesPerHost: Int, availableBytesPerHost: Int,
        ranksPerHost: Int
    ) throws(PlanningError) -> PlacementChoice {
        let limit = Int(usableFraction * Double(availableBytesPerHost))
        let budget = "\(SizeText.bytes(limit)), 80 % of the \(SizeText.bytes(availableBytesPerHost)) available"
        let isShared = replicatedBytesPerHost <= nodeBytesPerHost
        if ranksPerHost == 1 || isShared, replicatedBytesPerHost <= limit {
            let why = ranksPerHost == 1 ? "one rank on each host" : "the ranks of a host share the mapped file anyway"
            return PlacementChoice(
                placement: .replicated,
                reason: "\(why), and it needs \(SizeText.bytes(replicatedBytesPerHost)) of \(budget)")
        }
        if ranksPerHost > 1, nodeBytesPerHost <= limit {
            return PlacementChoice(
                placement: .node,
                reason: "\(ranksPerHost) ranks share a host: one copy needs \(SizeText.bytes(nodeBytesPerHost)) of "
                    + "\(budget); a copy for each rank would need \(SizeText.bytes(replicatedBytesPerHost))")
        }
        guard shardedBytesPerHost <= limit else {
            throw .doesNotFit(
                placement: .sharded, bytes: shardedBytesPerHost, limit: limit, available: availableBytesPerHost,
                ranksPerHost: ranksPerHost)
        }
        let whole = ranksPerHost == 1 ? replicatedBytesPerHost : nodeBytesPerHost
        return PlacementChoice(
            placement: .sharded,
            reason: "whole weights on a host would need \(SizeText.bytes(whole)), a share "
                + "\(SizeText.bytes(shardedBytesPerHost)), of \(budget)")
    }
}
