/// Changes the parameters after each reduction; its state is visible because checkpoints hold it.
public protocol Optimizer: AnyObject {
    /// One update of all parameters.
    ///
    /// - Parameters:
    ///   - learningRate: rate of this step, before each parameter's own factor.
    ///   - gradientScale: factor on the gradients, which are sums: 1 / weight sum, times clipping.
    func step(learningRate: Double, gradientScale: Double)
    /// State vectors with their names, each as long as the flat parameter buffer.
    var state: [(name: String, values: Tensor)] { get }
    /// Updates made so far; part of the state.
    var stepCount: Int { get set }
}

/// A run of neighbouring parameters that an optimizer treats alike.
struct ParameterRange {
    var range: Range<Int>
    var learningRateFactor: Double
    var decays: Bool

    /// The parameters of `set` in as few ranges as possible.
    static func all(in set: ParameterSet) -> [ParameterRange] {
        var ranges: [ParameterRange] = []
        for (parameter, offset) in zip(set.parameters, set.offsets) {
            let end = offset + parameter.count
            if let last = ranges.last, last.learningRateFactor == parameter.learningRateFactor,
                last.decays == parameter.decays
            {
                ranges[ranges.count - 1].range = last.range.lowerBound..<end
            } else {
                ranges.append(
                    ParameterRange(
                        range: offset..<end, learningRateFactor: parameter.learningRateFactor,
                        decays: parameter.decays))
            }
        }
        return ranges
    }
}
