package import CatenaEngine
package import CatenaFiles
package import CatenaModels

/// One link of a chain: the frozen change ΔW = B A of every adapted layer, s folded into B (one float32 rounding).
package struct ChainLink {
    /// r, the same for all layers.
    package let rank: Int
    /// The change of each adapted layer under the layer's path, in layer order.
    package let updates: [(path: String, update: LowRankUpdate)]

    /// The present adapters of `model` as a link, copied.
    ///
    /// - Throws: ``AdapterError/notRepresentable(format:reason:)`` if one has no exact form as a LoRA, or more
    ///   than linear layers is changed.
    package init(folding model: LanguageModel) throws(AdapterError) {
        if let attached = model.attached, !attached.sublayerAdapters.isEmpty || !attached.trainedVectors.isEmpty {
            throw .notRepresentable(format: Self.format, reason: "it changes more than the model's linear layers")
        }
        var updates: [(path: String, update: LowRankUpdate)] = []
        for linear in model.adaptedLinears {
            guard let folded = linear.adapter?.folded(engine: model.engine) else {
                throw .notRepresentable(
                    format: Self.format, reason: "the change of \(linear.path) is no low-rank update")
            }
            updates.append((linear.path, Self.update(folded, memory: model.engine.memory)))
        }
        try self.init(updates)
    }

    private init(_ updates: [(path: String, update: LowRankUpdate)]) throws(AdapterError) {
        guard let rank = updates.first?.update.rank else {
            throw .notRepresentable(format: Self.format, reason: "no layer has an adapter")
        }
        if let other = updates.first(where: { $0.update.rank != rank }) {
            throw .notRepresentable(
                format: Self.format,
                reason: "\(other.path) has rank \(other.update.rank), \(updates[0].path) has \(rank)")
        }
        self.rank = rank
        self.updates = updates
    }

    private static let format = "a link of a chain"

    private static func update(_ folded: FoldedLoRA, memory: TensorMemory) -> LowRankUpdate {
        let a = memory.tensor(rows: folded.a.rows, columns: folded.a.columns)
        a.copy(from: folded.a)
        let b = memory.tensor(rows: folded.b.rows, columns: folded.b.columns)
        let scaling = Float(folded.scaling)
        for index in 0..<b.count { unsafe b.pointer[index] = scaling * folded.b.pointer[index] }
        return LowRankUpdate(a: a, b: b)
    }
}

extension ChainLink {
    /// Adds the link's tensors, `PREFIX.PATH.A` and `.B`, to a file.
    package func append(to writer: inout SafetensorsWriter, prefix: String) {
        for (path, update) in updates {
            for (name, tensor) in [("A", update.a), ("B", update.b)] {
                writer.append(
                    "\(prefix).\(path).\(name)", shape: [tensor.rows, tensor.columns], .float32(tensor.elements()))
            }
        }
    }

    /// The link alone as a file; equal links give equal bytes.
    package func data() throws -> [UInt8] {
        var writer = SafetensorsWriter()
        append(to: &writer, prefix: Self.alone)
        return try writer.data()
    }

    /// Reads what ``data()`` wrote, for the adapted layers of `model`.
    package init(data: [UInt8], path: String, model: LanguageModel) throws {
        try self.init(file: try SafetensorsFile(bytes: data, path: path), prefix: Self.alone, model: model)
    }

    /// Reads what ``append(to:prefix:)`` wrote, for the adapted layers of `model`.
    ///
    /// - Throws: ``AdapterError/mismatch(path:reason:)`` if a tensor is missing or has another shape.
    package init(file: SafetensorsFile, prefix: String, model: LanguageModel) throws {
        let updates = try model.adaptedLinears.map { linear in
            let name = "\(prefix).\(linear.path)"
            guard let storedA = file.tensors[name + ".A"], let storedB = file.tensors[name + ".B"],
                let rank = storedA.shape.first, storedA.shape == [rank, linear.inFeatures],
                storedB.shape == [linear.outFeatures, rank]
            else {
                throw AdapterError.mismatch(
                    path: file.path, reason: "tensors \(name).A and .B are missing or have other shapes")
            }
            let memory = model.engine.memory
            return (
                path: linear.path,
                update: LowRankUpdate(
                    a: memory.tensor(try storedA.floats(), rows: rank, columns: linear.inFeatures),
                    b: memory.tensor(try storedB.floats(), rows: linear.outFeatures, columns: rank))
            )
        }
        try self.init(updates)
    }

    private static let alone = "link"
}
