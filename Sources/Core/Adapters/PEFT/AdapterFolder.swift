import CatenaFiles
import Foundation

/// An adapter's folder that becomes another one, which differs in the rows of its classifier.
package struct AdapterFolder {
    /// The folder that is read.
    package let path: String
    /// The classifier's module path, such as `score`.
    package let classifier: String

    /// The adapter in the folder `path`, whose classifier is the module `classifier`.
    package init(_ path: String, classifier: String) { (self.path, self.classifier) = (path, classifier) }

    /// The rows of the classifier's matrix.
    ///
    /// - Throws: ``FileError`` where there is none.
    package func classifierRows() throws -> [[Float]] {
        let file = try SafetensorsFile(path: path + "/" + PEFT.weightsFile)
        let name = PEFT.prefix + classifier + ".weight"
        guard let tensor = file.tensors[name] else {
            throw FileError.missingTensor(path: file.path, tensor: name, nearest: [])
        }
        return Self.rows(try tensor.floats(), count: tensor.rowCount)
    }

    /// Writes the adapter to the folder `target` with other rows of the classifier, and the labels that belong to them.
    ///
    /// Every tensor of the classifier is changed wherever it is kept: in PEFT's file and in the state beside it.
    ///
    /// - Parameters:
    ///   - change: new rows from those of the matrix, or of the bias (rows of one number).
    /// - Throws: ``FileError``; a folder that is written half has no `adapter_config.json`.
    package func write(to target: String, labels: [String], change: (_ rows: [[Float]], _ isBias: Bool) -> [[Float]])
        throws
    {
        try DurableFolder.create(target)
        for name in [PEFT.weightsFile, AdapterOrigin.stateFile] where Self.exists(path + "/" + name) {
            try rewrite(name, to: target, change)
        }
        if var origin = try AdapterOrigin(folder: path) {
            origin.labels = labels
            if origin.weightsHash != nil { origin.weightsHash = try AdapterOrigin.weightsHash(in: target) }
            let base = try PEFTConfiguration(folder: path).baseModel ?? ""
            try origin.write(to: target, base: base)
        }
        try JSONDocument.read(path: path + "/" + PEFT.configurationFile).value
            .write(to: target + "/" + PEFT.configurationFile)
    }

    private func rewrite(_ name: String, to target: String, _ change: ([[Float]], Bool) -> [[Float]]) throws {
        let file = try SafetensorsFile(path: path + "/" + name)
        var writer = SafetensorsWriter(metadata: file.metadata)
        for tensor in file.tensors.values.sorted(by: { $0.byteOffset < $1.byteOffset }) {
            let floats = try tensor.floats()
            let isWeight = tensor.name.hasSuffix(classifier + ".weight")
            guard isWeight || tensor.name.hasSuffix(classifier + ".bias") else {
                writer.append(tensor.name, shape: tensor.shape, .float32(floats))
                continue
            }
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
