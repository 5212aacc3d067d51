public import CatenaEngine
import CatenaSchema

extension RunConfiguration.ChainSection {
    /// What happens to the optimizer's state at a knot.
    public enum OptimizerState: Sendable, Equatable {
        /// New moments of zero, and the step counter from 0.
        case reset
        /// Everything stays.
        case keep
        /// A part of each state vector becomes zero; the step counter goes on.
        case prune(MomentPruning)
    }
}

extension MomentPruning: ConfigurationSection {
    init() { self.init(fraction: 0, choice: .magnitude) }

    static let keys: [ConfigurationKey<Self>] = [
        .init(
            "prune", \.fraction, .number(.ratio), required: "the fraction that becomes zero",
            "the fraction of the moments that becomes zero"),
        .init("by", \.choice, .choice, "which ones: the smallest, or any"),
    ]
}

extension ValueKind where Value == RunConfiguration.ChainSection.OptimizerState {
    static let optimizerState = ValueKind(
        summary: "reset, keep or a section such as {prune: 0.9, by: magnitude}",
        read: { node, path throws(ConfigurationError) in
            if case .section = node.content {
                return .prune(try MomentPruning(node, path: path, origin: node.origin))
            }
            switch node.text {
            case "reset": return .reset
            case "keep": return .keep
            default:
                throw .invalid(
                    node, path, expected: "reset, keep or a section such as {prune: 0.9, by: magnitude}",
                    advice: nearest(node, ["reset", "keep"]))
            }
        },
        write: { state in
            switch state {
            case .reset: .text("reset")
            case .keep: .text("keep")
            case .prune(let pruning): .section(pruning.entries)
            }
        }, keys: MomentPruning.descriptions)
}
