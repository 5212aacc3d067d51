/// Who holds a gradient's memory: counted in debug builds, nothing in others.
///
/// A gradient may be handed from variable to variable, and two may hold the same tensor for a while (``Tape/residual(_:_:)``). Whoever
/// writes into one must be the only one that holds it; a graph in which somebody is not ends here and not in wrong numbers.
enum GradientOwnership {
    /// A variable let go of `old` and holds `new`.
    @inline(__always)
    static func moved(from old: Tensor?, to new: Tensor?) {
        #if DEBUG
            if let old { old.storage.gradientHolders[old.offset, default: 0] -= 1 }
            if let new { new.storage.gradientHolders[new.offset, default: 0] += 1 }
        #endif
    }

    /// A gradient that `holders` variables hold is about to be written to.
    @inline(__always)
    static func willWrite(_ gradient: Tensor, heldBy holders: Int) {
        #if DEBUG
            let found = gradient.storage.gradientHolders[gradient.offset] ?? 0
            precondition(found == holders, "a gradient is written to while \(found) variables hold it, not \(holders)")
        #endif
    }
}
