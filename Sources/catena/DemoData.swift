import ArgumentParser
import CatenaLearning

/// `catena demo-data`.
struct DemoData: ParsableCommand {
    enum Kind: String, ExpressibleByArgument, CaseIterable {
        case problems, text, sums
    }

    static let configuration = CommandConfiguration(
        commandName: "demo-data",
        abstract: "Write made-up data for trying things out, from a seed.",
        discussion: """
            problems  arithmetic word problems with worked answers that end with "#### N": train.jsonl, validation.jsonl \
            and test.jsonl; the same sum in other words never occurs in two of them
            text      short stories and sums as plain text, for pretraining a very small model: train.jsonl, validation.jsonl
            sums      questions about sums, with answers in the form of the problems: train.jsonl, validation.jsonl

            Equal options give equal bytes.

            EXAMPLES:
              catena demo-data --output demo-data
              catena demo-data --kind text --train 20000 --output text
            """)

    @Option(
        help: ArgumentHelp("Folder to write; made if it does not exist.", valueName: "folder"), transform: expandedPath)
    var output: String
    @Option(help: "problems, text or sums.")
    var kind = Kind.problems
    @Option(help: "Seed of all choices.")
    var seed: UInt64 = 0
    @Option(help: "Training examples.")
    var train = 2400
    @Option(help: "Validation examples.")
    var validation = 100
    @Option(help: "Test examples; only of problems.")
    var test = 200

    /// Beyond this there may be no further different problem of a split.
    private static let mostProblems = 100_000

    func validate() throws {
        for (name, value, most) in [
            ("train", train, Self.mostProblems), ("validation", validation, 10_000), ("test", test, 10_000),
        ] {
            if value < 1 { throw ValidationError("--\(name) is \(value), expected at least 1.") }
            if kind == .problems, value > most {
                throw ValidationError("--\(name) is \(value), expected at most \(most).")
            }
        }
    }

    func run() throws {
        switch kind {
        case .problems:
            try ArithmeticWordProblems(seed: seed).write(to: output, train: train, validation: validation, test: test)
            StandardOutput.write("\(output): \(train) training, \(validation) validation, \(test) test problems\n")
        case .text:
            try DemoText(seed: seed).write(to: output, train: train, validation: validation)
            StandardOutput.write("\(output): \(train) training, \(validation) validation texts\n")
        case .sums:
            try DemoSums(seed: seed).write(to: output, train: train, validation: validation)
            StandardOutput.write("\(output): \(train) training, \(validation) validation questions\n")
        }
    }
}
