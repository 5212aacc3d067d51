import Glibc

/// A model's stored weights: a Hugging Face folder with one safetensors file or with shards, a
/// single `.safetensors` file, or a single `.gguf` file.
public struct WeightFiles: Sendable {
    /// What was opened: the folder or the file.
    package let path: String
    /// All tensors of all files by name.
    package let tensors: [String: StoredTensor]
    /// The GGUF file, if it is one: its metadata hold configuration and tokenizer.
    package let gguf: GGUFFile?
    /// What would be thrown for tensors that the files name and that cannot be read: of a type that is not read, or absent
    /// from the shard that the index names.
    package let unreadable: [String: FileError]

    private init(
        path: String, tensors: [String: StoredTensor], unreadable: [String: FileError] = [:], gguf: GGUFFile? = nil
    ) {
        (self.path, self.tensors, self.unreadable, self.gguf) = (path, tensors, unreadable, gguf)
    }

    private init(path: String, _ file: SafetensorsFile) {
        self.init(path: path, tensors: file.tensors, unreadable: file.errors)
    }

    /// Opens and checks all files of a model; weights are mapped, not read.
    ///
    /// In a folder `model.safetensors` comes before `model.safetensors.index.json`.
    ///
    /// - Throws: ``FileError/missing(path:)``, ``FileError/notAModel(path:reason:)``,
    ///   ``FileError/missingShard(path:shard:tensorCount:)``, and what the files themselves throw.
    package static func open(_ path: String) throws(FileError) -> WeightFiles {
        switch kind(of: path) {
        case .absent: throw .missing(path: path)
        case .file: return try openFile(path)
        case .folder: break
        }
        let folder = path.hasSuffix("/") ? path : path + "/"
        let single = folder + "model.safetensors"
        let index = folder + "model.safetensors.index.json"
        if kind(of: single) == .file {
            return WeightFiles(path: path, try SafetensorsFile(path: single))
        }
        if kind(of: index) == .file {
            return try openShards(path, index: index, folder: folder)
        }
        throw .notAModel(path: path, reason: reasonNothingFits(folder))
    }

    /// The tensor `name`.
    ///
    /// - Throws: ``FileError/missingTensor(path:tensor:nearest:)``, or why it cannot be read.
    package func tensor(_ name: String) throws(FileError) -> StoredTensor {
        if let reason = unreadable[name] { throw reason }
        guard let tensor = tensors[name] else {
            throw .missingTensor(
                path: path, tensor: name,
                nearest: NearestName.matches(for: name, among: tensors.keys.sorted()))
        }
        return tensor
    }

    /// Drops what has been read of the mapped files from this process's memory; it comes back when used again.
    package func forgetPages() {
        var seen: Set<String> = []
        for tensor in tensors.values where seen.insert(tensor.file.path).inserted { tensor.file.advise(.notNeeded) }
    }

    /// The mapped files that hold the tensors, each once.
    package var mappedFiles: [MappedFile] {
        let files = Dictionary(tensors.values.map { ($0.file.path, $0.file) }) { first, _ in first }
        return files.sorted { $0.key < $1.key }.map(\.value)
    }

    private enum Kind { case absent, file, folder }

    private static func kind(of path: String) -> Kind {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return .absent }
        return status.st_mode & S_IFMT == S_IFDIR ? .folder : .file
    }

    private static func openFile(_ path: String) throws(FileError) -> WeightFiles {
        let startsLikeGGUF = unsafe try MappedFile(path: path).withBytes { unsafe $0.starts(with: GGUFFile.magic) }
        if startsLikeGGUF || path.hasSuffix(".gguf") {
            let gguf = try GGUFFile(path: path)
            return WeightFiles(path: path, tensors: gguf.tensors, gguf: gguf)
        }
        if path.hasSuffix(".safetensors") {
            return WeightFiles(path: path, try SafetensorsFile(path: path))
        }
        throw .notAModel(
            path: path,
            reason: "expected a folder with model.safetensors, a .safetensors file or a .gguf file")
    }

    private static func openShards(
        _ model: String, index path: String, folder: String
    ) throws(FileError) -> WeightFiles {
        let map = try JSONDocument.read(path: path).require("weight_map")
        var namesByShard: [String: [String]] = [:]
        var known: Set<String> = []
        for (tensor, value) in try map.members() {
            guard known.insert(tensor).inserted else {
                throw .malformedTensor(path: path, tensor: tensor, reason: SafetensorsFile.sameName)
            }
            guard let shard = value.stringValue, !shard.contains("/"), shard != "..", !shard.isEmpty
            else {
                throw .wrongValue(
                    path: path, keyPath: "weight_map.\(tensor)", expected: "the name of a file beside it",
                    actual: value.summary)
            }
            namesByShard[shard, default: []].append(tensor)
        }
        var tensors: [String: StoredTensor] = [:]
        var unreadable: [String: FileError] = [:]
        for (shard, names) in namesByShard.sorted(by: { $0.key < $1.key }) {
            guard kind(of: folder + shard) != .absent else {
                throw .missingShard(path: path, shard: shard, tensorCount: names.count)
            }
            let file = try SafetensorsFile(path: folder + shard)
            let errors = file.errors
            for name in names {
                tensors[name] = file.tensors[name]
                guard tensors[name] == nil else { continue }
                unreadable[name] = errors[name] ?? .missingTensor(path: folder + shard, tensor: name, nearest: [])
            }
        }
        return WeightFiles(path: model, tensors: tensors, unreadable: unreadable)
    }

    private static func reasonNothingFits(_ folder: String) -> String {
        let names = fileNames(in: folder)
        if let gguf = names.first(where: { $0.hasSuffix(".gguf") }) {
            return "a GGUF model is named by its file; give \(folder)\(gguf)"
        }
        if let pickle = names.first(where: {
            $0.hasSuffix(".bin") || $0.hasSuffix(".pt") || $0.hasSuffix(".pth")
        }) {
            return """
                the folder has \(pickle) but no model.safetensors, and pickle files are not read; \
                convert it with save_pretrained(..., safe_serialization=True)
                """
        }
        if names.contains("adapter_model.safetensors") {
            return "the folder holds an adapter; give the base model's folder"
        }
        if let other = names.first(where: { $0.hasSuffix(".safetensors") }) {
            return """
                the folder has \(other) but neither model.safetensors nor \
                model.safetensors.index.json, which says how shards belong together
                """
        }
        return names.isEmpty
            ? "the folder is empty"
            : "the folder has neither model.safetensors nor model.safetensors.index.json"
    }

    private static func fileNames(in folder: String) -> [String] {
        guard let stream = unsafe opendir(folder) else { return [] }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
                unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}
