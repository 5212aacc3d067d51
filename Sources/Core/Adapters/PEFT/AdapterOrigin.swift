import CatenaFiles
package import CatenaModels
import Crypto
import Foundation

/// What a run knows about its adapter beside what PEFT's files hold; `adapter_origin.json` beside them, which PEFT does not
/// read.
package struct AdapterOrigin {
    static let file = "adapter_origin.json"
    static let stateFile = "adapter_state.safetensors"

    /// ``BaseFingerprint`` of the model that the adapter was trained on.
    package var baseFingerprint: String?
    /// The labels of the classifier that it trains, in the order of their numbers.
    package var labels: [String]?
    /// The path of that model from the adapter's folder.
    package var relativeBase: String?
    /// Method and options, where the files hold the adapter as a plain LoRA and so do not say them.
    var section: JSONDocument?
    /// SHA-256 of the tensors to which a state beside them belongs.
    var weightsHash: String?

    /// What is known about an adapter trained on the model at `base`.
    package init(baseFingerprint: String) {
        self.baseFingerprint = baseFingerprint
    }

    /// What is known about the adapter in `folder`; in a checkpoint, `state.json` has the fingerprint.
    ///
    /// - Throws: ``FileError`` if the file is there and damaged.
    package init?(folder: String) throws {
        func read(_ name: String) throws -> JSONDocument? {
            let path = folder + "/" + name
            return FileManager.default.fileExists(atPath: path) ? try JSONDocument.read(path: path) : nil
        }
        if let json = try read(Self.file) {
            baseFingerprint = try json.optionalString("base_fingerprint")
            relativeBase = try json.optionalString("base_model")
            labels = try json.optionalStrings("labels")
            section = json["adapter"]
            weightsHash = try json.optionalString("weights_sha256")
        } else if let state = try read("state.json") {
            baseFingerprint = try state.optionalString("base_fingerprint")
            labels = try state.optionalStrings("labels")
        } else {
            return nil
        }
    }

    /// Writes the file into `folder`.
    ///
    /// - Parameter base: where the model lies.
    func write(to folder: String, base: String) throws(FileError) {
        let members: JSONObject = [
            "base_fingerprint": baseFingerprint.map { .string($0) } ?? .null,
            "base_model": base.isEmpty ? .null : .string(BasePath.relative(base, from: folder)),
            "labels": labels.map { .array($0.map { .string($0) }) } ?? .null, "adapter": section?.value ?? .null,
            "weights_sha256": weightsHash.map { .string($0) } ?? .null,
        ]
        try JSONValue.object(members.filter { !$0.value.isNull }).write(to: folder + "/" + Self.file)
    }

    /// SHA-256 of the adapter's tensors in `folder`, in hexadecimal digits.
    static func weightsHash(in folder: String) throws -> String {
        unsafe try MappedFile(path: folder + "/" + PEFT.weightsFile).withBytes { bytes in
            var hash = SHA256()
            unsafe hash.update(bufferPointer: bytes)
            return hash.finalize().hexadecimal
        }
    }
}

/// Paths of base models in adapters' files.
package enum BasePath {
    /// The path from the root without links, so that it is found from any folder; nothing stays nothing.
    package static func absolute(_ path: String) -> String {
        path.isEmpty ? path : URL(fileURLWithPath: path).standardizedFileURL.resolvingSymlinksInPath().path
    }

    /// The path of `path` from `folder`.
    package static func relative(_ path: String, from folder: String) -> String {
        func parts(_ path: String) -> [Substring] { absolute(path).split(separator: "/") }
        let (target, start) = (parts(path), parts(folder))
        let shared = zip(target, start).prefix { $0 == $1 }.count
        return (Array(repeating: "..", count: start.count - shared) + target.dropFirst(shared)).joined(separator: "/")
    }
}

extension AdapterFiles.Content {
    /// Writes the adapter's files with what is known about it, and what PEFT's form of it does not hold but a further run
    /// needs to begin with it.
    ///
    /// - Parameter adapter: the adapter that the files hold; nil if they hold another form of it, such as a chain.
    package func write(to folder: String, origin: AdapterOrigin, of adapter: AttachedAdapter?) throws {
        try write(to: folder)
        var origin = origin
        origin.labels = configuration.labels
        if let adapter, adapter.method?.peft == nil, configuration.type == PEFTForm.lora.type {
            var writer = SafetensorsWriter()
            adapter.append(to: &writer, prefix: "")
            try writer.write(to: folder + "/" + AdapterOrigin.stateFile)
            origin.section = JSONDocument(adapter.section.json, path: "")
            origin.weightsHash = try AdapterOrigin.weightsHash(in: folder)
        }
        try origin.write(to: folder, base: configuration.baseModel ?? "")
    }
}

extension LanguageModel {
    /// Gives the present adapter the values of the one in `folder`.
    ///
    /// - Parameter section: the run's, with which the present adapter was made.
    /// - Throws: ``AdapterError/mismatch(path:reason:)`` unless it is an adapter of the same method and options;
    ///   ``FileError``.
    package func readInitialAdapter(_ folder: String, section: AdapterSection) throws {
        guard let attached else { return }
        let file = try PEFTConfiguration(folder: folder, acceptsTransposed: storesTransposed)
        try file.requireSavedModules(of: self, path: folder + "/" + PEFT.configurationFile)
        notes += try foreignBaseNotes(folder)
        guard attached.method?.peft == nil, file.type == PEFTForm.lora.type else {
            try file.requireSameMeaning(as: section, folder: folder)
            return try attached.read(folder, configuration: file, engine: engine)
        }
        let (path, state) = (folder + "/" + PEFT.configurationFile, folder + "/" + AdapterOrigin.stateFile)
        guard let origin = try AdapterOrigin(folder: folder), let made = origin.section,
            FileManager.default.fileExists(atPath: state)
        else {
            throw AdapterError.mismatch(
                path: path,
                reason: "it is a plain LoRA, from which the tensors of \(section.method) do not follow; begin with "
                    + "adapter.method: lora, or with the folder that a run of \(section.method) wrote")
        }
        guard try AdapterOrigin.weightsHash(in: folder) == origin.weightsHash else {
            throw AdapterError.mismatch(
                path: state, reason: "it belongs to another \(PEFT.weightsFile) than the one beside it")
        }
        try PEFTConfiguration.requireSameMeaning(
            try AdapterSection(json: made), as: section, path: path)
        try attached.restore(from: try SafetensorsFile(path: state), prefix: "")
        try attached.requireFinite(path: state, engine: engine)
    }

    /// What to say if the adapter in `folder` was trained on another model than this one.
    func foreignBaseNotes(_ folder: String) throws -> [String] {
        guard let recorded = try AdapterOrigin(folder: folder)?.baseFingerprint, let files else { return [] }
        let own = BaseFingerprint.of(files)
        guard own != recorded else { return [] }
        return [
            "the adapter \(folder) was trained on a base with fingerprint \(recorded.prefix(12)), and \(files.path) has "
                + "\(own.prefix(12)): its results are right only with its own base or another form of the same numbers"
        ]
    }
}

extension AdapterSection {
    /// The section with the ranks and alphas of single layers that the folder has from which the adapter begins.
    ///
    /// - Throws: what reading `adapter_config.json` throws.
    package func withPatternsOfInitialAdapter(acceptsTransposed: Bool) throws -> Self {
        guard let initialAdapter else { return self }
        let file = try PEFTConfiguration(folder: initialAdapter, acceptsTransposed: acceptsTransposed)
        guard file.section.method == method, !file.section.patterns.isEmpty else { return self }
        var section = self
        (section.patterns, section.allowsExcessRank) = (file.section.patterns, true)
        return section
    }
}
