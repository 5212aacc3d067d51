extension LanguageModel {
    /// Turns `weights`, matrices of this model, into int8 codes, after the base model without its adapters has seen
    /// `inputs`: their largest magnitudes decide how much of each input channel's range moves into the weights.
    ///
    /// - Parameter share: called with the magnitudes of each matrix before they are used, to make them those of one process.
    /// - Throws: what `share` throws.
    public func quantise(_ weights: [Int8Weight], seeing inputs: [ModelInput], share: (Tensor) throws -> Void) throws {
        guard !weights.isEmpty else { return }
        let adapters = linears.map(\.adapter)
        for linear in linears { linear.adapter = nil }
        defer { for (linear, adapter) in zip(linears, adapters) { linear.adapter = adapter } }
        _ = try losses(inputs)
        for weight in weights {
            try share(weight.inputMagnitudes)
            weight.quantise(engine: engine)
        }
        engine.memory.trim()
    }
}
