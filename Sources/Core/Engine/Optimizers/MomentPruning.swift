/// Sets a part of an optimizer's state to zero, tensor by tensor: what ReLoRA does instead of forgetting everything.
///
///     magnitude   of each parameter, the ⌊p n⌋ entries whose first state vector is smallest in size; among equals the first ones
///     random      entries drawn with probability p
///
/// The same entries go in all state vectors. The reference implementation chooses anew for each vector, and an entry may then keep
/// its first moment without its second. Where the gradient is exactly zero, as A's is while B is, such an entry takes steps of
/// η m / ε, millions of times too large. It also zeroes all |x| up to the quantile p, which is everything when all are equal.
///
/// - Source: Lialin et al. 2023, *ReLoRA*, arXiv:2307.05695, and its reference implementation.
public struct MomentPruning: Sendable, Equatable {
    /// Which entries go.
    package enum Choice: String, Sendable, CaseIterable { case magnitude, random }

    /// p, in 0 ... 1.
    package var fraction: Double
    /// Which entries go.
    package var choice: Choice

    /// Zeroes `fraction` of all entries.
    package init(fraction: Double, choice: Choice) {
        self.fraction = fraction
        self.choice = choice
    }

    /// Prunes the state vectors of an optimizer over `parameters`; returns the fraction of entries that are zero afterwards.
    ///
    /// - Parameters:
    ///   - seed: the run's seed.
    ///   - link: number of the link that ends, a part of the key of random masks.
    @discardableResult
    package func apply(
        to state: [(name: String, values: Tensor)], of parameters: ParameterSet, seed: UInt64, link: Int
    ) -> Double {
        for (parameter, offset) in zip(parameters.parameters, parameters.offsets) {
            let parts = state.map {
                UnsafeMutableBufferPointer(start: $0.values.pointer + offset, count: parameter.count)
            }
            let chosen =
                switch choice {
                case .magnitude: parts.first.map { smallest(UnsafeBufferPointer($0)) } ?? []
                case .random: mask(parameter, seed: seed, link: link)
                }
            for part in parts {
                for index in chosen { part[index] = 0 }
            }
        }
        let (zeros, count) = state.reduce((0, 0)) { sums, vector in
            (sums.0 + vector.values.elements().count { $0 == 0 }, sums.1 + vector.values.count)
        }
        return count == 0 ? 0 : Double(zeros) / Double(count)
    }

    private func smallest(_ values: UnsafeBufferPointer<Float>) -> ArraySlice<Int> {
        let order = values.indices.sorted { (abs(values[$0]), $0) < (abs(values[$1]), $1) }
        return order.prefix(Int(fraction * Double(values.count)))
    }

    private func mask(_ parameter: Parameter, seed: UInt64, link: Int) -> ArraySlice<Int> {
        let generator = SeededGenerator(seed: seed, purpose: "moment-pruning", step: link, name: parameter.name)
        return (0..<parameter.count).filter {
            Double(generator.word(at: UInt64($0)) >> 11) * 0x1p-53 < fraction
        }[...]
    }
}
