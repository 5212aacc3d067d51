package import CatenaFiles
import Foundation

/// The tensors of an adapter's file by the names that this program, and PEFT's `save_pretrained`, give them.
///
/// A file made from a model's whole state has `lora_A.default.weight` for `lora_A.weight` and
/// `classifier.modules_to_save.default.weight` for `classifier.weight`, and some programs leave out the
/// first part, `base_model.model.`; both are read.
package struct AdapterTensorFile {
    /// The file.
    let path: String
    /// Each tensor once.
    package let tensors: [String: StoredTensor]

    /// The adapter's file in `folder`.
    ///
    /// - Parameter type: its `peft_type`; Catena's own form has its names as they are.
    /// - Throws: ``FileError``, and ``AdapterError/mismatch(path:reason:)`` for a tensor that is there under two names.
    package init(folder: String, type: String) throws {
        let path = folder + "/" + PEFT.weightsFile
        let manager = FileManager.default
        if !manager.fileExists(atPath: path), manager.fileExists(atPath: folder + "/" + PEFT.pickleFile) {
            throw FileError.unreadable(
                path: folder,
                reason:
                    "it has \(PEFT.pickleFile) but no \(PEFT.weightsFile), and pickle files are not read; load it with "
                    + "PEFT and write it with save_pretrained(folder, safe_serialization=True)")
        }
        let file = try SafetensorsFile(path: path)
        var tensors: [String: StoredTensor] = [:]
        for (name, tensor) in file.tensors.sorted(by: { $0.key < $1.key }) {
            let known = type == PEFTForm.own.type ? name : Self.canonical(name)
            if let twin = tensors.updateValue(tensor, forKey: known) {
                throw AdapterError.mismatch(path: path, reason: "tensors \(twin.name) and \(name) are the same one")
            }
        }
        for (name, reason) in file.unreadable.sorted(by: { $0.key < $1.key }) {
            throw FileError.malformedTensor(path: path, tensor: name, reason: reason)
        }
        (self.path, self.tensors) = (path, tensors)
    }

    /// A file whose names are taken as they are.
    init(_ file: SafetensorsFile) { (path, tensors) = (file.path, file.tensors) }

    private init(path: String, tensors: [String: StoredTensor]) { (self.path, self.tensors) = (path, tensors) }

    /// The file as if the tensors `names` were not in it.
    func without(_ names: Set<String>) -> AdapterTensorFile {
        AdapterTensorFile(path: path, tensors: tensors.filter { !names.contains($0.key) })
    }

    /// The name without the adapter's own and with the first part.
    static func canonical(_ name: String) -> String {
        let bare = name.split(separator: ".", omittingEmptySubsequences: false).filter {
            $0 != "default" && $0 != "modules_to_save"
        }
        .joined(separator: ".")
        if bare.hasPrefix("base_model.") { return bare }
        return (bare.hasPrefix("vera_") ? "base_model." : PEFT.prefix) + bare
    }

    /// Checks that the file has exactly `expected`, in these shapes, without reading any numbers.
    ///
    /// - Throws: ``AdapterError/mismatch(path:reason:)``.
    func require(_ expected: [AdapterTensor]) throws(AdapterError) {
        let names = Set(expected.map(\.name))
        if let extra = tensors.keys.sorted().first(where: { !names.contains($0) }) {
            throw .mismatch(
                path: path, reason: "tensor \(tensors[extra]?.name ?? extra) belongs to no adapted layer of this model")
        }
        for tensor in expected { try require(tensor, named: tensor.name) }
    }

    /// Checks that the file has one tensor under `name`.
    @discardableResult
    func require(_ tensor: AdapterTensor, named name: String) throws(AdapterError) -> StoredTensor {
        guard let stored = tensors[name] else { throw .mismatch(path: path, reason: "tensor \(name) is missing") }
        guard stored.shape == tensor.shape else {
            throw .mismatch(
                path: path, reason: "tensor \(stored.name) has shape \(stored.shape), expected \(tensor.shape)")
        }
        return stored
    }
}
