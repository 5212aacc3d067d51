import CatenaAdapters
package import CatenaFiles
import Foundation

/// What a model, an adapter, a checkpoint, a run folder or a tensor file holds.
package struct Inspection {
    /// What lies at a path.
    package enum Kind: String, Sendable, CaseIterable {
        case model, adapter, checkpoint, run, tensors
    }

    /// A named fact; facts keep their order.
    package struct Fact: Sendable, Equatable {
        /// Name in JSON and in the text.
        package let name: String
        /// The value.
        package let value: JSONValue
    }

    /// What it is.
    package let kind: Kind
    /// Where it lies.
    package let path: String
    /// What is known about it.
    package internal(set) var facts: [Fact] = []
    /// Its tensors by name.
    package internal(set) var tensors: [StoredTensor] = []

    init(kind: Kind, path: String) {
        self.kind = kind
        self.path = path
    }

    /// Adds a fact, if there is one.
    package mutating func add(_ name: String, _ value: JSONValue?) {
        if let value, !value.isNull { facts.append(Fact(name: name, value: value)) }
    }

    mutating func add(_ name: String, _ number: Int) { add(name, .integer(number)) }

    /// Finds out what lies at `path` and reads it; weights are mapped, not read.
    ///
    /// - Throws: ``FileError`` if nothing is there, nothing that Catena knows, or a damaged file.
    package init(path: String) throws {
        let path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        var isFolder: ObjCBool = false
        guard unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw FileError.missing(path: path)
        }
        guard isFolder.boolValue else {
            self = try Self.file(path)
            return
        }
        func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path + "/" + name) }
        if has("manifest.json") {
            self = try Self.checkpoint(path)
        } else if has(PEFT.configurationFile) {
            self = try Self.adapter(path)
        } else if has("metrics.jsonl") || has("checkpoints") {
            self = try Self.run(path)
        } else if has("config.json") {
            self = try Self.model(path)
        } else {
            throw FileError.notAModel(
                path: path,
                reason: "found none of config.json (a model), adapter_config.json (an adapter), manifest.json "
                    + "(a checkpoint), metrics.jsonl (a run) in it")
        }
    }

    private static func file(_ path: String) throws -> Inspection {
        if path.lowercased().hasSuffix(".gguf") {
            let file = try GGUFFile(path: path)
            return file.metadata["general.type"] == .string("adapter") ? ggufAdapter(file) : try model(path)
        }
        let file = try SafetensorsFile(path: path)
        var result = Inspection(kind: .tensors, path: path)
        for (key, value) in file.metadata.sorted(by: { $0.key < $1.key }) {
            result.add("metadata." + key, .string(value))
        }
        result.describe(file.tensors.values)
        for (name, reason) in file.unreadable.sorted(by: { $0.key < $1.key }) { result.add(name, .string(reason)) }
        return result
    }

    /// Adds the tensors with their counts by encoding.
    mutating func describe(_ stored: some Collection<StoredTensor>) {
        tensors = stored.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        add("tensors", tensors.count)
        add("parameters", tensors.reduce(0) { $0 + $1.elementCount })
        add("bytes", tensors.reduce(0) { $0 + $1.byteCount })
        var encodings: JSONObject = [:]
        for (encoding, members) in Dictionary(grouping: tensors, by: \.encoding.rawValue) {
            encodings[encoding] = .integer(members.reduce(0) { $0 + $1.elementCount })
        }
        add("parameters_by_encoding", .object(encodings))
    }
}
