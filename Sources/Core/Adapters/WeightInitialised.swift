package import CatenaEngine
package import CatenaModels

/// An adapter whose first values are made from the matrix that it adapts.
package protocol WeightInitialised: LinearAdapter {
    /// Sets the values from W `[outFeatures, inFeatures]`, as the layer computes with it now.
    ///
    /// - Throws: ``AdapterError`` if the matrix has no such values.
    func initialise(from weight: Tensor, engine: Engine) throws
    /// All that ``initialise(from:engine:)`` sets, so that one process can do it for the others.
    var initialisedValues: [Tensor] { get }
}

extension LanguageModel {
    /// Sets the first values of the adapters that take them from their matrices, block by block.
    ///
    /// - Parameter owns: which of them this process computes; the values of the others are to be sent to it.
    /// - Returns: the adapters in the order in which `owns` was asked.
    /// - Throws: what kept the matrices from coming, else the first error of an adapter, after all blocks were visited.
    @discardableResult
    package func initialiseFromWeights(owns: (Int) -> Bool = { _ in true }) throws -> [any WeightInitialised] {
        var adapters: [any WeightInitialised] = []
        guard linears.contains(where: { $0.adapter is any WeightInitialised }) else { return adapters }
        let visited = layers.map { (id: $0.id, linears: $0.linears) } + [(id: .head, linears: head.linears)]
        let blocks = visited.filter { !$0.linears.isEmpty }
        residency?.announce(blocks.map(\.id))
        var failure: (any Error)?
        for block in blocks {
            try visit(block.id) {
                for linear in block.linears {
                    guard let adapter = linear.adapter as? any WeightInitialised else { continue }
                    defer { adapters.append(adapter) }
                    guard owns(adapters.count), failure == nil else { continue }
                    do {
                        try adapter.initialise(from: linear.currentWeight(engine.memory), engine: engine)
                    } catch {
                        failure = error
                    }
                }
            }
        }
        if let failure { throw failure }
        return adapters
    }
}
