import CatenaAdapters
import CatenaLearning
import CatenaEngine
import CatenaFiles
import CatenaModels

/// Everything that a checkpoint holds, as files, and back.
///
///     adapter_model.safetensors, adapter_config.json    the adapter, loadable by PEFT as it is
///     adapter_state.safetensors                         beside it, the adapter's own tensors where those are not all of them
///     chain.safetensors                                 beside it, for a chain: see ``ChainJournal``
///     model.safetensors                                 instead, when all parameters are trained
///     reparameterisation.safetensors                    beside them, where the optimizer moves other numbers than the model computes
///                                                       with: those numbers, NAME.raw, and each tensor's scales
///     optimizer.safetensors                             moment vectors over the flat buffer of what the optimizer moves
///     state.json                                        step, optimizer updates, base fingerprint, data key
///     config.yaml                                       the resolved configuration
///
/// The data cursor and all random numbers are functions of the step and the seed, so the step is all
/// they need; nothing depends on the number of processes.
struct TrainingState {
    static let stateFile = "state.json"
    static let optimizerFile = "optimizer.safetensors"
    static let adapterStateFile = "adapter_state.safetensors"
    static let reparameterisationFile = "reparameterisation.safetensors"
    static let modelFile = "model.safetensors"
    static let configurationFile = "config.yaml"

    let configuration: RunConfiguration
    let base: RunModel
    let data: RunData
    let trained: Trained
    let course: RunCourse

    /// The files for the state after `step` steps.
    ///
    /// - Parameter memory: bytes of earlier files by name, to write over.
    func files(step: Int, reusing memory: inout [String: [UInt8]]) throws -> [CheckpointFile] {
        var optimizer = SafetensorsWriter()
        for (name, values) in trained.optimizer.state {
            optimizer.append(name, shape: [values.count], .tensor(values))
        }
        var state: JSONObject = [
            "step": .integer(step),
            "optimizer_step": .integer(trained.optimizer.stepCount),
            "base_fingerprint": .string(base.fingerprint),
            "data_key": .string(data.key),
            "parameter_count": .integer(trained.parameters.count),
        ]
        if let head = base.model.configuration.sequenceHead {
            state["labels"] = .array(head.labels.map { .string($0) })
        }
        let journal = course.chain.map { ChainJournal(chain: $0, trained: trained, course: course) }
        state["chain"] = try journal?.state()
        let adapter = try trained.adapterFiles(chain: course.chain)
        let weights = adapter == nil ? Self.modelFile : PEFT.weightsFile
        let bytes =
            if let adapter {
                try adapter.writer.data(reusing: memory.removeValue(forKey: weights) ?? [])
            } else {
                try AdapterFiles.weights(
                    trained.parameters.parameters, reusing: memory.removeValue(forKey: weights) ?? [])
            }
        var files = [
            CheckpointFile(name: weights, bytes: bytes),
            CheckpointFile(
                name: Self.optimizerFile,
                bytes: try optimizer.data(reusing: memory.removeValue(forKey: Self.optimizerFile) ?? [])),
            CheckpointFile(
                name: Self.stateFile, bytes: Array((JSONValue.object(state).prettyText() + "\n").utf8)),
            CheckpointFile(name: Self.configurationFile, bytes: Array(configuration.resolvedYAML.utf8)),
        ]
        if let raw = trained.state.raw {
            var writer = SafetensorsWriter()
            for (name, shape, values) in raw.state { writer.append(name, shape: shape, .tensor(values)) }
            files.append(
                CheckpointFile(
                    name: Self.reparameterisationFile,
                    bytes: try writer.data(reusing: memory.removeValue(forKey: Self.reparameterisationFile) ?? [])))
        }
        if let journal {
            files.append(try journal.file())
        } else if let adapter = trained.model.attached, adapter.needsStateFile {
            var writer = SafetensorsWriter()
            adapter.append(to: &writer, prefix: "")
            files.append(
                CheckpointFile(
                    name: Self.adapterStateFile,
                    bytes: try writer.data(reusing: memory.removeValue(forKey: Self.adapterStateFile) ?? [])))
        }
        if let adapter {
            files.append(
                CheckpointFile(
                    name: PEFT.configurationFile,
                    bytes: Array((adapter.configuration.json.prettyText() + "\n").utf8)))
        }
        return files
    }

    /// Checks that a checkpoint belongs to this configuration.
    ///
    /// - Throws: ``TrainingError/otherConfiguration(checkpoint:differences:)`` with the keys that differ.
    static func requireSameConfiguration(_ configuration: RunConfiguration, as checkpoint: LoadedCheckpoint) throws {
        let differences = configuration.differences(from: try Self.configuration(of: checkpoint))
        guard differences.isEmpty else {
            throw TrainingError.otherConfiguration(
                checkpoint: checkpoint.path, differences: differences.map(\.description))
        }
    }

    /// The configuration of the run that wrote a checkpoint.
    static func configuration(of checkpoint: LoadedCheckpoint) throws -> RunConfiguration {
        try RunConfiguration.parse(
            yaml: String(decoding: try checkpoint.bytes(of: configurationFile), as: UTF8.self),
            path: checkpoint.path + "/" + configurationFile)
    }

    /// Puts a checkpoint's content into the parameters and the optimizer.
    ///
    /// - Returns: the number of steps that were done.
    /// - Throws: ``TrainingError`` if it belongs to another base or data set.
    func restore(from checkpoint: LoadedCheckpoint) throws -> Int {
        let path = checkpoint.path
        let state = JSONDocument(
            try JSONValue.parse(
                String(decoding: try checkpoint.bytes(of: Self.stateFile), as: UTF8.self),
                path: path + "/" + Self.stateFile), path: path + "/" + Self.stateFile)
        let step = try Self.step(of: state, in: checkpoint)
        let expected = try state.require("base_fingerprint").string()
        guard expected == base.fingerprint else {
            throw TrainingError.otherBase(checkpoint: path, expected: expected, found: base.fingerprint)
        }
        guard try state.require("data_key").string() == data.key else {
            throw TrainingError.otherData(checkpoint: path)
        }
        if let chain = course.chain {
            try ChainJournal(chain: chain, trained: trained, course: course).restore(
                try state.require("chain"), bytes: checkpoint.bytes(of: ChainJournal.fileName),
                path: path + "/" + ChainJournal.fileName)
        } else if let adapter = trained.model.attached, adapter.needsStateFile {
            let name = Self.adapterStateFile
            try adapter.restore(
                from: try SafetensorsFile(bytes: checkpoint.bytes(of: name), path: path + "/" + name), prefix: "")
        } else {
            let weights = configuration.adapter == nil ? Self.modelFile : PEFT.weightsFile
            try restoreParameters(path + "/" + weights, bytes: checkpoint.bytes(of: weights))
        }
        try restoreReparameterisation(from: checkpoint)
        try restoreOptimizer(
            path + "/" + Self.optimizerFile, bytes: checkpoint.bytes(of: Self.optimizerFile))
        trained.optimizer.stepCount = try state.requireInt("optimizer_step")
        return step
    }

    /// The steps that were done, which ``stateFile`` and the manifest must say alike (and the folder's name, which
    /// ``CheckpointReader`` compares); the optimizer's updates are no more.
    private static func step(of state: JSONDocument, in checkpoint: LoadedCheckpoint) throws -> Int {
        let step = try state.requireInt("step")
        guard step == checkpoint.manifest.step else {
            throw CheckpointError.damaged(
                path: state.path, reason: "it says step \(step), the manifest step \(checkpoint.manifest.step)")
        }
        let updates = try state.requireInt("optimizer_step")
        guard (0...step).contains(updates) else {
            throw CheckpointError.damaged(
                path: state.path, reason: "it says \(updates) updates of the optimizer after \(step) steps")
        }
        return step
    }

    private func restoreParameters(_ path: String, bytes: [UInt8]) throws {
        let tensors = try SafetensorsFile(bytes: bytes, path: path).tensors
        for parameter in trained.parameters.parameters {
            guard let stored = tensors[parameter.name], stored.shape == parameter.shape else {
                throw TrainingError.badState(
                    checkpoint: path, reason: "tensor \(parameter.name) is missing or has another shape")
            }
            parameter.value.copy(from: try stored.floats())
        }
    }

    /// The numbers behind what the other files hold, which then follows from them.
    private func restoreReparameterisation(from checkpoint: LoadedCheckpoint) throws {
        guard let raw = trained.state.raw else { return }
        let path = checkpoint.path + "/" + Self.reparameterisationFile
        let tensors = try SafetensorsFile(bytes: checkpoint.bytes(of: Self.reparameterisationFile), path: path).tensors
        for (name, shape, values) in raw.state {
            guard let stored = tensors[name], stored.shape == shape else {
                throw TrainingError.badState(
                    checkpoint: path, reason: "tensor \(name) is missing or has another shape")
            }
            values.copy(from: try stored.floats())
        }
        do throws(ReparameterisationError) {
            try raw.restored()
        } catch {
            throw TrainingError.badState(checkpoint: path, reason: "\(error)")
        }
    }

    private func restoreOptimizer(_ path: String, bytes: [UInt8]) throws {
        let tensors = try SafetensorsFile(bytes: bytes, path: path).tensors
        for (name, values) in trained.optimizer.state {
            guard let stored = tensors[name], stored.shape == [values.count] else {
                throw TrainingError.badState(
                    checkpoint: path, reason: "optimizer state \(name) is missing or has another length")
            }
            values.copy(from: try stored.floats())
        }
    }
}
