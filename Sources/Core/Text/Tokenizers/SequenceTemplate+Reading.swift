import CatenaFiles

extension SequenceTemplate {
    /// The `post_processor` of a tokenizer.json; nil for none. It alone decides, as in `transformers`, whatever `add_bos_token` of
    /// tokenizer_config.json says.
    ///
    /// - Throws: ``TokenizerError`` for one that is not understood.
    init?(_ processor: TokenizerField?) throws(TokenizerError) {
        guard let processor else { return nil }
        let type = try processor.require("type")
        switch try type.string() {
        case "ByteLevel": return nil
        case "TemplateProcessing":
            let tokens = processor["special_tokens"]
            func pieces(_ key: String) throws(TokenizerError) -> [Piece] {
                var pieces: [Piece] = []
                for field in try processor.require(key).elements() {
                    pieces.append(try Self.piece(field, tokens: tokens))
                }
                return pieces
            }
            self.init(single: try pieces("single"), pair: try pieces("pair"))
        case "BertProcessing":
            let (start, end) = (try Self.token(processor, "cls"), try Self.token(processor, "sep"))
            let single: [Piece] = [.tokens([start], type: 0), .first(type: 0), .tokens([end], type: 0)]
            self.init(single: single, pair: single + [.second(type: 1), .tokens([end], type: 1)])
        case "RobertaProcessing":
            let (start, end) = (try Self.token(processor, "cls"), try Self.token(processor, "sep"))
            let single: [Piece] = [.tokens([start], type: 0), .first(type: 0), .tokens([end], type: 0)]
            self.init(
                single: single,
                pair: single + [.tokens([end], type: 0), .second(type: 0), .tokens([end], type: 0)])
        case "Sequence":
            var found: SequenceTemplate?
            for field in try processor.require("processors").elements() {
                guard let template = try SequenceTemplate(field) else { continue }
                guard found == nil else { throw field.invalid("a second one that adds tokens") }
                found = template
            }
            guard let found else { return nil }
            self = found
        case let other:
            throw type.unsupported(
                other,
                supported: [
                    "TemplateProcessing", "BertProcessing", "RobertaProcessing", "ByteLevel", "Sequence of them",
                ])
        }
        try requireWhole(processor)
    }

    /// Each text is there once.
    private func requireWhole(_ field: TokenizerField) throws(TokenizerError) {
        func counts(_ pieces: [Piece]) -> [Int] {
            let isFirst = pieces.map { if case .first = $0 { true } else { false } }
            let isSecond = pieces.map { if case .second = $0 { true } else { false } }
            return [isFirst.count { $0 }, isSecond.count { $0 }]
        }
        guard counts(single) == [1, 0], counts(pair) == [1, 1] else {
            throw field.invalid("a sequence that does not have each text once")
        }
    }

    private static func piece(_ field: TokenizerField, tokens: TokenizerField?) throws(TokenizerError) -> Piece {
        func type(_ field: TokenizerField) throws(TokenizerError) -> Int32 {
            let number = try field.optionalInt("type_id") ?? 0
            guard let type = Int32(exactly: number), type >= 0 else { throw field.invalid("the type_id \(number)") }
            return type
        }
        if let special = field["SpecialToken"] {
            let name = try special.requireString("id")
            guard let entry = tokens?[name] else { throw special.invalid("\(name) is not among special_tokens") }
            var ids: [Int32] = []
            for element in try entry.require("ids").elements() {
                guard let id = Int32(exactly: try element.int()), id >= 0 else { throw element.wrong("a token id") }
                ids.append(id)
            }
            return .tokens(ids, type: try type(special))
        }
        let text = try field.require("Sequence")
        switch try text.requireString("id") {
        case "A": return .first(type: try type(text))
        case "B": return .second(type: try type(text))
        case let other: throw text.unsupported(other, supported: ["A", "B"])
        }
    }

    /// `["[SEP]", 102]`.
    private static func token(_ processor: TokenizerField, _ key: String) throws(TokenizerError) -> Int32 {
        let field = try processor.require(key)
        let pair = try field.elements()
        guard pair.count == 2, let id = Int32(exactly: try pair[1].int()), id >= 0 else {
            throw field.wrong("a token and its id")
        }
        return id
    }
}
