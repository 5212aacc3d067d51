import CatenaEngine
package import CatenaModels
import Foundation

/// The loss over data as sums, so that the parts of several processes can be added.
package struct LossEvaluation: Sendable, Equatable {
    /// Σ -log p(target), in nats.
    package var lossSum = 0.0
    /// Positions with a target.
    package var supervisedCount = 0
    /// Positions computed.
    package var tokenCount = 0
    /// Examples that had a target.
    package var exampleCount = 0
    /// Examples without one, for instance because it was cut off; they count for nothing.
    package var skippedCount = 0

    /// Examples whose loss is computed together, at most: groups of so many in the order of the data. Rounding can depend on what is
    /// beside an example, so processes take whole groups, and their sums are added in the order of the groups.
    package static let examplesOfGroup = 16

    /// Nothing.
    package init() {}

    /// The sum of evaluations, added in their order.
    package init(adding parts: [LossEvaluation]) {
        for part in parts { sums = zip(sums, part.sums).map { $0 + $1 } }
    }

    /// Mean loss per target.
    package var loss: Double { lossSum / Double(supervisedCount) }
    /// exp of the mean loss.
    package var perplexity: Double { exp(loss) }

    /// The sums in a fixed order, and back.
    package var sums: [Double] {
        get { [lossSum, Double(supervisedCount), Double(tokenCount), Double(exampleCount), Double(skippedCount)] }
        set {
            precondition(newValue.count == 5, "five sums")
            lossSum = newValue[0]
            (supervisedCount, tokenCount) = (Int(newValue[1]), Int(newValue[2]))
            (exampleCount, skippedCount) = (Int(newValue[3]), Int(newValue[4]))
        }
    }

    /// Adds the loss of `examples` under `model`.
    ///
    /// - Parameters:
    ///   - tokensPerBatch: examples go through the model together up to about this many tokens.
    ///   - onProgress: called after each batch with the number of examples behind it.
    package mutating func add(
        _ examples: [EncodedExample], model: LanguageModel, tokensPerBatch: Int = 2048,
        onProgress: (Int) -> Void = { _ in }
    ) throws {
        _ = try model.languageModelHead()
        var batch = Batch()
        for (index, example) in examples.enumerated() {
            for id in example.inputIds { try model.requireToken(id) }
            try model.requirePositions(example.inputIds.count)
            if example.supervisedCount > 0 {
                batch.append(example, exampleIndex: index)
            } else {
                skippedCount += 1
            }
            if batch.tokenCount >= tokensPerBatch || index == examples.count - 1 {
                add(batch, model: model)
                batch.clear()
                onProgress(index + 1)
            }
        }
    }

    private mutating func add(_ batch: Batch, model: LanguageModel) {
        guard batch.tokenCount > 0 else { return }
        let hidden = model.hiddenStates(batch.inputIds, layout: batch.layout)
        lossSum += model.head.loss(hidden, of: batch, NextToken(), wantsGradient: false, engine: model.engine).sum
        supervisedCount += batch.supervisedCount
        tokenCount += batch.tokenCount
        exampleCount += batch.exampleIndices.count
    }
}
