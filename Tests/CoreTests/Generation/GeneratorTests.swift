import CatenaLearning
import CatenaEngine
import CatenaModels
import Testing

@Suite("Generator")
struct GeneratorTests {
    private let prompts: [[Int32]] = [[1, 2, 3], [7], [4, 4, 9, 12, 0, 5], [3, 1], [11, 6, 2, 8]]

    private func greedy(_: Int) -> Sampler { Sampler(temperature: 0, topP: 1, seed: 0) }

    private func generate(
        _ model: LanguageModel, _ prompts: [[Int32]], maximumTokens: Int = 12, batch: Int = 16, stopIds: [Int32] = []
    ) throws -> [[Int32]] {
        try Generator(model: model, stopIds: stopIds).generate(
            prompts, maximumTokens: maximumTokens, batch: batch, sampler: greedy)
    }

    /// Greedy continuation that computes the whole sequence anew for each token.
    private func recomputed(_ model: LanguageModel, _ prompt: [Int32], count: Int) -> [Int32] {
        var ids = prompt
        for _ in 0..<count {
            let layout = SequenceLayout(segmentStarts: [0, ids.count], positions: ids.indices.map { Int32($0) })
            let hidden = model.hiddenStates(ids, layout: layout)
            let logits = model.head.logits(hidden.rows(ids.count - 1..<ids.count), engine: model.engine).elements()
            ids.append(Int32(logits.indices.max { (logits[$0], $1) < (logits[$1], $0) } ?? 0))
        }
        return Array(ids[prompt.count...])
    }

    @Test("with a cache it gives the tokens of a computation from scratch", arguments: [false, true])
    func cache(everyOption: Bool) throws {
        let model = try TinyModel.make(engine: Engine(threads: 1)) {
            if everyOption { TinyModel.everyOption(&$0) }
        }
        _ = try TinyModel.attach(TinyModel.lora(dropout: 0.5), to: model)
        let found = try generate(model, prompts)
        for (prompt, ids) in zip(prompts, found) {
            #expect(ids == recomputed(model, prompt, count: 12))
        }
        #expect(Set(found.flatMap { $0 }).count > 1)
    }

    @Test("batched it gives the tokens of one prompt at a time", arguments: [1, 2, 3, 16])
    func batched(batch: Int) throws {
        let model = try TinyModel.make(engine: Engine(threads: 2))
        let expected = try prompts.map { try generate(model, [$0])[0] }
        #expect(try generate(model, prompts, batch: batch) == expected)
    }

    @Test("a sequence becomes the same among more sequences than one product takes", arguments: [false, true])
    func manySequences(transposed: Bool) throws {
        let model = try TinyModel.make(engine: Engine(threads: 2)) { if transposed { TinyModel.gpt2(&$0) } }
        let many = (0..<BLAS.fewRows + 5).map { index in (0...index % 7).map { Int32((index + 3 * $0) % 13) } }
        let expected = try many.map { try generate(model, [$0])[0] }
        #expect(try generate(model, many, batch: many.count) == expected)
    }

    @Test("a stop token ends its sequence only and is left out")
    func stops() throws {
        let model = try TinyModel.make(engine: Engine(threads: 1))
        let full = try generate(model, prompts)
        let stop = try #require(full[0].dropFirst(2).first)
        let stopped = try generate(model, prompts, batch: 2, stopIds: [stop])
        for (ids, all) in zip(stopped, full) {
            #expect(ids == Array(all.prefix { $0 != stop }))
        }
        #expect(stopped[0].count < full[0].count)
    }

    @Test("it makes at most maximumTokens and reports each once, in order", arguments: [0, 1, 5])
    func limit(maximumTokens: Int) throws {
        let model = try TinyModel.make(engine: Engine(threads: 1))
        var reported = [[Int32]](repeating: [], count: prompts.count)
        let found = try Generator(model: model, stopIds: []).generate(
            prompts, maximumTokens: maximumTokens, batch: 2, sampler: greedy
        ) { reported[$0].append($1) }
        #expect(found.allSatisfy { $0.count == maximumTokens })
        #expect(reported == found)
    }

    @Test("a sampled sequence depends on its own seed and not on its neighbours")
    func seeds() throws {
        let model = try TinyModel.make(engine: Engine(threads: 1))
        func sampled(_ prompts: [[Int32]], seed: UInt64) throws -> [[Int32]] {
            try Generator(model: model, stopIds: []).generate(prompts, maximumTokens: 20, batch: 2) {
                Sampler(temperature: 1.5, topP: 0.95, seed: seed + UInt64($0))
            }
        }
        let first = try sampled(prompts, seed: 5)
        #expect(try sampled(prompts, seed: 5) == first)
        #expect(try sampled(prompts, seed: 500) != first)
        #expect(try sampled([prompts[0]], seed: 5)[0] == first[0])
    }

    @Test("a token outside the vocabulary is refused", arguments: [-1, 13, 99_999] as [Int32])
    func tokenOutOfRange(id: Int32) throws {
        let model = try TinyModel.make(engine: Engine(threads: 1))
        #expect(throws: ModelError.tokenOutOfRange(id: Int(id), vocabularySize: 13)) {
            try generate(model, [[1, 2], [3, id]])
        }
    }
}
