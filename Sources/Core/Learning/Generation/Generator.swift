import CatenaEngine
public import CatenaModels

/// Continues prompts with a model, many sequences at a time, each with its own cache.
///
/// What a sequence becomes does not depend on the others: a prompt goes through the model alone, and then at most
/// ``BLAS/fewRows`` sequences at once, one token of each, in products whose rows do not depend on each other.
public final class Generator {
    private let model: LanguageModel
    private let stopIds: Set<Int32>

    /// A generator that ends a sequence at any of `stopIds`.
    public init(model: LanguageModel, stopIds: [Int32]) {
        self.model = model
        self.stopIds = Set(stopIds)
    }

    /// What is to be continued, and where that ends.
    struct Request {
        /// Token ids, at least one.
        var prompt: [Int32]
        /// Most new tokens.
        var maximumTokens: Int
        /// Tokens that end the sequence.
        var stopIds: Set<Int32>
    }

    private struct Active {
        let index: Int
        let request: Request
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
        try generate(
            prompts.map { Request(prompt: $0, maximumTokens: maximumTokens, stopIds: stopIds) }, batch: batch,
            sampler: sampler, onToken: onToken)
    }

    /// The same with an end of its own for each prompt.
    func generate(
        _ requests: [Request], batch: Int, sampler: (Int) -> Sampler, onToken: (Int, Int32) -> Void
    ) throws -> [[Int32]] {
        precondition(batch > 0, "a batch of \(batch) sequences")
        let head = try model.languageModelHead()
        for request in requests {
            for id in request.prompt { try model.requireToken(id) }
            // The last token made is not fed back.
            if request.maximumTokens > 0 {
                try model.requirePositions(request.prompt.count + request.maximumTokens - 1)
            }
        }
        var results = [[Int32]](repeating: [], count: requests.count)
        let kept = KeptFactors()
        var waiting = Array(
            requests.indices.filter { !requests[$0].prompt.isEmpty && requests[$0].maximumTokens > 0 }.reversed())
        var active: [Active] = []
        func take(_ logits: Tensor, for slots: Range<Int>) {
            for slot in slots {
                let row = logits.rows(slot - slots.lowerBound..<slot - slots.lowerBound + 1)
                let token = unsafe Int32(
                    active[slot].sampler.sample(UnsafeBufferPointer(start: row.pointer, count: row.count)))
                let (index, request) = (active[slot].index, active[slot].request)
                if request.stopIds.contains(token) {
                    active[slot].next = []
                    continue
                }
                results[index].append(token)
                onToken(index, token)
                active[slot].next = results[index].count < request.maximumTokens ? [token] : []
            }
        }
        while !waiting.isEmpty || !active.isEmpty {
            let begun = active.count
            while active.count < batch, let index = waiting.popLast() {
                active.append(start(requests[index], index: index, sampler: sampler(index)))
                let slot = active.count - 1
                take(step(active[slot...], head, keeping: kept), for: slot..<slot + 1)
            }
            for first in stride(from: 0, to: begun, by: BLAS.fewRows) {
                let slots = first..<min(first + BLAS.fewRows, begun)
                take(step(active[slots], head, keeping: kept), for: slots)
            }
            active.removeAll { $0.next.isEmpty }
        }
        return results
    }

    private func start(_ request: Request, index: Int, sampler: Sampler) -> Active {
        let cache = model.configuration.keyValueCache(
            capacity: request.prompt.count + request.maximumTokens, memory: model.engine.memory)
        return Active(index: index, request: request, cache: cache, next: request.prompt, sampler: sampler)
    }

    /// Feeds every sequence's new tokens and returns the logits after each sequence's last one.
    private func step(_ active: ArraySlice<Active>, _ head: LanguageModelHead, keeping kept: KeptFactors) -> Tensor {
        let layout = SequenceLayout(appending: active.map(\.next.count), to: active.map(\.cache))
        let hidden = model.hiddenStates(active.flatMap(\.next), layout: layout, keptFactors: kept)
        let last = model.engine.memory.tensor(rows: active.count, columns: hidden.columns)
        for slot in 0..<active.count {
            let row = layout.segmentStarts[slot + 1] - 1
            last.rows(slot..<slot + 1).copy(from: hidden.rows(row..<row + 1))
        }
        return head.logits(last, engine: model.engine)
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
