package import CatenaEngine
package import CatenaModels

/// The frozen links of a chain of LoRA modules, in order, and their effect on a model.
///
///     Y = X (W + Σ Bᵢ Aᵢ)ᵀ + the present adapter      links i with sᵢ folded into Bᵢ
///
/// In the form `ledger` the links are one frozen side path of each layer, `Y += (X Aᵀ) Bᵀ` with A = all Aᵢ stacked and B = all Bᵢ
/// side by side; matrices stay as they are, whatever their storage, at 2 · Σ rᵢ · (in + out) more operations a token. In the
/// form `weights` they are added to the matrices in memory that this process owns; where a matrix cannot be changed the side
/// path is used.
///
/// - Source: Xia, Qin, Hazan 2024, *Chain of LoRA*, arXiv:2401.04151; the side path is ours.
public final class ChainLedger {
    /// How links act on a layer.
    public enum Form: String, Sendable, CaseIterable { case ledger, weights }

    /// The links in order.
    package private(set) var links: [ChainLink] = []
    private let form: Form
    private let model: LanguageModel

    /// An empty ledger.
    package init(model: LanguageModel, form: Form) {
        self.model = model
        self.form = form
    }

    /// Σ rᵢ.
    package var rank: Int { links.reduce(0) { $0 + $1.rank } }

    /// How many adapted layers keep their links beside their matrix.
    package var sidePathCount: Int { model.adaptedLinears.count { !isMerged($0) } }

    /// Adds a link to the end and to the model.
    package func append(_ link: ChainLink) {
        links.append(link)
        for (linear, update) in layers(of: link) {
            if isMerged(linear) {
                linear.weight.mergeable?.merge(update, engine: model.engine)
            } else {
                linear.sidePath = SidePath(updates(of: linear.path), memory: model.engine.memory)
            }
        }
    }

    /// Takes the last link away again; the model then computes the same bits as before that link.
    ///
    /// - Throws: what kept a merged matrix from being loaded again.
    package func removeLast() throws {
        guard let link = links.popLast() else { return }
        for (linear, _) in layers(of: link) {
            let remaining = updates(of: linear.path)
            if isMerged(linear) {
                try linear.weight.mergeable?.restore(merging: remaining, engine: model.engine)
            } else {
                linear.sidePath =
                    remaining.isEmpty ? nil : SidePath(remaining, memory: model.engine.memory)
            }
        }
    }

    /// The chain with its present link as one plain LoRA of rank Σ rᵢ and scaling 1 for each adapted layer.
    ///
    /// - Throws: ``AdapterError/notRepresentable(format:reason:)`` if the present adapters have no exact form as a LoRA.
    package func concatenated() throws -> [(path: String, update: LowRankUpdate)] {
        try ChainLink(folding: model).updates.map { path, update in
            (path, LowRankUpdate.concatenated(updates(of: path) + [update], memory: model.engine.memory))
        }
    }

    /// Calls `body` with every number that the links put into the model: side paths and changed matrices, in layer order.
    package func forEachApplied(_ body: (UnsafeRawBufferPointer) -> Void) {
        for linear in model.adaptedLinears {
            if let update = linear.sidePath?.update {
                unsafe body(update.a.bytes)
                unsafe body(update.b.bytes)
            } else {
                unsafe linear.weight.mergeable?.withMergedBytes(body)
            }
        }
    }

    private func isMerged(_ linear: Linear) -> Bool { form == .weights && linear.weight.mergeable != nil }

    private func updates(of path: String) -> [LowRankUpdate] {
        links.flatMap(\.updates).filter { $0.path == path }.map(\.update)
    }

    private func layers(of link: ChainLink) -> [(Linear, LowRankUpdate)] {
        let byPath = Dictionary(uniqueKeysWithValues: model.linears.map { ($0.path, $0) })
        return link.updates.compactMap { path, update in byPath[path].map { ($0, update) } }
    }
}
