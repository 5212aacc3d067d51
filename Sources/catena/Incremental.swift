import ArgumentParser
import CatenaDistributed
import CatenaFiles
import CatenaLearning
import CatenaReporting

/// `catena incremental`.
struct Incremental: ParsableCommand, RunsOnAllRanks {
    static let configuration = CommandConfiguration(
        abstract: "Learn classes in tasks, one after the other, and keep the earlier ones.",
        discussion: """
            Every task brings new classes to a classifier on a frozen base with an adapter. The model before is a second target \
            (knowledge distillation), a few samples of earlier classes are learned again, and after each task the weights of the \
            new classes are aligned with those of the old ones. The configuration has

              model, adapter, data, training, distributed, checkpoint, log   as for train; each task is as long as training says
              data.test   the samples that are tested after each task
              tasks       a number of tasks, or lists of classes such as [[cats, dogs], [birds]]
              memory      {per-class: 20} or {total: 2000}; selection: herding or random
              method      distillation, temperature, aligning: l2, l1 or none; cap, non-negative, joint
              seed        of the order of the classes, of first values and of all runs
              output      the folder of the sequence

            Fine-tuning alone is memory: {total: 0} with distillation: false and aligning: none. The output gets result.json, \
            result.csv, result.txt, report.html and adapter/, and a folder for each task in tasks/. TERM, USR1 or INT save a \
            checkpoint and end with exit code 75; --resume auto goes on. docs/incremental.md has formulas and numbers.

            EXAMPLES:
              catena incremental --config Examples/incremental.yaml
              mpirun -n 2 catena incremental --config incremental.yaml --set seed=1 --set output=runs/seed1
              catena incremental --config incremental.yaml --resume auto --json > result.json
            """)

    /// What `--resume` may say.
    enum Resume: String, ExpressibleByArgument, CaseIterable { case auto }

    @Option(help: ArgumentHelp("Configuration (YAML).", valueName: "file"), transform: expandedPath)
    var config: String
    @Option(help: ArgumentHelp("Overrides a key of the configuration; may be repeated.", valueName: "key=value"))
    var set: [String] = []
    @Option(help: "auto: go on with what the output holds, or begin if it holds nothing.")
    var resume: Resume?
    @Flag(help: "Print the results as JSON instead of a table.")
    var json = false

    func run() throws {
        let outcome = try Job.run(threads: .multiple) { communicator in
            StopSignal.install()
            let configuration = try communicator.agree("read the configuration") {
                try IncrementalConfiguration.load(path: config, overrides: set)
            }
            let watchdog = try RankWatchdog.start(
                communicator, timeoutSeconds: configuration.run.distributed.stallTimeoutSeconds)
            let printer = IncrementalPrinter(logEverySeconds: configuration.run.log.everySeconds)
            defer { printer.finish() }
            let outcome = try IncrementalRunner(
                configuration, communicator: communicator, resumes: resume != nil, report: printer.show
            ).run()
            try watchdog?.stop()
            if communicator.isRoot {
                printer.finish()
                show(outcome, output: configuration.output)
            }
            return outcome
        }
        if case .stopped = outcome { throw ExitCode(StopSignal.exitCode) }
    }

    private func show(_ outcome: IncrementalRunner.Outcome, output: String) {
        switch outcome {
        case .finished(let result):
            StandardOutput.write(json ? result.json.prettyText() : result.text, asJSON: json)
            StandardError.write("done: \(output)/report.html\n")
        case .stopped(let signal):
            StandardError.write("stopped by \(signal); what is done is saved, --resume auto goes on from there\n")
        }
    }
}
