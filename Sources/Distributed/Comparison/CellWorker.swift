import CatenaLearning
import CatenaFiles
import CatenaReporting

/// Trains and tests single cells.
struct CellWorker {
    /// A signal asked to stop.
    struct Stopped: Error { let signal: String }

    let configuration: ComparisonConfiguration
    /// Of each task.
    let examples: [TaskEvaluator.Examples]
    let folder: ComparisonFolder
    let communicator: any Communicator
    let report: (ComparisonEvent) -> Void

    /// Collective: trains the cell unless there is a `result`, and tests it if asked to.
    func finish(
        _ cell: ComparisonConfiguration.Cell, of method: ComparisonConfiguration.Method, result: CellResult?,
        isTested: Bool
    ) throws -> (result: CellResult, test: TestResult?) {
        var run = configuration.run(cell, of: method)
        // The page of a run that is only opened again to be tested stays as the run left it.
        if result != nil { run.log.report = false }
        let memoryBefore = ResidentMemory.currentBytes
        let trainer = try Trainer(run, communicator: communicator, start: .automatic) { event in
            if result == nil { report(.training(event)) }
        }
        var finished = result
        do {
            let outcome = try trainer.run()
            guard outcome == .finished else { throw stopped() }
        } catch  where Self.isDivergence(error) {
            finished = CellResult(cell, divergence: "\(error)")
        }
        let trained = try shared {
            if let finished { return finished.json }
            var measured = CellResult(
                cell, lines: try MetricsLine.read(path: RunFolder(run.output).metrics),
                parameters: trainer.parameterCount, ranks: communicator.size)
            measured.residentBytesBefore = memoryBefore
            return measured.json
        }
        let known = try CellResult(trained)
        if result == nil {
            CrashPoint.reached("cell-result")
            try write(trained.value, to: ComparisonFolder.result(run.output))
            report(.result(known))
        }
        guard isTested, known.divergence == nil else { return (known, nil) }
        let test = TestResult(scores: try scores(trainer))
        CrashPoint.reached("cell-test")
        try write(test.json, to: ComparisonFolder.test(run.output))
        report(.tested(cell.name, test))
        return (known, test)
    }

    /// Collective: measures the model without an adapter.
    func testUntrained() throws -> TestResult {
        var run = configuration.untrainedRun
        run.log.tensorboard = false
        let trainer = try Trainer(run, communicator: communicator, start: .automatic) { _ in }
        let loss = try trainer.validationLoss()
        let test = TestResult(scores: try scores(trainer), validationLoss: loss)
        try write(test.json, to: ComparisonFolder.test(run.output))
        report(.tested("untrained", test))
        return test
    }

    private func scores(_ trainer: Trainer) throws -> [String: TestResult.Score] {
        let evaluator = try TaskEvaluator(trainer) { report(.note($0)) }
        var scores: [String: TestResult.Score] = [:]
        for (task, examples) in zip(configuration.tasks, examples) {
            guard let score = try evaluator.score(task, examples) else { throw stopped() }
            scores[task.name] = score
        }
        try trainer.requireUnchangedFiles()
        return scores
    }

    private func stopped() -> Stopped { Stopped(signal: StopSignal.name ?? "a signal of another process") }

    /// Collective: a JSON object that process 0 makes, on all processes.
    private func shared(_ make: () throws -> JSONValue) throws -> JSONDocument {
        let own = try communicator.agree("read the cell's metrics") { communicator.isRoot ? try make() : .null }
        let text = try communicator.broadcast(own.compactText())
        return JSONDocument(try JSONValue.parse(text, path: "the cell's result"), path: "the cell's result")
    }

    /// Collective: process 0 writes a file.
    private func write(_ value: JSONValue, to path: String) throws {
        try communicator.agree("write \(path)") { if communicator.isRoot { try value.write(to: path) } }
    }

    /// Whether all processes have stopped at a number that is not finite: a result, not a failure.
    ///
    /// In a step the process that found it throws it itself, and the others hear of it.
    private static func isDivergence(_ error: any Error) -> Bool {
        switch error {
        case TrainingError.notFinite, TrainingError.stateNotFinite: true
        case CommunicatorError.peerFailed(_, let work, _): work.hasPrefix("train step")
        default: false
        }
    }
}
