package import CatenaFiles
import Foundation

/// What a model's files say about it, whichever kind they are: `config.json` or GGUF metadata.
///
/// Keys are those of `config.json`; for GGUF they are translated where a counterpart exists.
public struct ModelDescription {
    /// File named in errors.
    package let path: String
    /// `model_type`, or `general.architecture`.
    package let modelType: String
    let json: JSONDocument?
    private let gguf: GGUFFile?
    private var keys: [String: String] = [:]

    /// The description of the model at `path`, whose weight files are `files`.
    package init(modelAt path: String, files: WeightFiles) throws {
        if let gguf = files.gguf {
            guard case .string(let architecture)? = gguf.metadata["general.architecture"] else {
                throw ModelError.notAModel(path: path, reason: "the GGUF metadata lacks general.architecture")
            }
            self.init(path: path, modelType: architecture, json: nil, gguf: gguf)
        } else {
            try self.init(configurationFile: path + "/config.json")
        }
    }

    /// The description in a `config.json` alone, for models without weights.
    package init(configurationFile path: String) throws {
        let json = try JSONDocument.read(path: path)
        self.init(
            path: path, modelType: try json.require("model_type").string(), json: json, gguf: nil)
    }

    private init(path: String, modelType: String, json: JSONDocument?, gguf: GGUFFile?) {
        self.path = path
        self.modelType = modelType
        self.json = json
        self.gguf = gguf
    }

    /// What this kind of file calls `family`; nil if there are no such files.
    func modelType(of family: ModelFamily) -> String? {
        gguf == nil ? family.modelType : family.ggufArchitecture
    }

    /// The same description, whose `config.json` has `keys[key]` in the place of `key`.
    func renamingKeys(_ keys: [String: String]) -> ModelDescription {
        var result = self
        result.keys = keys
        return result
    }

    private func fileKey(_ key: String) -> String { keys[key] ?? key }

    private static let ggufKeys = [
        "hidden_size": "embedding_length", "intermediate_size": "feed_forward_length",
        "num_hidden_layers": "block_count", "num_attention_heads": "attention.head_count",
        "num_key_value_heads": "attention.head_count_kv", "head_dim": "attention.key_length",
        "max_position_embeddings": "context_length", "rms_norm_eps": "attention.layer_norm_rms_epsilon",
        "rope_theta": "rope.freq_base", "sliding_window": "attention.sliding_window",
    ]

    private func ggufValue(_ key: String) -> GGUFValue? {
        Self.ggufKeys[key].flatMap { gguf?.metadata["\(modelType).\($0)"] }
    }

    /// The whole number at `key`, or nil if it is absent or null.
    ///
    /// - Throws: ``ModelError/invalidConfiguration(path:reason:)`` for one that no model has: see ``ModelLimit``.
    func integer(_ key: String) throws -> Int? {
        let found: Int? =
            if let json {
                try json[fileKey(key)]?.int()
            } else {
                try ggufValue(key).map { value in
                    guard case .integer(let number) = value else {
                        throw ModelError.invalidConfiguration(path: path, reason: "\(key) is not a whole number")
                    }
                    return Int(number)
                }
            }
        guard let found else { return nil }
        let range = 1...ModelLimit.largest(key)
        guard range.contains(found) else {
            throw ModelError.invalidConfiguration(
                path: path, reason: "\(fileKey(key)) is \(found), expected a number in 1...\(range.upperBound)")
        }
        return found
    }

    /// The number at `key`, or nil if it is absent or null.
    func number(_ key: String) throws -> Double? {
        if let json { return try json[fileKey(key)]?.double() }
        switch ggufValue(key) {
        case nil: return nil
        case .float(let number)?: return number
        case .integer(let number)?: return Double(number)
        default: throw ModelError.invalidConfiguration(path: path, reason: "\(key) is not a number")
        }
    }

    /// Refuses weights that another program has quantised.
    ///
    /// - Throws: ``ModelError/quantised(path:method:)``.
    func refuseQuantised() throws {
        for key in ["quantization_config", "compression_config"] {
            guard let section = json?[key], section.value != .object([:]) else { continue }
            var method = section["quant_method"]?.value.stringValue
            for (flag, name) in [("load_in_4bit", "bitsandbytes, 4 bits"), ("load_in_8bit", "bitsandbytes, 8 bits")]
            where section[flag]?.value.boolValue == true { method = name }
            throw ModelError.quantised(path: path, method: method ?? "a method that is not named")
        }
    }

    /// The flag at `key`, or nil if it is absent or null.
    func flag(_ key: String) throws -> Bool? {
        try json?[key]?.bool()
    }

    /// The text at `key` of a `config.json`, or nil if it is absent or null.
    func text(_ key: String) throws -> String? {
        try json?[key]?.string()
    }

    /// Refuses any other value of `key` than `supported`; an absent one is that.
    func require(_ key: String, _ supported: Bool) throws {
        guard let found = try flag(key), found != supported else { return }
        throw ModelError.unsupportedFeature(path: path, feature: key, found: "\(found)", supported: "\(supported)")
    }

    /// Whether `key` is there at all; GGUF files leave out what does not apply.
    func mentions(_ key: String) -> Bool {
        json.map { $0.value[key] != nil } ?? true
    }

    /// Whether a GGUF file has the tensor `name`; false for a folder.
    func hasGGUFTensor(_ name: String) -> Bool {
        gguf?.tensors[name] != nil
    }

    /// The whole number at `key`, which must be there.
    func required(_ key: String) throws -> Int {
        guard let value = try integer(key) else {
            throw ModelError.invalidConfiguration(path: path, reason: "\(fileKey(key)) is missing")
        }
        return value
    }

    /// The part of the configuration that all families share.
    func sharedConfiguration(_ family: ModelFamily) throws -> ModelConfiguration {
        let hiddenSize = try required("hidden_size")
        let heads = try required("num_attention_heads")
        guard heads > 0 else {
            throw ModelError.invalidConfiguration(path: path, reason: "\(fileKey("num_attention_heads")) is \(heads)")
        }
        try requireActivation(family.hiddenActivations)
        try requireFullRotation(headDimension: try integer("head_dim") ?? hiddenSize / heads)
        return ModelConfiguration(
            family: family.name, vocabularySize: try vocabularySize(), hiddenSize: hiddenSize,
            intermediateSize: try integer("intermediate_size") ?? family.feedForwardFactor.map { $0 * hiddenSize }
                ?? required("intermediate_size"),
            layerCount: try required("num_hidden_layers"), attentionHeads: heads,
            keyValueHeads: try integer("num_key_value_heads") ?? heads,
            headDimension: try integer("head_dim") ?? hiddenSize / heads,
            maximumPositions: try integer("max_position_embeddings") ?? 2048,
            normEpsilon: Float(try number("rms_norm_eps") ?? 1e-6), rotaryBase: try rotaryBase(),
            rotaryScaling: try rotaryScaling(), tiesEmbeddings: try tiesEmbeddings())
    }

    private func vocabularySize() throws -> Int {
        guard let gguf else { return try required("vocab_size") }
        guard let table = gguf.tensors["token_embd.weight"], table.shape.count == 2 else {
            throw ModelError.notAModel(path: path, reason: "the GGUF file has no token_embd.weight matrix")
        }
        return table.shape[0]
    }

    private func tiesEmbeddings() throws -> Bool {
        if let gguf { return gguf.tensors["output.weight"] == nil }
        return try flag("tie_word_embeddings") ?? false
    }

    private func requireActivation(_ supported: Set<String>) throws {
        guard let activation = try json?["hidden_act"]?.string(), !supported.contains(activation) else { return }
        throw ModelError.unsupportedFeature(
            path: path, feature: "hidden_act", found: activation,
            supported: supported.sorted().joined(separator: ", "))
    }

    /// The layers whose kind in `layer_types` is `kind`; nil if the file does not say.
    ///
    /// - Throws: ``ModelError`` for a kind beside those `known`, or another number of them than layers.
    func layers(ofKind kind: String, known: [String], count: Int) throws -> Set<Int>? {
        guard let kinds = try json?.optionalStrings("layer_types") else { return nil }
        guard kinds.count == count else {
            throw ModelError.invalidConfiguration(
                path: path, reason: "layer_types has \(kinds.count) entries for \(count) layers")
        }
        if let other = kinds.first(where: { !known.contains($0) }) {
            throw ModelError.unsupportedFeature(
                path: path, feature: "layer_types", found: other, supported: known.joined(separator: ", "))
        }
        return Set(kinds.indices.filter { kinds[$0] == kind })
    }

    private func requireFullRotation(headDimension: Int) throws {
        let fraction = json?["rope_parameters"]?["partial_rotary_factor"] ?? json?["partial_rotary_factor"]
        if let fraction = try fraction?.double(), fraction != 1 {
            throw ModelError.unsupportedFeature(
                path: path, feature: "partial_rotary_factor", found: "\(fraction)", supported: "1")
        }
        if case .integer(let count)? = gguf?.metadata["\(modelType).rope.dimension_count"], count != headDimension {
            throw ModelError.unsupportedFeature(
                path: path, feature: "\(modelType).rope.dimension_count", found: "\(count)",
                supported: "the head dimension \(headDimension)")
        }
    }

    private func rotaryBase() throws -> Double {
        if let base = try json?["rope_parameters"]?["rope_theta"]?.double() { return base }
        return try number("rope_theta") ?? 10_000
    }

    private func rotaryScaling() throws -> RotaryScaling {
        if let gguf {
            if let factors = gguf.tensors["rope_freqs.weight"] { return .factors(try factors.floats()) }
            guard case .string(let type)? = gguf.metadata["\(modelType).rope.scaling.type"], type != "none" else {
                return .none
            }
            guard type == "linear", case .float(let factor)? = gguf.metadata["\(modelType).rope.scaling.factor"]
            else { throw unsupportedRotary(type) }
            return .linear(factor: factor)
        }
        guard let scaling = json?["rope_parameters"] ?? json?["rope_scaling"] else { return .none }
        let type = try (scaling["rope_type"] ?? scaling["type"])?.string() ?? "default"
        switch type {
        case "default": return .none
        case "linear": return .linear(factor: try scaling.require("factor").double())
        case "llama3":
            return .llama3(
                factor: try scaling.require("factor").double(),
                lowFrequencyFactor: try scaling.require("low_freq_factor").double(),
                highFrequencyFactor: try scaling.require("high_freq_factor").double(),
                originalPositions: try scaling.require("original_max_position_embeddings").int())
        default: throw unsupportedRotary(type)
        }
    }

    private func unsupportedRotary(_ type: String) -> ModelError {
        .unsupportedFeature(
            path: path, feature: "the rotary scaling", found: type, supported: "default, linear or llama3")
    }
}
