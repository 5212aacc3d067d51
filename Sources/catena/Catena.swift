import ArgumentParser
import CatenaAdapters
import CatenaDistributed
import CatenaFiles
import Foundation

/// The `catena` command.
@main
struct Catena: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "catena",
        abstract: "Fine-tune language models with adapters on CPU clusters.",
        discussion: """
            A model is a Hugging Face folder (config.json, *.safetensors, tokenizer.json) or a .gguf file; an adapter is a \
            folder in the format of Hugging Face PEFT.

            EXAMPLES:
              mpirun -n 4 catena train --config run.yaml
              catena generate --model models/smollm2 --adapter runs/first/adapter --prompt "What is 3 + 4?"
              catena evaluate --model models/smollm2 --data dev.jsonl

            Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 75 stopped on a signal with a checkpoint saved, \
            76 ended because a rank no longer answers.
            """,
        version: CatenaVersion.current,
        subcommands: [
            Train.self, Compare.self, Incremental.self, Evaluate.self, Generate.self, Preview.self, ProbeCommand.self,
            Tokenize.self,
            Export.self,
            Verify.self,
            Inspect.self,
            Methods.self, Config.self, PlanCommand.self, Doctor.self, Bench.self,
            DemoData.self, NewModel.self, TrainTokenizer.self,
        ])

    static func main() {
        // First of all: what asks a run to stop may come before MPI is up.
        if let verb = CommandLine.arguments.dropFirst().first, ["train", "compare"].contains(verb) {
            StopSignal.install()
        }
        // A reader that goes away (`| head`) shows as a failed write, which StandardOutput handles.
        signal(SIGPIPE, SIG_IGN)
        // A file that would exceed the user's limit shows as a failed write, which names the file.
        signal(SIGXFSZ, SIG_IGN)
        FaultGuard.install()
        let isRoot = LaunchEnvironment.processRank(in: ProcessInfo.processInfo.environment) == 0
        var type: any ParsableCommand.Type = Catena.self
        do {
            var command = try parseAsRoot()
            // The parsed help of a verb stays its own command; it prints and throws nothing that needs a type.
            type = Swift.type(of: command)
            guard isRoot || command is any RunsOnAllRanks else { return }
            try command.run()
        } catch {
            // All ranks usually have the same wrong command line; rank 0 says so, unless its own is right.
            if !isRoot, !(type is any RunsOnAllRanks.Type) {
                let code = Failure.exitCode(for: error)
                if code == 0 { Foundation.exit(code) }
                Thread.sleep(forTimeInterval: 2)
            }
            Foundation.exit(Failure.report(error, of: type))
        }
    }
}

/// A verb that does its work on every rank under mpirun; all others run on rank 0 alone.
protocol RunsOnAllRanks {}
