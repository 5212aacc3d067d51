import CatenaAdapters
import CatenaEngine
import CatenaModels

/// Chooses the rank of an adapter for a number of trainable parameters.
///
/// The count grows with the rank for every method that has one, but not every rank is possible: some must be multiples of
/// something, and none may exceed the layers. The nearest count wins; of two equally near ones the smaller.
package struct ParameterBudget: Sendable {
    /// Trainable parameters that are wanted.
    package let parameters: Int

    /// A chosen rank and what it costs.
    package struct Choice: Sendable, Equatable {
        /// The rank; nil for a method without one.
        package var rank: Int?
        /// Trainable parameters.
        package var parameters: Int

        /// A choice from its numbers.
        package init(rank: Int?, parameters: Int) {
            self.rank = rank
            self.parameters = parameters
        }
    }

    /// A budget of `parameters`.
    package init(parameters: Int) { self.parameters = parameters }

    /// No adapter of a model that fits into memory has a larger rank.
    private static let largestRank = 1 << 16
    /// Ranks in a row that may be impossible before a larger one is not looked for.
    private static let longestGap = 256

    /// The rank whose count is nearest.
    ///
    /// - Parameter count: the trainable parameters at a rank; it throws ``AdapterError`` for a rank that is not possible.
    /// - Throws: what `count` threw for rank 1 if no rank is possible; anything else than ``AdapterError`` at once.
    package func choose(count: (Int) throws -> Int) throws -> Choice {
        var below: Choice?
        var above: Choice?
        var rank = 1
        while above == nil, rank <= Self.largestRank, let found = try next(from: rank, below: nil, count) {
            if found.parameters >= parameters { above = found } else { below = found }
            rank = max(rank, found.rank ?? rank) * 2
        }
        guard var lower = below else {
            if let above { return above }
            return Choice(rank: 1, parameters: try count(1))
        }
        // No rank as large as wanted was met by doubling; the largest possible one lies below the next doubling.
        var upper = above?.rank ?? min(rank, Self.largestRank)
        while let low = lower.rank, upper - low > 1 {
            let middle = (low + upper) / 2
            guard let found = try next(from: middle, below: upper, count) else {
                upper = middle
                continue
            }
            if found.parameters >= parameters {
                above = found
                upper = middle
            } else {
                lower = found
            }
        }
        guard let above else { return lower }
        return above.parameters - parameters < parameters - lower.parameters ? above : lower
    }

    /// The smallest possible rank from `rank` on; nil if there is none below `end`.
    private func next(from rank: Int, below end: Int?, _ count: (Int) throws -> Int) throws -> Choice? {
        for candidate in rank..<min(rank + Self.longestGap, end ?? .max) {
            do {
                return Choice(rank: candidate, parameters: try count(candidate))
            } catch AdapterError.rankOutOfRange {
                return nil
            } catch is AdapterError {
                continue
            }
        }
        return nil
    }
}

extension ComparisonConfiguration {
    /// The same comparison with the ranks that the budget chooses, and the parameters of every method.
    ///
    /// Nothing but shapes is read of the model.
    /// - Throws: what the model's files or the methods throw.
    package func sized() throws -> (configuration: ComparisonConfiguration, choices: [ParameterBudget.Choice]) {
        let run = methods[0].run
        let files = try ModelFiles(modelAt: run.model, for: run.purpose(classes: try run.classLabels()))
        var sized = self
        var choices: [ParameterBudget.Choice] = []
        for index in methods.indices {
            var run = methods[index].run
            func count() throws -> Int {
                try ModelInventory(configuration: files.configuration, storage: .files(files), adapter: run.adapter)
                    .trainableElements
            }
            func count(rank: Int) throws -> Int {
                run.adapter?.rank = rank
                return try count()
            }
            guard methods[index].sizesRank, let parameters = budget.parameters,
                let method = AdapterMethod.all.first(where: { $0.name == run.adapter?.method })
            else {
                let takesRank =
                    AdapterMethod.all.first { $0.name == run.adapter?.method }?.commonKeys.contains(.rank) == true
                choices.append(.init(rank: takesRank ? run.adapter?.rank : nil, parameters: try count()))
                continue
            }
            let choice = try ParameterBudget(parameters: parameters).choose(count: count(rank:))
            let rank = choice.rank ?? 1
            sized.methods[index].run.adapter?.rank = rank
            if methods[index].sizesAlpha { sized.methods[index].run.adapter?.alpha = method.defaultAlpha(rank) }
            choices.append(choice)
        }
        return (sized, choices)
    }
}
