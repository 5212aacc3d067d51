public import CatenaEngine
import CatenaFiles
public import CatenaModels

extension LanguageModel {
    /// Whether the files of the model hold the transposes of its matrices.
    package var storesTransposed: Bool { configuration.storesTransposed }

    /// Attaches the adapter in `folder`, as it is, for inference or further training.
    ///
    /// What its configuration claims is compared with its tensors before memory is taken for it.
    ///
    /// - Parameters:
    ///   - dropout: the dropout to use instead of the folder's.
    ///   - requiresFinite: whether a number that is NaN or infinite is refused.
    /// - Throws: ``AdapterError`` or ``FileError``; the model then has the adapters that it had before.
    @discardableResult
    public func loadAdapter(
        _ folder: String, dropout: Double? = nil, requiresFinite: Bool = true
    ) throws -> ParameterSet {
        var configuration = try PEFTConfiguration(folder: folder, acceptsTransposed: storesTransposed)
        if let dropout { configuration.section.dropout = dropout }
        try configuration.requireSavedModules(of: self, path: folder + "/" + PEFT.configurationFile)
        let earlier = attached
        do {
            let file = try AdapterTensorFile(folder: folder, type: configuration.type)
            try requireMadeModules(in: file)
            let adapter = try attachAdapters(configuration.section, seed: 0)
            if let expected = adapter.form(configuration).expected(adapter, configuration) {
                try file.require(expected + adapter.savedTensors)
            }
            let parameters = ParameterSet(adapter.parameters, memory: engine.memory)
            try initialiseFromWeights()
            try adapter.read(file, configuration: configuration)
            if requiresFinite { try adapter.requireFinite(path: file.path, engine: engine) }
            let made = self.configuration.sequenceHead?.madeNotes(path: files?.path ?? "") ?? []
            notes.removeAll(where: made.contains)
            notes += try foreignBaseNotes(folder)
            return parameters
        } catch {
            install(earlier)
            throw error
        }
    }

    /// Checks that an adapter's file holds what the model's files do not.
    ///
    /// - Throws: ``AdapterError/mismatch(path:reason:)``.
    private func requireMadeModules(in file: AdapterTensorFile) throws(AdapterError) {
        for module in head.madeModules.sorted() where file.tensors[PEFT.prefix + module + ".weight"] == nil {
            throw .mismatch(
                path: file.path,
                reason: "neither it nor the model's files hold \(module), whose numbers are therefore not known")
        }
    }
}

extension AttachedAdapter {
    /// Overwrites the values with those of the adapter in `folder`.
    ///
    /// - Throws: ``AdapterError/mismatch(path:reason:)`` unless the file has exactly the tensors of this adapter;
    ///   ``FileError/notFinite(path:tensor:)``.
    package func read(_ folder: String, configuration: PEFTConfiguration, engine: Engine) throws {
        let file = try AdapterTensorFile(folder: folder, type: configuration.type)
        try read(file, configuration: configuration)
        try requireFinite(path: file.path, engine: engine)
    }

    package func read(_ file: AdapterTensorFile, configuration: PEFTConfiguration) throws {
        let saved = savedTensors
        for tensor in saved { try file.require(tensor, named: tensor.name) }
        try form(configuration).read(file.without(Set(saved.map(\.name))), into: self, configuration)
        for tensor in saved { try AdapterFiles.read(into: tensor, from: file) }
    }

    /// The tensors of the modules that are trained whole.
    var savedTensors: [AdapterTensor] { savedModules.flatMap(\.parameters).map(AdapterTensor.init) }

    /// The form in which a file with this configuration holds the adapter.
    func form(_ configuration: PEFTConfiguration) -> PEFTForm {
        configuration.type == PEFTForm.own.type ? .own : method?.peft ?? .own
    }

    /// Checks that all numbers are finite.
    ///
    /// - Throws: ``FileError/notFinite(path:tensor:)`` for the file at `path`.
    func requireFinite(path: String, engine: Engine) throws(FileError) {
        let buffers = buffers.map { ($0.name, $0.value) }
        for (name, value) in parameters.map({ ($0.name, $0.value) }) + buffers
        where unsafe Kernels.hasNonFinite(engine.threads, x: value.pointer, count: value.count) {
            throw .notFinite(path: path, tensor: name)
        }
    }

    /// Whether the change of every adapted part of the model is exactly a plain LoRA.
    func isLoRA(engine: Engine) -> Bool {
        sublayerAdapters.isEmpty && trainedVectors.isEmpty && !linearAdapters.isEmpty
            && method?.hasLoRAForm ?? linearAdapters.allSatisfy { $0.adapter.folded(engine: engine) != nil }
    }
}
