import CatenaFiles

/// A byte-pair tokenizer as the JSON files of a Hugging Face folder.
///
/// Merges are ranked pairs there. A SentencePiece vocabulary has scores instead, which leave the order of some pairs open:
/// those that join to the same token, or to tokens of equal scores, are written longest left part first, then longest right
/// part, as transformers' own conversion orders them.
///
/// - Source: transformers, `convert_slow_tokenizer.py`; the tokenizers library's serialised form.
struct TokenizerExport {
    /// Why there is no such file.
    struct Refusal: Error {
        let reason: String
    }

    let parts: TokenizerParts

    /// `tokenizer.json`.
    func tokenizerJSON() throws(Refusal) -> JSONValue {
        guard case .bytePair(let encoder) = parts.model else {
            throw Refusal(reason: "its model is not byte-pair encoding")
        }
        return [
            "version": "1.0", "truncation": nil, "padding": nil,
            "added_tokens": .array(addedTokens.map(Self.json)),
            "normalizer": try normalizer(), "pre_tokenizer": try preTokenizer(), "post_processor": postProcessor(),
            "decoder": try decoder(), "model": model(encoder),
        ]
    }

    /// `tokenizer_config.json`: roles of tokens, and the chat template.
    func configurationJSON() -> JSONValue {
        var members: JSONObject = [
            "tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": false,
            "add_bos_token": .bool(addsStart), "add_eos_token": false,
        ]
        let roles = [
            ("bos_token", parts.beginningOfSequenceId), ("eos_token", parts.endOfSequenceIds.first),
            ("pad_token", parts.paddingId),
        ]
        for (role, id) in roles {
            if let id, let token = text(of: id) { members.append(role, .string(token)) }
        }
        let templates = parts.templates.templates
        if let only = templates.first, templates.count == 1, only.name == ModelTemplates.defaultName {
            members.append("chat_template", .string(only.text))
        } else if !templates.isEmpty {
            let list: [JSONValue] = templates.map { ["name": .string($0.name), "template": .string($0.text)] }
            members.append("chat_template", .array(list))
        }
        return .object(members)
    }

    /// `generation_config.json`: the tokens that start and end a text.
    func generationJSON() -> JSONValue {
        var members: JSONObject = [:]
        if let start = parts.beginningOfSequenceId { members.append("bos_token_id", .integer(Int(start))) }
        let ends = parts.endOfSequenceIds.map { JSONValue.integer(Int($0)) }
        if let end = ends.first { members.append("eos_token_id", ends.count == 1 ? end : .array(ends)) }
        if let padding = parts.paddingId { members.append("pad_token_id", .integer(Int(padding))) }
        return .object(members)
    }

    private var addsStart: Bool { parts.addsBeginningOfSequence && parts.beginningOfSequenceId != nil }

    /// One token a text: converters pad vocabularies with repeated ones, whose first id encodes.
    private var addedTokens: [AddedToken] {
        var seen: Set<[UInt8]> = []
        return parts.addedTokens.filter { !$0.content.isEmpty && seen.insert($0.content).inserted }
    }

    private func text(of id: Int32) -> String? {
        parts.model.vocabulary.bytes(of: id).map { String(decoding: $0, as: UTF8.self) }
            ?? parts.addedTokens.first { $0.id == id }.map { String(decoding: $0.content, as: UTF8.self) }
    }

    private static func json(_ token: AddedToken) -> JSONValue {
        [
            "id": .integer(Int(token.id)), "content": .string(String(decoding: token.content, as: UTF8.self)),
            "single_word": .bool(token.isSingleWord), "lstrip": .bool(token.stripsLeft),
            "rstrip": .bool(token.stripsRight), "normalized": .bool(token.isNormalized),
            "special": .bool(token.isSpecial),
        ]
    }

    private func model(_ encoder: BytePairEncoder) -> JSONValue {
        let vocabulary = encoder.vocabulary
        func bytes(_ id: Int32) -> ArraySlice<UInt8> { vocabulary.bytes(of: id) ?? [] }
        func text(_ id: Int32) -> JSONValue { .string(String(decoding: bytes(id), as: UTF8.self)) }
        func characters(_ id: Int32) -> Int { bytes(id).count { $0 & 0xC0 != 0x80 } }
        let ordered = encoder.merges.all
            .map { (merge: $0, left: characters($0.left), right: characters($0.right)) }
            .sorted { one, other in
                (Int(one.merge.rank), -one.left, -one.right, one.merge.left, one.merge.right)
                    < (Int(other.merge.rank), -other.left, -other.right, other.merge.left, other.merge.right)
            }
        let tokens = (0..<Int32(vocabulary.idLimit)).filter { vocabulary.bytes(of: $0) != nil }.map { id in
            (key: String(decoding: bytes(id), as: UTF8.self), value: JSONValue.integer(Int(id)))
        }
        var fallsBack = false
        if case .characters(_, .some) = encoder.alphabet { fallsBack = true }
        return [
            "type": "BPE", "dropout": nil, "unk_token": encoder.unknownId.map { text($0) } ?? nil,
            "continuing_subword_prefix": nil, "end_of_word_suffix": nil, "fuse_unk": .bool(encoder.fusesUnknown),
            "byte_fallback": .bool(fallsBack), "ignore_merges": .bool(encoder.ignoresMerges),
            "vocab": .object(JSONObject(tokens)),
            "merges": .array(ordered.map { [text($0.merge.left), text($0.merge.right)] }),
        ]
    }
}

/// The steps around the model.
extension TokenizerExport {
    private func normalizer() throws(Refusal) -> JSONValue {
        var steps: [JSONValue] = []
        for step in parts.normalizers {
            switch step {
            case .prepend(let prefix):
                steps.append(["type": "Prepend", "prepend": .string(String(decoding: prefix, as: UTF8.self))])
            case .replace(let pattern, let content): steps.append(Self.replacement(pattern, content))
            case .unicode(let form): steps.append(["type": .string(form.rawValue)])
            default: throw Refusal(reason: "one of its normalisation steps has no known form there")
            }
        }
        return steps.isEmpty ? nil : ["type": "Sequence", "normalizers": .array(steps)]
    }

    private func preTokenizer() throws(Refusal) -> JSONValue {
        switch parts.preTokenizer {
        case .whole, .markedWords: return nil
        case .byteLevel(let outer, let inner, let addsPrefixSpace):
            var steps: [JSONValue] = []
            switch outer {
            case .none: break
            case .digits(let individual): steps.append(["type": "Digits", "individual_digits": .bool(individual)])
            case .decimalDigits: steps.append(Self.split(WordPattern.decimalDigit))
            case .pattern(let pattern): steps.append(Self.split(pattern.expression))
            }
            if let inner, inner.kind != .gpt2 { steps.append(Self.split(inner.expression)) }
            guard steps.isEmpty || !addsPrefixSpace else {
                throw Refusal(reason: "it puts a space before text that is cut in several steps")
            }
            let byteLevel: JSONValue = [
                "type": "ByteLevel", "add_prefix_space": .bool(addsPrefixSpace), "trim_offsets": true,
                "use_regex": .bool(inner?.kind == .gpt2),
            ]
            return steps.isEmpty ? byteLevel : ["type": "Sequence", "pretokenizers": .array(steps + [byteLevel])]
        case .metaspace, .bert: throw Refusal(reason: "its way of cutting words has no known form there")
        }
    }

    private func decoder() throws(Refusal) -> JSONValue {
        var steps: [JSONValue] = []
        for step in parts.decoders ?? [] {
            switch step {
            case .byteLevel:
                steps.append(["type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true])
            case .replace(let pattern, let content): steps.append(Self.replacement(pattern, content))
            case .byteFallback: steps.append(["type": "ByteFallback"])
            case .fuse: steps.append(["type": "Fuse"])
            case .strip(let content, let start, let stop):
                steps.append([
                    "type": "Strip", "content": .string(String(decoding: content, as: UTF8.self)),
                    "start": .integer(start), "stop": .integer(stop),
                ])
            case .metaspace, .wordPiece: throw Refusal(reason: "one of its decoding steps has no known form there")
            }
        }
        if steps.count == 1 { return steps[0] }
        return steps.isEmpty ? nil : ["type": "Sequence", "decoders": .array(steps)]
    }

    /// Puts the token that starts a sequence before a text, where the model expects it.
    private func postProcessor() -> JSONValue {
        guard addsStart, let start = parts.beginningOfSequenceId, let token = text(of: start) else { return nil }
        let name = JSONValue.string(token)
        let entry: JSONValue = ["id": name, "ids": [.integer(Int(start))], "tokens": [name]]
        func special(_ type: Int) -> JSONValue { ["SpecialToken": ["id": name, "type_id": .integer(type)]] }
        func sequence(_ id: String, _ type: Int) -> JSONValue {
            ["Sequence": ["id": .string(id), "type_id": .integer(type)]]
        }
        return [
            "type": "TemplateProcessing", "single": [special(0), sequence("A", 0)],
            "pair": [special(0), sequence("A", 0), special(1), sequence("B", 1)],
            "special_tokens": .object(JSONObject([(token, entry)])),
        ]
    }

    private static func split(_ expression: String) -> JSONValue {
        ["type": "Split", "pattern": ["Regex": .string(expression)], "behavior": "Isolated", "invert": false]
    }

    private static func replacement(_ pattern: [UInt8], _ content: [UInt8]) -> JSONValue {
        [
            "type": "Replace", "pattern": ["String": .string(String(decoding: pattern, as: UTF8.self))],
            "content": .string(String(decoding: content, as: UTF8.self)),
        ]
    }
}
