import CatenaAdapters

/// The results of a comparison, one row for each method at its chosen learning rate.
package struct ComparisonTable: Sendable, Equatable {
    /// A learning rate that was tried.
    package struct Trial: Sendable, Equatable {
        /// The peak learning rate.
        package var learningRate: Double
        /// Validation loss over the seeds that chose; infinite where one of them diverged.
        package var validationLoss: SeedSpread
        /// Runs whose loss stopped being a number.
        package var divergedCount: Int
    }

    /// A method.
    package struct Row: Sendable, Equatable {
        /// Name of its entry.
        package var name: String
        /// Its adapter method; nil when all parameters are trained.
        package var method: String?
        /// Rank of the adapter, for methods that have one.
        package var rank: Int?
        /// Trainable parameters.
        package var parameters: Int
        /// Every learning rate.
        package var trials: [Trial]
        /// The learning rate with the lowest mean validation loss; nil when every one diverged.
        package var learningRate: Double?
        /// Validation loss at it.
        package var validationLoss = SeedSpread([])
        /// Training loss of the last steps at it.
        package var trainingLoss = SeedSpread([])
        /// Test scores by task.
        package var scores: [String: SeedSpread] = [:]
        /// Median tokens a second.
        package var tokensPerSecond = SeedSpread([])
        /// Most memory of rank 0.
        package var peakResidentBytes = SeedSpread([])
        /// Time in steps of one run.
        package var seconds = SeedSpread([])
    }

    /// The comparison.
    package var configuration: ComparisonConfiguration
    /// In the order of the configuration; methods that are not finished are left out.
    package var rows: [Row]
    /// Test scores of the model without an adapter.
    package var untrained: TestResult?
    /// The numbers of ranks with which cells were trained, rising; several when it was continued with another one.
    package var ranks: [Int]

    /// The learning rate with the lowest mean validation loss among cells of one method; of equal ones the first.
    package static func chosenLearningRate(_ results: [CellResult]) -> Double? {
        let trials = trials(results).filter { $0.divergedCount == 0 && $0.validationLoss.mean.isFinite }
        return trials.min { $0.validationLoss.mean < $1.validationLoss.mean }?.learningRate
    }

    private static func trials(_ results: [CellResult]) -> [Trial] {
        var rates: [Double] = []
        for result in results where !rates.contains(result.cell.learningRate) { rates.append(result.cell.learningRate) }
        return rates.map { rate in
            let cells = results.filter { $0.cell.learningRate == rate }
            return Trial(
                learningRate: rate,
                validationLoss: SeedSpread(cells.map { $0.divergence == nil ? $0.validationLoss : .infinity }),
                divergedCount: cells.count { $0.divergence != nil })
        }
    }

    /// A table of what is finished.
    ///
    /// - Parameters:
    ///   - parameters: trainable parameters of each method of the configuration, counted from shapes.
    ///   - results: by the cell's name.
    ///   - tests: by the cell's name.
    package init(
        _ configuration: ComparisonConfiguration, parameters: [Int], results: [String: CellResult],
        tests: [String: TestResult], untrained: TestResult?
    ) {
        self.configuration = configuration
        self.untrained = untrained
        ranks = Set(results.values.map(\.ranks)).sorted()
        rows = zip(configuration.methods, parameters).compactMap { method, parameters in
            let selecting = configuration.selectionCells(method)
            let selected = selecting.compactMap { results[$0.name] }
            guard selected.count == selecting.count else { return nil }
            let known = AdapterMethod.all.first { $0.name == method.run.adapter?.method }
            var row = Row(
                name: method.name, method: method.run.adapter?.method,
                rank: known?.commonKeys.contains(.rank) == true ? method.run.adapter?.rank : nil,
                parameters: parameters,
                trials: Self.trials(selected), learningRate: Self.chosenLearningRate(selected))
            guard let rate = row.learningRate else { return row }
            let cells = configuration.chosenCells(method, learningRate: rate)
            let chosen = cells.compactMap { results[$0.name] }.filter { $0.divergence == nil }
            let tested = cells.compactMap { tests[$0.name] }
            guard cells.allSatisfy({ results[$0.name] != nil }),
                configuration.tasks.isEmpty || tested.count == chosen.count
            else { return nil }
            row.validationLoss = SeedSpread(chosen.map(\.validationLoss))
            row.trainingLoss = SeedSpread(chosen.map(\.trainingLoss))
            row.tokensPerSecond = SeedSpread(chosen.map(\.tokensPerSecond))
            row.peakResidentBytes = SeedSpread(chosen.map { Double($0.peakResidentBytes) })
            row.seconds = SeedSpread(chosen.map(\.seconds))
            for task in configuration.tasks {
                row.scores[task.name] = SeedSpread(tested.compactMap { $0.scores[task.name]?.value })
            }
            return row
        }
    }

    /// Seeds of a row that did not diverge.
    func seedCount(_ row: Row) -> Int { row.validationLoss.values.count }
}
