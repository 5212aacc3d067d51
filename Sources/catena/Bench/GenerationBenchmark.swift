import CatenaLearning
import CatenaEngine
import CatenaFiles
import CatenaModels

/// Greedy generation of a batch, measured in turns with a plain read of as many bytes as the matrices have.
struct GenerationBenchmark {
    struct Result {
        /// New tokens of all sequences by the seconds from the first prompt to the last token.
        let tokensPerSecond: Spread
        /// New tokens after each sequence's first one by the seconds after the last prompt.
        let decodedTokensPerSecond: Spread
        /// Seconds until every sequence has its first token.
        let promptSeconds: Spread
        /// Bytes of the matrices that every step reads.
        let weightBytes: Int
        /// 10⁹ bytes of matrices read by a second of decoding.
        let gigabytesPerSecond: Spread
        /// 10⁹ bytes a second of the plain read.
        let readGigabytesPerSecond: Spread
        /// The former by the latter, in pairs: 1 is decoding at the speed of the memory.
        let share: Double
        /// Buffers taken from the system after the first run.
        let newBuffers: Int
    }

    let model: LanguageModel
    let batch: Int
    let prompt: Int
    let newTokens: Int
    let repetitions: Int

    func run() throws -> Result {
        let matrices =
            model.linears.map(\.weight) + [model.separateHead ?? model.embedding?.tokens].compactMap { $0?.weight }
        let weightBytes = matrices.reduce(0) { $0 + $1.storedBytes }
        let reading = ReadRate(bytes: weightBytes, engine: model.engine)
        let prompts = randomPrompts()
        _ = try generate(prompts)
        _ = reading.measure()
        let buffers = model.engine.memory.systemAllocationCount
        var promptSeconds: [Double] = []
        var decodeSeconds: [Double] = []
        var reads: [Double] = []
        for _ in 0..<repetitions {
            reads.append(reading.measure())
            let (toFirst, rest) = try generate(prompts)
            promptSeconds.append(toFirst)
            decodeSeconds.append(rest)
        }
        let steps = Double(newTokens - 1)
        let groups = Double((batch + BLAS.fewRows - 1) / BLAS.fewRows)
        let rates = decodeSeconds.map { Double(weightBytes) * steps * groups / $0 / 1e9 }
        return Result(
            tokensPerSecond: Spread(
                zip(promptSeconds, decodeSeconds).map { Double(batch * newTokens) / ($0 + $1) }),
            decodedTokensPerSecond: Spread(decodeSeconds.map { Double(batch) * steps / $0 }),
            promptSeconds: Spread(promptSeconds), weightBytes: weightBytes, gigabytesPerSecond: Spread(rates),
            readGigabytesPerSecond: Spread(reads), share: Spread(zip(rates, reads).map { $0 / $1 }).median,
            newBuffers: model.engine.memory.systemAllocationCount - buffers)
    }

    private func generate(_ prompts: [[Int32]]) throws -> (toFirst: Double, rest: Double) {
        let start = MonotonicClock.seconds()
        var first = start
        var begun: Set<Int> = []
        _ = try Generator(model: model, stopIds: []).generate(
            prompts, maximumTokens: newTokens, batch: batch,
            sampler: { _ in Sampler(temperature: 0, topP: 1, seed: 0) }
        ) { index, _ in
            if begun.insert(index).inserted { first = MonotonicClock.seconds() }
        }
        return (first - start, MonotonicClock.seconds() - first)
    }

    private func randomPrompts() -> [[Int32]] {
        var generator = SeededGenerator(seed: 0, purpose: "benchmark")
        return (0..<batch).map { _ in
            (0..<prompt).map { _ in Int32(generator.next(below: model.configuration.vocabularySize)) }
        }
    }
}
