import CatenaAdapters
import CatenaEngine
import CatenaModels

/// A link that acts already, with a fresh adapter beside it, and that can still be taken away.
struct StagedKnot {
    /// The fresh adapter's parameters.
    let parameters: ParameterSet
    private let chain: Chain
    private let earlier: AttachedAdapter?
    private let model: LanguageModel

    /// Appends `link` to the ledger and gives the layers the adapters of the next link.
    ///
    /// - Throws: what kept the new adapters from being made; nothing has changed then.
    init(_ link: ChainLink, trained: Trained, chain: Chain) throws {
        self.chain = chain
        model = trained.model
        earlier = model.attached
        parameters = try trained.attachAdapters(link: chain.linkIndex + 1, of: chain)
        chain.ledger.append(link)
    }

    /// Brings back the earlier adapters and takes the link away; the model then computes the same bits as before.
    func rollBack() throws {
        try chain.ledger.removeLast()
        model.install(earlier)
    }
}
