extension LanguageModel {
    /// Whether the files of the model hold the transposes of its matrices.
    public var storesTransposed: Bool { configuration.layerNormStyle?.storesTransposed ?? false }

    /// Attaches the adapter in `folder`, as it is, for inference or further training.
    ///
    /// - Parameter dropout: the dropout to use instead of the folder's.
    /// - Throws: ``AdapterError`` or ``FileError``; the model then has the adapters that it had before.
    @discardableResult
    public func loadAdapter(_ folder: String, dropout: Double? = nil) throws -> ParameterSet {
        var configuration = try PEFTConfiguration(folder: folder, acceptsTransposed: storesTransposed)
        if let dropout { configuration.section.dropout = dropout }
        let earlier = attached
        do {
            let adapter = try attachAdapters(configuration.section, seed: 0)
            let parameters = ParameterSet(adapter.parameters, memory: engine.memory)
            try initialiseFromWeights()
            try adapter.read(folder, configuration: configuration)
            return parameters
        } catch {
            install(earlier)
            throw error
        }
    }
}

extension AttachedAdapter {
    /// Overwrites the values with those of the adapter in `folder`.
    ///
    /// - Throws: ``AdapterError/mismatch(path:reason:)`` unless the file has exactly the tensors of this adapter.
    public func read(_ folder: String, configuration: PEFTConfiguration) throws {
        let file = try SafetensorsFile(path: folder + "/" + PEFT.weightsFile)
        let form = configuration.type == PEFTForm.own.type ? .own : method?.peft ?? .own
        try form.load(self, file, configuration)
    }

    /// Whether the change of every adapted part of the model is exactly a plain LoRA.
    func isLoRA(engine: Engine) -> Bool {
        sublayerAdapters.isEmpty && trainedVectors.isEmpty && !linearAdapters.isEmpty
            && method?.hasLoRAForm ?? linearAdapters.allSatisfy { $0.adapter.folded(engine: engine) != nil }
    }
}
