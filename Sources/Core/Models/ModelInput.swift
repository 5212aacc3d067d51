public import CatenaEngine

/// One micro-batch as a model takes it.
public struct ModelInput {
    /// Token of each position.
    public var inputIds: [Int32]
    /// Next token of each position, negative where nothing is supervised.
    public var targets: [Int32]
    /// Weight of each position in the loss; nil for 1.
    public var weights: [Float]?
    /// Where its sequences begin.
    public var layout: SequenceLayout
    /// Names its random numbers.
    public var randomKey: RandomKey

    /// A micro-batch of `inputIds.count` positions.
    public init(
        inputIds: [Int32], targets: [Int32], weights: [Float]? = nil, layout: SequenceLayout,
        randomKey: RandomKey = .none
    ) {
        self.inputIds = inputIds
        self.targets = targets
        self.weights = weights
        self.layout = layout
        self.randomKey = randomKey
    }
}
