/// Continues prompts with a model, many sequences at a time, each with its own cache.
public final class Generator {
    private let model: LanguageModel
    private let stopIds: Set<Int32>

    /// A generator that ends a sequence at any of `stopIds`.
    public init(model: LanguageModel, stopIds: [Int32]) {
        self.model = model
        self.stopIds = Set(stopIds)
    }

    private struct Active {
        let index: Int
        let cache: KeyValueCache
        var next: [Int32]
        var sampler: Sampler
    }

    /// The tokens that follow each prompt, without the stop token.
    ///
    /// - Parameters:
    ///   - prompts: token ids; none may be empty.
    ///   - maximumTokens: most new tokens of each.
    ///   - batch: most sequences in memory at once; a finished one makes room for the next prompt.
    ///   - sampler: makes the sampler of prompt i.
    ///   - onToken: called with the prompt's index and each new token.
    /// - Throws: ``ModelError/tokenOutOfRange(id:vocabularySize:)`` or
    ///   ``ModelError/sequenceTooLong(tokenCount:positions:)``.
    public func generate(
        _ prompts: [[Int32]], maximumTokens: Int, batch: Int = 16, sampler: (Int) -> Sampler,
        onToken: (Int, Int32) -> Void = { _, _ in }
    ) throws -> [[Int32]] {
        precondition(batch > 0, "a batch of \(batch) sequences")
        for id in prompts.joined() { try model.requireToken(id) }
        var results = [[Int32]](repeating: [], count: prompts.count)
        guard maximumTokens > 0 else { return results }
        // The last token made is not fed back.
        for prompt in prompts { try model.requirePositions(prompt.count + maximumTokens - 1) }
        var waiting = Array(prompts.indices.filter { !prompts[$0].isEmpty }.reversed())
        var active: [Active] = []
        while !waiting.isEmpty || !active.isEmpty {
            while active.count < batch, let index = waiting.popLast() {
                active.append(
                    start(prompts[index], index: index, maximumTokens: maximumTokens, sampler: sampler(index)))
            }
            let logits = step(active)
            for slot in active.indices {
                let row = logits.rows(slot..<slot + 1)
                let token = Int32(
                    active[slot].sampler.sample(UnsafeBufferPointer(start: row.pointer, count: row.count)))
                let index = active[slot].index
                if stopIds.contains(token) {
                    active[slot].next = []
                    continue
                }
                results[index].append(token)
                onToken(index, token)
                active[slot].next = results[index].count < maximumTokens ? [token] : []
            }
            active.removeAll { $0.next.isEmpty }
        }
        return results
    }

    private func start(_ prompt: [Int32], index: Int, maximumTokens: Int, sampler: Sampler) -> Active {
        let cache = KeyValueCache(
            capacity: prompt.count + maximumTokens, configuration: model.configuration,
            memory: model.engine.memory)
        return Active(index: index, cache: cache, next: prompt, sampler: sampler)
    }

    /// Feeds every sequence's new tokens and returns the logits after each sequence's last one.
    private func step(_ active: [Active]) -> Tensor {
        let layout = SequenceLayout(appending: active.map(\.next.count), to: active.map(\.cache))
        let hidden = model.hiddenStates(active.flatMap(\.next), layout: layout)
        let last = model.engine.memory.tensor(rows: active.count, columns: hidden.columns)
        for slot in active.indices {
            let row = layout.segmentStarts[slot + 1] - 1
            last.rows(slot..<slot + 1).copy(from: hidden.rows(row..<row + 1))
        }
        return model.head.logits(last, engine: model.engine)
    }
}

extension LanguageModel {
    /// Checks that `id` is in the vocabulary.
    public func requireToken(_ id: Int32) throws(ModelError) {
        guard id >= 0, Int(id) < configuration.vocabularySize else {
            throw .tokenOutOfRange(id: Int(id), vocabularySize: configuration.vocabularySize)
        }
    }
}
