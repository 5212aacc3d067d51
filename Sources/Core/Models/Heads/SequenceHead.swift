public import CatenaEngine

/// How a model judges whole sequences: one row of the hidden states of each, a pooler where the family has one, a classifier.
///
///     z = W f(P h + p) + b       h [D], P [D, D], W [C, D]; without a pooler z = W h + b
public struct SequenceHead: Sendable, Equatable {
    /// Which token's hidden states stand for the sequence.
    public enum Pooling: Sendable {
        /// The first, which a model that sees everything was trained to fill (`[CLS]`).
        case first
        /// The last, which alone has seen everything in a model that sees backwards only.
        case last
    }

    /// Which token's hidden states are judged.
    public let pooling: Pooling
    /// Path of the pooler's linear layer and its activation; nil for none.
    public let pooler: Pooler?
    /// Path of the classifier.
    public let classifier: String
    /// Whether the classifier has a bias.
    public let hasBias: Bool
    /// Standard deviation of the numbers that modules which are not in the files begin with; nil: uniform in ±1/√inputs.
    public var initialDeviation: Float? = 0.02
    /// Whether weight decay applies to the bias too.
    public var biasDecays = false
    /// Names of the labels, one for each score; one for a number.
    public var labels: [String] = []
    /// The modules that are not in the model's files, which begin with numbers drawn from `seed`.
    public var madeModules: Set<String> = []
    /// Key of those numbers.
    public var seed: UInt64 = 0

    /// A linear layer and what follows it.
    public struct Pooler: Sendable, Equatable {
        /// Path of the linear layer, `[D, D]`.
        public let path: String
        /// What follows it.
        public let activation: Activation
    }

    /// The heads of decoders: a classifier without bias on the last token.
    public static let lastToken = SequenceHead(pooling: .last, pooler: nil, classifier: "score", hasBias: false)

    /// What the user should know about the modules that the model at `path` does not hold.
    package func madeNotes(path: String) -> [String] {
        guard !madeModules.isEmpty else { return [] }
        let (names, isOne) = (madeModules.sorted().joined(separator: " and "), madeModules.count == 1)
        return [
            "\(names) \(isOne ? "is" : "are") made new, with numbers drawn from the seed \(seed), and trained whole beside an "
                + "adapter: \(path) does not hold \(isOne ? "it" : "them")"
        ]
    }

    /// Paths of its linear layers.
    var modules: [String] { [pooler?.path, classifier].compactMap { $0 } }
}
