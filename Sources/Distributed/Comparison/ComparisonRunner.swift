package import CatenaLearning

/// Runs all cells of a comparison, one after the other, on all processes of a job.
///
/// Every cell is trained by a ``Trainer`` of its own, whose model is gone before the next cell begins. What is finished is
/// known by its files, so a comparison that was ended at any moment goes on with the first cell that is not.
package final class ComparisonRunner {
    /// How a comparison ended.
    package enum Outcome: Sendable {
        /// All cells are done.
        case finished(ComparisonTable)
        /// A signal asked to stop; the run that was under way has saved a checkpoint.
        case stopped(signal: String)
    }

    private let configuration: ComparisonConfiguration
    private let choices: [ParameterBudget.Choice]
    private let communicator: any Communicator
    private let report: (ComparisonEvent) -> Void
    private let worker: CellWorker
    private var cells: FinishedCells
    /// Held until the comparison is over.
    private let lock: FolderLock

    /// Collective: chooses ranks, reads the test data and finds out what is done already; trains nothing.
    ///
    /// - Parameter report: receives what happens, on process 0 only.
    /// - Throws: ``ComparisonError/otherConfiguration(path:differences:)`` if the output was begun with another configuration.
    package init(
        _ configuration: ComparisonConfiguration, communicator: any Communicator,
        report: @escaping (ComparisonEvent) -> Void
    ) throws {
        let report = communicator.isRoot ? report : { _ in }
        try communicator.requireEqual("the comparison's configuration", configuration.resolvedYAML)
        let sized = try communicator.agree("choose the ranks") { try configuration.sized() }
        let examples = try communicator.agree("read the test data") {
            try configuration.tasks.map { task in try TaskEvaluator.Examples(task) { report(.note($0)) } }
        }
        let folder = ComparisonFolder(configuration.output)
        let lock = FolderLock(folder: folder.path)
        try communicator.agree("open the comparison's folder") {
            guard communicator.isRoot else { return }
            try RunFolder(folder.path).requireWritable()
            try lock.takeIfPresent()
            try folder.requireSame(sized.configuration)
            try RunFolder(folder.path).create()
            try lock.take()
            try folder.create(sized.configuration)
        }
        (self.configuration, choices) = (sized.configuration, sized.choices)
        self.communicator = communicator
        self.lock = lock
        self.report = report
        worker = CellWorker(
            configuration: sized.configuration, examples: examples, folder: folder, communicator: communicator,
            report: report)
        cells = try FinishedCells(sized.configuration, folder: folder, communicator: communicator)
        if let note = lock.note { report(.note(note)) }
        let names = sized.configuration.methods.map(\.name)
        report(.sized(zip(names, sized.choices).map { (name: $0, choice: $1) }))
        if let note = sized.configuration.budget.missNote(Array(zip(names, sized.choices.map(\.parameters)))) {
            report(.note(note))
        }
    }

    /// Collective: runs what is not finished.
    package func run() throws -> Outcome {
        do {
            try untrained()
            var number = 0
            for method in configuration.methods { try run(method, number: &number) }
        } catch let stop as CellWorker.Stopped {
            return .stopped(signal: stop.signal)
        }
        return .finished(try writeTable())
    }

    private func untrained() throws {
        guard configuration.measuresUntrained, cells.untrained == nil else { return }
        let work = work(.untrained, 0, nil)
        report(.began(work))
        cells.untrained = try worker.testUntrained()
        report(.ended(work))
    }

    private func run(_ method: ComparisonConfiguration.Method, number: inout Int) throws {
        let selecting = configuration.selectionCells(method)
        let hasChoice = method.learningRates.count > 1
        for cell in selecting {
            number += 1
            try finish(cell, of: method, number: number, isTested: !hasChoice)
        }
        let rate = ComparisonTable.chosenLearningRate(selecting.compactMap { cells.results[$0.name] })
        if hasChoice, let rate {
            for cell in configuration.chosenCells(method, learningRate: rate) {
                if !selecting.contains(cell) { number += 1 }
                try finish(cell, of: method, number: number, isTested: true)
            }
        } else if hasChoice {
            number += configuration.selection == .firstSeed ? configuration.seeds.count - 1 : 0
        }
        report(.table(try writeTable()))
    }

    /// Does what is missing of a cell.
    private func finish(
        _ cell: ComparisonConfiguration.Cell, of method: ComparisonConfiguration.Method, number: Int, isTested: Bool
    ) throws {
        let lacksResult = cells.results[cell.name] == nil
        let lacksTest =
            isTested && !configuration.tasks.isEmpty && cells.tests[cell.name] == nil
            && cells.results[cell.name]?.divergence == nil
        guard lacksResult || lacksTest else { return }
        let work = work(lacksResult ? .training : .testing, number, cell)
        report(.began(work))
        let done = try worker.finish(cell, of: method, result: cells.results[cell.name], isTested: lacksTest)
        cells.results[cell.name] = done.result
        if let test = done.test { cells.tests[cell.name] = test }
        report(.ended(work))
    }

    private func work(
        _ kind: ComparisonEvent.Work.Kind, _ number: Int, _ cell: ComparisonConfiguration.Cell?
    ) -> ComparisonEvent.Work {
        .init(kind: kind, number: number, count: configuration.cellCount, cell: cell)
    }

    /// Collective: the table of what is finished, on disk as well.
    private func writeTable() throws -> ComparisonTable {
        let table = ComparisonTable(
            configuration, parameters: choices.map(\.parameters), results: cells.results, tests: cells.tests,
            untrained: cells.untrained)
        try communicator.agree("write the results") {
            if communicator.isRoot { try ComparisonFolder(configuration.output).write(table) }
        }
        return table
    }
}
