import CatenaFiles

/// Reads the `normalizer`, `pre_tokenizer` and `decoder` of a tokenizer.json.
enum TokenizerJSONPipeline {
    static func normalizers(_ field: TokenizerField) throws(TokenizerError) -> [Normalizer] {
        let type = try field.require("type")
        switch try type.string() {
        case "Sequence":
            return try sequence(field, "normalizers", normalizers)
        case "Prepend":
            return [.prepend(Array(try field.require("prepend").string().utf8))]
        case "Replace":
            let (pattern, content) = try replacement(field)
            return [.replace(pattern, content)]
        case "NFC": return [.unicode(.NFC)]
        case "NFD": return [.unicode(.NFD)]
        case "NFKC": return [.unicode(.NFKC)]
        case "NFKD": return [.unicode(.NFKD)]
        case "Lowercase": return [.lowercase]
        case "StripAccents": return [.stripAccents]
        case "Strip":
            return [
                .stripSpace(
                    left: try field.optionalBool("strip_left") ?? true,
                    right: try field.optionalBool("strip_right") ?? true)
            ]
        case "BertNormalizer":
            let lowercases = try field.optionalBool("lowercase") ?? true
            return [
                .bert(
                    BertText(
                        cleansText: try field.optionalBool("clean_text") ?? true,
                        separatesChinese: try field.optionalBool("handle_chinese_chars") ?? true,
                        stripsAccents: try field.optionalBool("strip_accents") ?? lowercases, lowercases: lowercases))
            ]
        case let other:
            throw type.unsupported(
                other,
                supported: [
                    "Sequence", "Prepend", "Replace", "NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents",
                    "Strip",
                    "BertNormalizer",
                ])
        }
    }

    static func preTokenizer(_ field: TokenizerField) throws(TokenizerError) -> PreTokenizer {
        let steps = try flattened(field)
        if steps.isEmpty { return .whole }
        if let only = steps.first, steps.count == 1 {
            switch try only.require("type").string() {
            case "Metaspace": return try metaspace(only)
            case "BertPreTokenizer": return .bert
            default: break
            }
        }
        var cuts: [PreTokenizer.OuterCut] = []
        for (index, step) in steps.enumerated() {
            let type = try step.require("type")
            let isLast = index == steps.count - 1
            switch try type.string() {
            case "Digits" where !isLast:
                cuts.append(.digits(individual: try step.optionalBool("individual_digits") ?? false))
            case "Split" where !isLast:
                cuts.append(try splitCut(step))
            case "ByteLevel" where isLast:
                return try byteLevel(step, after: cuts, in: field)
            case let other:
                let supported = [
                    "[Digits or Split] + ByteLevel", "Metaspace alone", "BertPreTokenizer alone",
                ]
                throw type.unsupported(other + (isLast ? "" : ", then other steps"), supported: supported)
            }
        }
        throw field.invalid("byte-level steps without ByteLevel at the end")
    }

    static func decoders(_ field: TokenizerField) throws(TokenizerError) -> [TokenDecoder] {
        let type = try field.require("type")
        switch try type.string() {
        case "Sequence": return try sequence(field, "decoders", decoders)
        case "ByteLevel": return [.byteLevel]
        case "Metaspace":
            guard case .metaspace(let mark, let prepends, _) = try metaspace(field) else { return [] }
            return [.metaspace(mark: mark, dropsFirst: prepends != .never)]
        case "WordPiece":
            let prefix = try field.optionalString("prefix") ?? "##"
            return [.wordPiece(prefix: Array(prefix.utf8), cleansUp: try field.optionalBool("cleanup") ?? true)]
        case "Replace":
            let (pattern, content) = try replacement(field)
            return [.replace(pattern, content)]
        case "ByteFallback": return [.byteFallback]
        case "Fuse": return [.fuse]
        case "Strip":
            let content = try field.require("content").string()
            let start = try field.optionalInt("start") ?? 0
            let stop = try field.optionalInt("stop") ?? 0
            guard content.unicodeScalars.count == 1, start >= 0, stop >= 0 else {
                throw field.invalid("it needs one character of content and counts of 0 or more")
            }
            return [.strip(content: Array(content.utf8), start: start, stop: stop)]
        case let other:
            throw type.unsupported(
                other,
                supported: [
                    "Sequence", "ByteLevel", "Metaspace", "WordPiece", "Replace", "ByteFallback", "Fuse", "Strip",
                ])
        }
    }

    private static func sequence<Step>(
        _ field: TokenizerField, _ key: String, _ read: (TokenizerField) throws(TokenizerError) -> [Step]
    ) throws(TokenizerError) -> [Step] {
        var steps: [Step] = []
        for element in try field.require(key).elements() { steps += try read(element) }
        return steps
    }

    private static func flattened(_ field: TokenizerField) throws(TokenizerError) -> [TokenizerField] {
        guard try field.require("type").string() == "Sequence" else { return [field] }
        return try sequence(field, "pretokenizers", flattened)
    }

    private static func replacement(_ field: TokenizerField) throws(TokenizerError) -> (
        pattern: [UInt8], content: [UInt8]
    ) {
        let pattern = try field.require("pattern")
        if let expression = try pattern.optionalString("Regex") {
            throw pattern.unsupported(expression, supported: ["a plain String pattern"])
        }
        let text = Array(try pattern.require("String").string().utf8)
        guard text.count <= TextGrowth.longestPattern else {
            throw pattern.invalid("it has \(text.count) bytes, expected at most \(TextGrowth.longestPattern)")
        }
        return (text, Array(try field.require("content").string().utf8))
    }

    private static func splitCut(_ field: TokenizerField) throws(TokenizerError) -> PreTokenizer.OuterCut {
        let pattern = try field.require("pattern")
        let expression = try pattern.require("Regex").string()
        let behavior = try field.require("behavior")
        let inverts = try field.optionalBool("invert") ?? false
        if expression.utf8.elementsEqual(WordPattern.decimalDigit.utf8), try behavior.string() == "Isolated" {
            return .decimalDigits
        }
        guard let known = WordPattern.expressions.first(where: { $0.expression.utf8.elementsEqual(expression.utf8) })
        else {
            throw pattern.unsupported(
                expression,
                supported: ["the patterns of GPT-2, Llama 3 and Qwen2", WordPattern.decimalDigit + ", Isolated"])
        }
        // The patterns cover every text, so removing what lies between matches removes nothing.
        switch (try behavior.string(), inverts) {
        case ("Isolated", _), ("Removed", true): return .pattern(WordPattern(known.kind))
        case (let other, _):
            throw behavior.unsupported(
                other + (inverts ? " inverted" : ""), supported: ["Isolated", "Removed inverted"])
        }
    }

    private static func byteLevel(
        _ step: TokenizerField, after cuts: [PreTokenizer.OuterCut], in field: TokenizerField
    ) throws(TokenizerError) -> PreTokenizer {
        let addsPrefixSpace = try step.optionalBool("add_prefix_space") ?? true
        let inner = try step.optionalBool("use_regex") ?? true ? WordPattern(.gpt2) : nil
        guard !addsPrefixSpace || cuts.isEmpty else {
            throw step.unsupported(
                "ByteLevel with add_prefix_space after other steps", supported: ["add_prefix_space: false"])
        }
        switch (cuts.count, inner) {
        case (0, _): return .byteLevel(outer: .none, inner: inner, addsPrefixSpace: addsPrefixSpace)
        case (1, _): return .byteLevel(outer: cuts[0], inner: inner, addsPrefixSpace: false)
        case (2, nil):
            if case .pattern(let second) = cuts[1] {
                return .byteLevel(outer: cuts[0], inner: second, addsPrefixSpace: false)
            }
        default: break
        }
        throw field.unsupported("\(cuts.count) cuts before ByteLevel", supported: ["at most two cutting patterns"])
    }

    private static func metaspace(_ field: TokenizerField) throws(TokenizerError) -> PreTokenizer {
        let mark = try field.optionalString("replacement") ?? "\u{2581}"
        let addsPrefixSpace = try field.optionalBool("add_prefix_space") ?? true
        var prepends: PreTokenizer.PrependScheme = addsPrefixSpace ? .always : .never
        if let scheme = field["prepend_scheme"] {
            guard let known = PreTokenizer.PrependScheme(rawValue: try scheme.string()) else {
                throw scheme.unsupported(
                    try scheme.string(), supported: PreTokenizer.PrependScheme.allCases.map(\.rawValue))
            }
            prepends = known
        }
        guard !mark.isEmpty else { throw field.invalid("the replacement is empty") }
        try TextGrowth.require([Double(mark.utf8.count)], field)
        return .metaspace(mark: Array(mark.utf8), prepends: prepends, splits: try field.optionalBool("split") ?? true)
    }
}
