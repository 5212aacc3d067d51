import ArgumentParser
import CatenaAdapters
import CatenaLearning
import CatenaDistributed
import CatenaReporting

/// `catena train`.
struct Train: ParsableCommand, RunsOnAllRanks {
    static let configuration = CommandConfiguration(
        abstract: "Fine-tune a model as a configuration file says.",
        discussion: """
            Under mpirun every rank takes its share of each global batch; without it, one process does all. The output \
            folder gets config.yaml, metrics.jsonl, TensorBoard events, checkpoints/, report.html and the adapter/ in the \
            format of Hugging Face PEFT. TERM, USR1 or INT save a checkpoint and end with exit code 75; a rank that no longer \
            answers ends the job with exit code 76.

            EXAMPLES:
              catena train --config run.yaml
              mpirun -n 2 catena train --config run.yaml --set training.learning-rate=1e-4 --set output=runs/second
              mpirun -n 4 catena train --config run.yaml --resume auto
            """)

    @Option(help: ArgumentHelp("Configuration (YAML).", valueName: "file"), transform: expandedPath)
    var config: String
    @Option(help: ArgumentHelp("Overrides a key of the configuration; may be repeated.", valueName: "key=value"))
    var set: [String] = []
    @Option(
        help: ArgumentHelp(
            "Continue a run: auto for the newest valid checkpoint of the output, or a checkpoint or run folder.",
            valueName: "auto|dir"), transform: expandedPath)
    var resume: String?

    func run() throws {
        let outcome = try Job.run(threads: .multiple) { communicator in
            StopSignal.install()
            let configuration = try communicator.agree("read the configuration") {
                try RunConfiguration.load(path: config, overrides: set)
            }
            let watchdog = try RankWatchdog.start(
                communicator, timeoutSeconds: configuration.distributed.stallTimeoutSeconds)
            let printer = TrainingPrinter(logEverySeconds: configuration.log.everySeconds)
            defer { printer.finish() }
            let outcome = try Trainer(
                configuration, communicator: communicator, start: start, report: printer.show
            ).run()
            try watchdog?.stop()
            if communicator.isRoot, let text = Self.text(outcome) {
                printer.finish()
                StandardError.write(text + "\n")
            }
            return outcome
        }
        if outcome != .finished { throw ExitCode(StopSignal.exitCode) }
    }

    /// What to say about a run that was asked to stop.
    private static func text(_ outcome: Trainer.Outcome) -> String? {
        switch outcome {
        case .finished: nil
        case .stopped(let signal, let step):
            "stopped by \(signal) after step \(step); the checkpoint is saved, continue with --resume auto"
        case .stoppedBeforeTraining(let signal, let step):
            "stopped by \(signal) before a further step; "
                + (step == 0
                    ? "nothing was done yet, start again" : "step \(step) is safe, continue with --resume auto")
        }
    }

    private var start: Trainer.Start {
        switch resume {
        case nil: .fresh
        case "auto"?: .automatic
        case let folder?: .checkpoint(folder)
        }
    }
}

/// Shows a trainer's events on standard error.
private final class TrainingPrinter {
    private let logEverySeconds: Double
    private var progress: ProgressReporter?

    init(logEverySeconds: Double) {
        self.logEverySeconds = logEverySeconds
    }

    func show(_ event: TrainerEvent) {
        switch event {
        case .note(let text):
            message(text)
        case .started(let summary, let completedSteps):
            message(Self.text(summary))
            progress = ProgressReporter(
                totalSteps: summary.totalSteps, completedSteps: completedSteps,
                style: .detect(everySeconds: logEverySeconds), write: StandardError.write(verbatim:))
        case .step(let line):
            // More than the two most telling ones would not fit a line.
            progress?.report(
                step: line.step, loss: line.loss, means: Array(line.means.filter { !$0.isOfValidation }.prefix(2)),
                tokensPerSecond: line.tokensPerSecond)
            if let loss = line.validationLoss {
                let means = line.means.filter(\.isOfValidation).prefix(2)
                message(
                    "step \(line.step): validation loss \(Float(loss))"
                        + means.map { ", \($0.title) \(Float($0.value))" }.joined())
            }
        case .checkpoint:
            break
        case .finished(let result):
            finish()
            message("done: \(result)")
        }
    }

    func finish() {
        progress?.finish()
        progress = nil
    }

    private func message(_ text: String) {
        if let progress { progress.message(text) } else { StandardError.write(text + "\n") }
    }

    private static func text(_ summary: RunSummary) -> String {
        """
        \(summary.data.summary)
        \(summary.parameterCount) trainable parameters; \(summary.totalSteps) steps of \(summary.globalBatch) sequences; \
        \(summary.worldSize) ranks on \(summary.hostCount) hosts, \(summary.threads) threads each
        """
    }
}
