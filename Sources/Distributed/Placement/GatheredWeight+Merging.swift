import CatenaEngine
import CatenaFiles
import CatenaModels

/// Links of a chain are merged by each process into its own shard, where the stored numbers are float32.
extension GatheredWeight: MergeableWeight {
    var isMergeable: Bool { stored?.mappedTensor != nil }

    func merge(_ update: LowRankUpdate, engine: Engine) {
        guard let (elements, memory) = unsafe weights.ownElements(of: part, in: block) else { return }
        engine.threads.runRows(elements.count, minimumPerTask: 1 << 14) { range in
            unsafe update.add(
                elements: elements.lowerBound + range.lowerBound..<elements.lowerBound + range.upperBound,
                to: memory + range.lowerBound)
        }
    }

    func restore(merging updates: [LowRankUpdate], engine: Engine) throws {
        guard let stored, let (elements, memory) = unsafe weights.ownElements(of: part, in: block) else { return }
        let size = MemoryLayout<Float>.stride
        unsafe try StoredBytes().read(
            stored.stored, from: elements.lowerBound * size, count: elements.count * size, into: memory)
        for update in updates { merge(update, engine: engine) }
    }

    func withMergedBytes(_ body: (UnsafeRawBufferPointer) -> Void) {}
}
