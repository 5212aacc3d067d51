extension Tape {
    /// Attention whose queries, keys and values lie side by side: X = [Q K V] `[N, (H + 2 H_kv) d]`,
    /// O `[N, H d]`.
    ///
    /// The kernels read the three parts in place and write dX = [dQ dK dV] the same way, so nothing is copied;
    /// otherwise as ``attention(_:_:_:shape:layout:)``.
    public func attention(
        fused x: Variable, shape separate: AttentionShape, layout: SequenceLayout
    ) -> Variable {
        let engine = engine
        let width = x.value.columns
        let (keyStart, valueStart) = (separate.queryWidth, separate.queryWidth + separate.keyValueWidth)
        let shape = separate.fused
        let out = engine.memory.activation(rows: x.value.rows, columns: shape.queryWidth)
        let logSumExp = engine.memory.activation(rows: x.value.rows, columns: shape.queryHeads)
        let operations = layout.attentionOperations(shape)
        engine.measured(.attentionForward, operations: operations) {
            Attention.forward(
                engine.threads, q: x.value.pointer, k: x.value.pointer + keyStart, v: x.value.pointer + valueStart,
                out: out.pointer, logSumExp: logSumExp.pointer, segmentStarts: layout.segmentStarts,
                segmentCount: layout.segmentCount, shape: shape)
        }
        let output = Variable(out, requiresGradient: x.requiresGradient)
        record(output) { dOut in
            let dX = engine.memory.activation(rows: x.value.rows, columns: width)
            engine.measured(.attentionBackward, operations: 2.5 * operations) {
                Attention.backward(
                    engine.threads, q: x.value.pointer, k: x.value.pointer + keyStart, v: x.value.pointer + valueStart,
                    out: out.pointer, dOut: dOut.pointer, logSumExp: logSumExp.pointer,
                    dQ: dX.pointer, dQLeadingDimension: width, dK: dX.pointer + keyStart, dKLeadingDimension: width,
                    dV: dX.pointer + valueStart, dVLeadingDimension: width,
                    segmentStarts: layout.segmentStarts, segmentCount: layout.segmentCount, shape: shape)
            }
            x.adoptGradient(dX, engine: engine)
        }
        return output
    }

    /// The same in generation; the few new rows are taken apart by copying.
    public func cachedAttention(
        fused x: Variable, shape: AttentionShape, layout: SequenceLayout, caches: [KeyValueCache], layer: Int
    ) -> Variable {
        let (keyStart, valueStart) = (shape.queryWidth, shape.queryWidth + shape.keyValueWidth)
        let parts = [0..<keyStart, keyStart..<valueStart, valueStart..<x.value.columns].map { columns in
            let part = engine.memory.activation(rows: x.value.rows, columns: columns.count)
            for row in 0..<part.rows {
                (part.pointer + row * part.columns).update(
                    from: x.value.pointer + row * x.value.columns + columns.lowerBound, count: part.columns)
            }
            return Variable(part, requiresGradient: false)
        }
        return cachedAttention(
            parts[0], parts[1], parts[2], shape: shape, layout: layout, caches: caches, layer: layer)
    }
}
