import CatenaFiles
import Foundation

/// The folder of a trained classifier that becomes another one, which differs in the classifier's rows: an adapter with its head, or a
/// whole model.
package struct ClassifierFolder {
    /// What the folder holds.
    package enum Kind: Sendable {
        /// A PEFT adapter and what Catena writes beside it.
        case adapter
        /// A model in one `model.safetensors`.
        case model
    }

    private let path: String
    private let kind: Kind
    private let classifier: String

    /// The folder `path`, whose classifier is the module `classifier`, such as `score`.
    package init(_ path: String, _ kind: Kind, classifier: String) {
        (self.path, self.kind, self.classifier) = (path, kind, classifier)
    }

    private var weightsFile: String { kind == .adapter ? PEFT.weightsFile : "model.safetensors" }
    private var configurationFile: String { kind == .adapter ? PEFT.configurationFile : "config.json" }

    /// The rows of the classifier's matrix.
    ///
    /// - Throws: ``FileError`` where there is none.
    package func classifierRows() throws -> [[Float]] {
        let file = try SafetensorsFile(path: path + "/" + weightsFile)
        let name = (kind == .adapter ? PEFT.prefix : "") + classifier + ".weight"
        guard let tensor = file.tensors[name] else {
            throw FileError.missingTensor(path: file.path, tensor: name, nearest: [])
        }
        return Self.rows(try tensor.floats(), count: tensor.rowCount)
    }

    /// Writes it to the folder `target` with other rows of the classifier, and the labels that belong to them.
    ///
    /// Every tensor of the classifier is changed wherever it is kept: in the weights and, of an adapter, in the state beside them.
    ///
    /// - Parameter change: new rows from those of the matrix, or of the bias (rows of one number).
    /// - Throws: ``FileError``; a folder that is written half has no configuration.
    package func write(
        to target: String, labels: [String], change: (_ rows: [[Float]], _ isBias: Bool) -> [[Float]]
    ) throws {
        try DurableFolder.create(target)
        try rewrite(weightsFile, to: target, change)
        switch kind {
        case .adapter:
            if Self.exists(path + "/" + AdapterOrigin.stateFile) {
                try rewrite(AdapterOrigin.stateFile, to: target, change)
            }
            if var origin = try AdapterOrigin(folder: path) {
                origin.labels = labels
                if origin.weightsHash != nil { origin.weightsHash = try AdapterOrigin.weightsHash(in: target) }
                try origin.write(to: target, base: try PEFTConfiguration(folder: path).baseModel ?? "")
            }
        case .model: try copyCompanions(to: target)
        }
        var configuration = try JSONDocument.read(path: path + "/" + configurationFile).value
        if kind == .model, let members = configuration.objectValue {
            let numbered = labels.enumerated()
            configuration = .object(
                members.filter { $0.key != "num_labels" }.merging([
                    "id2label": .object(JSONObject(numbered.map { (String($0), .string($1)) })),
                    "label2id": .object(JSONObject(numbered.map { ($1, .integer($0)) })),
                ]))
        }
        try configuration.write(to: target + "/" + configurationFile)
    }

    /// Copies what lies beside a model's weights: its tokenizer's files.
    private func copyCompanions(to target: String) throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
        for name in names where name != weightsFile && name != configurationFile {
            let file = path + "/" + name
            guard DurableFolder.kind(file) == S_IFREG else { continue }
            try DurableFile.write(
                unsafe try MappedFile(path: file).withBytes { unsafe Array($0) }, to: target + "/" + name)
        }
    }

    private func rewrite(_ name: String, to target: String, _ change: ([[Float]], Bool) -> [[Float]]) throws {
        let file = try SafetensorsFile(path: path + "/" + name)
        var writer = SafetensorsWriter(metadata: file.metadata)
        for tensor in file.tensors.values.sorted(by: { $0.byteOffset < $1.byteOffset }) {
            let module = "." + tensor.name
            let isWeight = module.hasSuffix("." + classifier + ".weight")
            guard isWeight || module.hasSuffix("." + classifier + ".bias") else {
                writer.append(tensor.name, shape: tensor.shape, .stored(tensor))
                continue
            }
            let floats = try tensor.floats()
            let rows = change(Self.rows(floats, count: isWeight ? tensor.rowCount : floats.count), !isWeight)
            writer.append(
                tensor.name, shape: isWeight ? [rows.count, tensor.rowLength] : [rows.count],
                .float32(rows.flatMap(\.self)))
        }
        try writer.write(to: target + "/" + name)
    }

    private static func rows(_ floats: [Float], count: Int) -> [[Float]] {
        let width = floats.count / max(count, 1)
        return (0..<count).map { Array(floats[$0 * width..<($0 + 1) * width]) }
    }

    private static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
}
