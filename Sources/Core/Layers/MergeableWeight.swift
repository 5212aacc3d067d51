/// A frozen matrix whose numbers this process may change in its own memory. Files are never written.
public protocol MergeableWeight: FrozenWeight {
    /// `W += B A`, element by element as ``LowRankUpdate/add(rows:to:)`` adds, so that every holder of an element gets the
    /// same bits.
    func merge(_ update: LowRankUpdate, engine: Engine)
    /// W as it was loaded, with `updates` merged in order: undoes later ones exactly.
    func restore(merging updates: [LowRankUpdate], engine: Engine)
    /// Calls `body` with the changed matrix, to compare processes; not with a part of one, which no other process has.
    func withMergedBytes(_ body: (UnsafeRawBufferPointer) -> Void)
}

extension FrozenWeight {
    /// This matrix as one that can be changed, or nil.
    var mergeable: (any MergeableWeight)? {
        guard let transposed = self as? TransposedWeight else { return self as? any MergeableWeight }
        return transposed.stored is any MergeableWeight ? transposed : nil
    }
}

extension Float32Weight: MergeableWeight {
    public func merge(_ update: LowRankUpdate, engine: Engine) {
        if loaded == nil {
            loaded = tensor
            let own = engine.memory.tensor(rows: tensor.rows, columns: tensor.columns)
            own.copy(from: tensor)
            tensor = own
        }
        engine.threads.runRows(tensor.rows, minimumPerTask: 16) { rows in
            update.add(rows: rows, to: tensor.pointer + rows.lowerBound * tensor.columns)
        }
    }

    public func restore(merging updates: [LowRankUpdate], engine: Engine) {
        if let loaded { (tensor, self.loaded) = (loaded, nil) }
        for update in updates { merge(update, engine: engine) }
    }

    public func withMergedBytes(_ body: (UnsafeRawBufferPointer) -> Void) {
        if loaded != nil { body(tensor.bytes) }
    }
}

extension TransposedWeight: MergeableWeight {
    func merge(_ update: LowRankUpdate, engine: Engine) {
        (stored as? any MergeableWeight)?.merge(update.transposed(engine.memory), engine: engine)
    }

    func restore(merging updates: [LowRankUpdate], engine: Engine) {
        (stored as? any MergeableWeight)?.restore(
            merging: updates.map { $0.transposed(engine.memory) }, engine: engine)
    }

    func withMergedBytes(_ body: (UnsafeRawBufferPointer) -> Void) {
        (stored as? any MergeableWeight)?.withMergedBytes(body)
    }
}
