package import CatenaFiles
package import CatenaModels

/// `config.json` for a model whose own files have none.
///
/// - Source: transformers, the configuration classes of the families.
package enum ModelConfigurationFile {
    private static let architectures = [
        "llama": "LlamaForCausalLM", "mistral": "MistralForCausalLM", "qwen2": "Qwen2ForCausalLM",
        "qwen3": "Qwen3ForCausalLM",
    ]

    /// What a `config.json` says of a classification head: its class, its task and its labels.
    ///
    /// - Parameter base: the file's other members; an `architectures` of the family's other classes is replaced.
    static func members(of head: SequenceHead, in base: JSONObject) -> JSONObject {
        let labels = head.labels.enumerated().map { ($1, JSONValue.integer($0)) }
        var members: JSONObject = [
            "id2label": .object(JSONObject(labels.map { (String($1.intValue ?? 0), .string($0)) })),
            "label2id": .object(JSONObject(labels)),
            "problem_type": .string(head.labels.count == 1 ? "regression" : "single_label_classification"),
        ]
        let endings = [
            "ForSequenceClassification", "ForCausalLM", "LMHeadModel", "ForMaskedLM", "ForPreTraining", "Model",
        ]
        if let name = base["architectures"]?.arrayValue?.first?.stringValue,
            let ending = endings.first(where: { name.hasSuffix($0) })
        {
            members["architectures"] = [.string(name.dropLast(ending.count) + "ForSequenceClassification")]
        }
        return members
    }

    /// The text of `config.json` for `configuration`.
    ///
    /// - Throws: ``AdapterError/notRepresentable(format:reason:)`` for a family or a rotary scaling that cannot be said
    ///   there.
    package static func json(of configuration: ModelConfiguration, dtype: String) throws(AdapterError) -> JSONValue {
        guard configuration.sequenceHead == nil else {
            throw .notRepresentable(
                format: "a Hugging Face folder",
                reason:
                    "no config.json is known for a classification head on a GGUF file; give the original model's folder"
            )
        }
        guard let family = ModelFamily.all.first(where: { $0.name == configuration.family }),
            let architecture = architectures[family.modelType]
        else {
            throw .notRepresentable(
                format: "a Hugging Face folder",
                reason: "no config.json is known for the family \(configuration.family)")
        }
        func integer(_ value: Int) -> JSONValue { .integer(value) }
        var members: JSONObject = [
            "architectures": [.string(architecture)], "model_type": .string(family.modelType),
            "hidden_act": "silu", "torch_dtype": .string(dtype), "use_cache": true,
            "vocab_size": integer(configuration.vocabularySize), "hidden_size": integer(configuration.hiddenSize),
            "intermediate_size": integer(configuration.intermediateSize),
            "num_hidden_layers": integer(configuration.layerCount),
            "num_attention_heads": integer(configuration.attentionHeads),
            "num_key_value_heads": integer(configuration.keyValueHeads),
            "head_dim": integer(configuration.headDimension),
            "max_position_embeddings": integer(configuration.maximumPositions),
            "rms_norm_eps": .number(Double("\(configuration.normEpsilon)") ?? Double(configuration.normEpsilon)),
            "rope_theta": .number(configuration.rotaryBase),
            "tie_word_embeddings": .bool(configuration.tiesEmbeddings),
            "attention_bias": .bool(configuration.outputBias), "mlp_bias": .bool(configuration.feedForwardBias),
            "sliding_window": configuration.slidingWindow.map { integer($0) } ?? .null,
        ]
        switch configuration.rotaryScaling {
        case .none: break
        case .linear(let factor): members["rope_scaling"] = ["rope_type": "linear", "factor": .number(factor)]
        case .llama3(let factor, let low, let high, let originalPositions):
            members["rope_scaling"] = [
                "rope_type": "llama3", "factor": .number(factor), "low_freq_factor": .number(low),
                "high_freq_factor": .number(high), "original_max_position_embeddings": integer(originalPositions),
            ]
        case .factors:
            throw .notRepresentable(
                format: "a Hugging Face folder",
                reason:
                    "the base GGUF holds finished rotary factors (rope_freqs, as Llama 3.1 has them), and config.json "
                    + "takes only the numbers they were made from; give the original model's Hugging Face folder with --model"
            )
        }
        return .object(members)
    }
}
