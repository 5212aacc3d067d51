public import CatenaEngine

/// The last block of a model: turns hidden states into scores, and an objective's verdict on them into gradients.
public protocol Head: AnyObject {
    /// What a row of its scores belongs to.
    var demand: HeadDemand { get }
    /// The linear layers before the scores, which may carry adapters.
    var linears: [Linear] { get }
    /// The linear layers that may be trained whole beside an adapter.
    var wholeModules: [Linear] { get }
    /// Paths of those of them that the model's files do not have, which are trained whole or not there for anybody else.
    var madeModules: Set<String> { get }
    /// The vectors of its norms.
    var normVectors: [LayerVector] { get }
    /// The scores of every token `[N, V]` or segment `[S, C]` of the hidden states `[N, D]` that leave the last layer.
    func scores(_ hidden: Tensor, layout: SequenceLayout, engine: Engine) -> Tensor
    /// The objective's loss sum over a micro-batch, and its gradient.
    ///
    /// - Parameters:
    ///   - hidden: hidden states `[N, D]`.
    ///   - wantsGradient: whether `hiddenGradient` and the gradients of trainable head weights are computed.
    func loss(
        _ hidden: Tensor, of batch: Batch, _ objective: any Objective, wantsGradient: Bool, engine: Engine
    ) -> Loss
    /// The samples of a micro-batch, and the way on to the gradient of the loss sum once it is known what they count.
    func judged(_ hidden: Tensor, of batch: Batch, _ objective: any Objective, engine: Engine) -> JudgedBatch
    /// What the objective measures of each segment, without a gradient; for heads that can be asked for a reference.
    func measures(_ hidden: Tensor, of batch: Batch, _ objective: any Objective, engine: Engine) -> [Double]
}

extension Head {
    public var linears: [Linear] { [] }

    /// Checks that its scores are of what `objective` learns.
    ///
    /// - Throws: ``ModelError/wrongTask(_:needed:)``.
    func requireDemand(of objective: any Objective) throws(ModelError) {
        guard objective.demand != demand else { return }
        let names = (tokens: "a language model", segments: "one that judges whole texts")
        throw demand == .tokens
            ? .wrongTask(names.tokens, needed: names.segments) : .wrongTask(names.segments, needed: names.tokens)
    }
    public var wholeModules: [Linear] { [] }
    public var madeModules: Set<String> { [] }

    public func measures(
        _ hidden: Tensor, of batch: Batch, _ objective: any Objective, engine: Engine
    ) -> [Double] { preconditionFailure("this head measures no samples") }
}

extension LanguageModel {
    /// The head as one that gives scores to the tokens of a vocabulary.
    ///
    /// - Throws: ``ModelError/wrongTask(_:needed:)`` where the model was opened to judge whole sequences.
    public func languageModelHead() throws(ModelError) -> LanguageModelHead {
        guard let head = head as? LanguageModelHead else {
            throw .wrongTask("\(configuration.family) with a classification head", needed: "a language model")
        }
        return head
    }
}
