/// Sets a part of an optimizer's state to zero, tensor by tensor: what ReLoRA does instead of forgetting everything.
///
///     magnitude   of each state vector and each parameter, the ⌊p n⌋ entries of smallest |x|; among equals the first ones
///     random      entries drawn with probability p, the same ones in all state vectors
///
/// The reference implementation zeroes all |x| up to the quantile p, which is everything when all are equal, and draws a mask
/// for each state vector; an entry that loses only its second moment would then take a step 1 / √(1 - β₂) times too large.
///
/// - Source: Lialin et al. 2023, *ReLoRA*, arXiv:2307.05695, and its reference implementation.
public struct MomentPruning: Sendable, Equatable {
    /// Which entries go.
    public enum Choice: String, Sendable, CaseIterable { case magnitude, random }

    /// p, in 0 ... 1.
    public var fraction: Double
    /// Which entries go.
    public var choice: Choice

    /// Zeroes `fraction` of all entries.
    public init(fraction: Double, choice: Choice) {
        self.fraction = fraction
        self.choice = choice
    }

    /// Prunes the state vectors of an optimizer over `parameters`; returns the fraction of entries that are zero afterwards.
    ///
    /// - Parameters:
    ///   - seed: the run's seed.
    ///   - link: number of the link that ends, a part of the key of random masks.
    @discardableResult
    public func apply(
        to state: [(name: String, values: Tensor)], of parameters: ParameterSet, seed: UInt64, link: Int
    ) -> Double {
        for (parameter, offset) in zip(parameters.parameters, parameters.offsets) {
            let drawn = choice == .random ? mask(parameter, seed: seed, link: link) : []
            for (_, values) in state {
                let part = UnsafeMutableBufferPointer(start: values.pointer + offset, count: parameter.count)
                for index in choice == .random ? drawn : smallest(UnsafeBufferPointer(part)) { part[index] = 0 }
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
