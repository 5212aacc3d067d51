extension Tape {
    /// Attention within each segment, causal unless the shape says otherwise, grouped heads: `O_h = softmax(Q_h K_gᵀ / √d + mask) V_g`.
    ///
    /// Q `[N, H d]`, K and V `[N, H_kv d]`, O `[N, H d]`; g = h · H_kv / H. Scores exist for one tile at
    /// a time; the backward pass recomputes them from the kept log-sum-exp `[N, H]`.
    ///
    /// - Source: Dao 2023, *FlashAttention-2*, arXiv:2307.08691, algorithms 1 and 2.
    public func attention(
        _ q: Variable, _ k: Variable, _ v: Variable, shape: AttentionShape, layout: SequenceLayout
    ) -> Variable {
        let engine = engine
        let out = engine.memory.activation(rows: q.value.rows, columns: q.value.columns)
        let logSumExp = engine.memory.activation(rows: q.value.rows, columns: shape.queryHeads)
        let operations = layout.attentionOperations(shape)
        engine.measured(.attentionForward, operations: operations) {
            Attention.forward(
                engine.threads, q: q.value.pointer, k: k.value.pointer, v: v.value.pointer, out: out.pointer,
                logSumExp: logSumExp.pointer, segmentStarts: layout.segmentStarts,
                segmentCount: layout.segmentCount, shape: shape)
        }
        let output = Variable(
            out, requiresGradient: q.requiresGradient || k.requiresGradient || v.requiresGradient)
        record(output) { dOut in
            let gradients = [q, k, v].map {
                engine.memory.activation(rows: $0.value.rows, columns: $0.value.columns)
            }
            engine.measured(.attentionBackward, operations: 2.5 * operations) {
                Attention.backward(
                    engine.threads, q: q.value.pointer, k: k.value.pointer, v: v.value.pointer,
                    out: out.pointer, dOut: dOut.pointer, logSumExp: logSumExp.pointer,
                    dQ: gradients[0].pointer, dQLeadingDimension: q.value.columns,
                    dK: gradients[1].pointer, dKLeadingDimension: k.value.columns,
                    dV: gradients[2].pointer, dVLeadingDimension: v.value.columns,
                    segmentStarts: layout.segmentStarts, segmentCount: layout.segmentCount, shape: shape)
            }
            for (variable, gradient) in zip([q, k, v], gradients) {
                variable.adoptGradient(gradient, engine: engine)
            }
        }
        return output
    }

    /// The same in generation: new queries attend to the cache, to which their keys and values are added.
    public func cachedAttention(
        _ q: Variable, _ k: Variable, _ v: Variable, shape: AttentionShape,
        layout: SequenceLayout, caches: [KeyValueCache], layer: Int
    ) -> Variable {
        let out = engine.memory.activation(rows: q.value.rows, columns: q.value.columns)
        var sequences: [DecodeSequence] = []
        for (index, cache) in caches.enumerated() {
            let rows = layout.segmentStarts[index]..<layout.segmentStarts[index + 1]
            cache.write(keys: k.value.rows(rows), values: v.value.rows(rows), layer: layer)
            sequences.append(
                DecodeSequence(
                    queryStart: rows.lowerBound, queryCount: rows.count,
                    keys: cache.keys(layer: layer).pointer, values: cache.values(layer: layer).pointer,
                    keyCount: cache.length + rows.count))
        }
        Attention.decode(
            engine.threads, q: q.value.pointer, out: out.pointer, sequences: sequences,
            shape: shape)
        return Variable(out, requiresGradient: false)
    }
}
