extension LanguageModel {
    /// Attaches the PEFT adapter in `folder` with its dropout turned off, so that gradients are those of the function
    /// that inference computes.
    public func loadAdapterWithoutDropout(_ folder: String) throws -> ParameterSet {
        var configuration = try PEFTConfiguration(folder: folder, acceptsTransposed: storesTransposed)
        configuration.dropout = 0
        let parameters = ParameterSet(try attachAdapters(configuration.section, seed: 0), memory: engine.memory)
        try AdapterFiles.read(into: parameters.parameters, from: folder)
        return parameters
    }
}
