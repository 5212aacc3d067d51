import CatenaEngine

/// Trained changes of a model that take their places in its layers together.
///
/// A model trains one set, ``LanguageModel/installed``. It may carry others under names (``LanguageModel/adapterSets``: a teacher, a
/// reference) that are not trained, and a pass may be made with one of them or with none.
public protocol AdapterSet: AnyObject {
    /// Puts it into the model's layers, or takes it out of them.
    func stand(_ stands: Bool)
}

extension LanguageModel {
    /// Puts `set` in the place of the present adapters; nil takes them away.
    public func install(_ set: (any AdapterSet)?) {
        installed?.stand(false)
        installed = set
        set?.stand(true)
    }

    /// Runs `body` with other adapters in the place of all that is trained, and puts everything back, also when it throws.
    ///
    /// With nil the model is the frozen one exactly as it was loaded: without adapters, with the biases, norms, tables and matrices of its
    /// files where they are trained, and without the links that a chain keeps beside its matrices, because they were trained in this
    /// run. Links that a chain *added to* the matrices are part of the base from then on; who needs the model as it was loaded does
    /// not let a chain do that (`chain.merge: ledger`, the default). Links stand aside for another set too.
    ///
    /// Nothing is copied and no tensor is made. Visits of blocks are the body's affair, so it works wherever the matrices lie.
    public func with<Result>(adapters set: (any AdapterSet)?, _ body: () throws -> Result) rethrows -> Result {
        if let set, set === installed { return try body() }
        let (present, whole, linears) = (installed, wholeTraining, linears)
        let standing = linears.map { (adapter: $0.adapter, sidePath: $0.sidePath) }
        install(nil)
        wholeTraining = nil
        whole?.stand(false)
        for linear in linears { (linear.adapter, linear.sidePath) = (nil, nil) }
        install(set)
        defer {
            install(present)
            wholeTraining = whole
            whole?.stand(true)
            for (linear, before) in zip(linears, standing) {
                (linear.adapter, linear.sidePath) = (before.adapter, before.sidePath)
            }
        }
        return try body()
    }

    /// The same with the set that the model carries under `name`.
    ///
    /// - Throws: ``ModelError/unknownAdapterSet(_:known:)``, and what `body` throws.
    public func with<Result>(adapterSet name: String, _ body: () throws -> Result) throws -> Result {
        guard let set = adapterSets[name] else {
            throw ModelError.unknownAdapterSet(name, known: adapterSets.keys.sorted())
        }
        return try with(adapters: set, body)
    }
}
