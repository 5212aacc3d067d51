import CatenaCore
import CatenaDistributed
import CatenaReporting

/// Trains as `catena train --config CONFIG` would in one process, then evaluates and generates; `library CONFIG own` trains with the
/// parts that are defined beside this file instead.
@main
enum Library {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count > 1 else { return print("usage: library CONFIG [own]") }
        let configuration = try RunConfiguration.load(path: arguments[1])
        if arguments.dropFirst(2).first == "own" {
            try OwnParts.train(modelPath: configuration.model)
        } else {
            try train(configuration)
        }
    }

    static func train(_ configuration: RunConfiguration) throws {
        let trainer = try Trainer(configuration, communicator: SingleProcessCommunicator()) { event in
            if case .step(let line) = event { print("step \(line.step): loss \(line.loss)") }
        }
        guard case .finished = try trainer.run() else { return }

        let model = try LanguageModel.load(configuration.model, engine: Engine(threads: 2))
        try model.loadAdapter(configuration.output + "/adapter")
        let tokenizer = try Tokenizer.load(model: configuration.model)
        let prompt = tokenizer.encode("2 + 3 =")
        let loss = try model.losses([Batch(sequences: [prompt])])[0]
        print("loss of the prompt: \(loss.sum / loss.weight)")
        let answers = try Generator(model: model, stopIds: tokenizer.endOfSequenceIds)
            .generate([prompt], maximumTokens: 8) { _ in Sampler(temperature: 0, topP: 1, seed: 0) }
        print(tokenizer.decode(answers[0]))
    }
}
