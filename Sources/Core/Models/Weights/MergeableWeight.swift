package import CatenaEngine

/// A frozen matrix whose numbers this process may change in its own memory. Files are never written.
package protocol MergeableWeight: FrozenWeight {
    /// Whether this one may be changed, which depends on how and where it is stored.
    var isMergeable: Bool { get }
    /// `W += B A` on what this process holds, as ``LowRankUpdate/add(elements:to:)`` adds, so that every holder of an
    /// element gets the same bits.
    func merge(_ update: LowRankUpdate, engine: Engine)
    /// W as it was loaded, with `updates` merged in order: undoes later ones exactly.
    ///
    /// - Throws: what kept it from being loaded again.
    func restore(merging updates: [LowRankUpdate], engine: Engine) throws
    /// Calls `body` with the changed matrix, to compare processes; not with a part of one, which no other process has.
    func withMergedBytes(_ body: (UnsafeRawBufferPointer) -> Void)
}

extension FrozenWeight {
    /// This matrix as one that can be changed, or nil.
    package var mergeable: (any MergeableWeight)? {
        (self as? any MergeableWeight).flatMap { $0.isMergeable ? $0 : nil }
    }
}

extension Float32Weight: MergeableWeight {
    package var isMergeable: Bool { !isShared }

    package func merge(_ update: LowRankUpdate, engine: Engine) {
        if loaded == nil {
            loaded = tensor
            let own = engine.memory.tensor(rows: tensor.rows, columns: tensor.columns)
            own.copy(from: tensor)
            tensor = own
        }
        let width = tensor.columns
        engine.threads.runRows(tensor.rows, minimumPerTask: 16) { rows in
            unsafe update.add(
                elements: rows.lowerBound * width..<rows.upperBound * width,
                to: tensor.pointer + rows.lowerBound * width)
        }
    }

    package func restore(merging updates: [LowRankUpdate], engine: Engine) {
        if let loaded { (tensor, self.loaded) = (loaded, nil) }
        for update in updates { merge(update, engine: engine) }
    }

    package func withMergedBytes(_ body: (UnsafeRawBufferPointer) -> Void) {
        if loaded != nil { unsafe body(tensor.bytes) }
    }
}

extension TransposedWeight: MergeableWeight {
    var isMergeable: Bool { stored.mergeable != nil }

    func merge(_ update: LowRankUpdate, engine: Engine) {
        stored.mergeable?.merge(update.transposed(engine.memory), engine: engine)
    }

    func restore(merging updates: [LowRankUpdate], engine: Engine) throws {
        try stored.mergeable?.restore(merging: updates.map { $0.transposed(engine.memory) }, engine: engine)
    }

    func withMergedBytes(_ body: (UnsafeRawBufferPointer) -> Void) {
        unsafe stored.mergeable?.withMergedBytes(body)
    }
}
