import ArgumentParser
import CatenaLearning
import CatenaDistributed
import CatenaFiles

/// `catena compare`.
struct Compare: ParsableCommand, RunsOnAllRanks {
    static let configuration = CommandConfiguration(
        abstract: "Train several adapter methods on one task under an equal budget, and compare them.",
        discussion: """
            Every method is trained at each of its learning rates with each seed, one run after the other, on all ranks. The \
            rate with the lowest validation loss is chosen for each method; only its runs are measured on the test data. The \
            configuration has

              base        model, data, training, distributed, checkpoint, log as for train; data.validation is needed
              methods     a list of {name, adapter, chain, training, learning-rate or learning-rates}
              seeds       such as [0, 1]
              budget      {steps: N}, {parameters: N} (ranks are chosen for about N trainable parameters) or both
              selection   all-seeds, or first-seed: only the first seed tries all learning rates
              evaluate    loss, exact-match, choice: test files, or lists of {name, file, limit, ...}; untrained: false
              output      the folder of the comparison

            The output gets results.json, results.csv, results.txt and report.html, and a run folder for each run in cells/. \
            The same command goes on where it was ended: TERM, USR1 or INT save a checkpoint and end with exit code 75. All \
            keys are described in docs/compare.md.

            EXAMPLES:
              catena compare --config Examples/compare.yaml
              mpirun -n 2 catena compare --config compare.yaml --set output=runs/second
              catena compare --config compare.yaml --json > results.json
            """)

    @Option(help: ArgumentHelp("Configuration (YAML).", valueName: "file"), transform: expandedPath)
    var config: String
    @Option(help: ArgumentHelp("Overrides a key of the configuration; may be repeated.", valueName: "key=value"))
    var set: [String] = []
    @Flag(help: "Print the results as JSON instead of a table.")
    var json = false

    func run() throws {
        let outcome = try Job.run(threads: .multiple) { communicator in
            StopSignal.install()
            let configuration = try communicator.agree("read the configuration") {
                try ComparisonConfiguration.load(path: config, overrides: set)
            }
            let base = configuration.methods[0].run
            let watchdog = try RankWatchdog.start(
                communicator, timeoutSeconds: base.distributed.stallTimeoutSeconds)
            let printer = ComparisonPrinter(logEverySeconds: base.log.everySeconds)
            defer { printer.finish() }
            let outcome = try ComparisonRunner(configuration, communicator: communicator, report: printer.show).run()
            try watchdog?.stop()
            if communicator.isRoot {
                printer.finish()
                show(outcome, output: configuration.output)
            }
            return outcome
        }
        if case .stopped = outcome { throw ExitCode(StopSignal.exitCode) }
    }

    private func show(_ outcome: ComparisonRunner.Outcome, output: String) {
        switch outcome {
        case .finished(let table):
            StandardOutput.write(json ? table.json.prettyText() : table.text, asJSON: json)
            StandardError.write("done: \(output)/report.html\n")
        case .stopped(let signal):
            StandardError.write(
                "stopped by \(signal); what is done is saved, the same command goes on from there\n")
        }
    }
}
