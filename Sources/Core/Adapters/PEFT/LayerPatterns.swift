import CatenaFiles
import CatenaModels
import CatenaPatterns

/// Ranks and alphas of single layers, as `rank_pattern` and `alpha_pattern` of PEFT's files give them.
///
/// A key stands for the end of a layer's path from the beginning of one of its parts, as the regular expression
/// `(.*\.)?(KEY)$`. The first key that matches counts; PEFT writes them in alphabetical order and reads them in that order.
///
/// - Source: peft `utils/other.py`, `get_pattern_key`; `tuners/lora/model.py`; `config.py`, `save_pretrained`.
struct LayerPatterns: Sendable, Equatable {
    /// `rank_pattern`.
    var ranks = LayerPatternTable<Int>()
    /// `alpha_pattern`.
    var alphas = LayerPatternTable<Double>()

    /// Whether all layers have the same rank and alpha.
    var isEmpty: Bool { ranks.values.isEmpty && alphas.values.isEmpty }

    /// The values of both members.
    var json: (ranks: JSONValue, alphas: JSONValue) {
        (
            .object(JSONObject(ranks.values.mapValues { .integer($0) })),
            .object(JSONObject(alphas.values.mapValues { .shortest($0) }))
        )
    }
}

/// Values by the ends of layers' paths.
struct LayerPatternTable<Value: Sendable & Equatable>: Sendable, Equatable {
    /// Every key as it stands in the file.
    private(set) var values: [String: Value] = [:]
    /// The keys that are more than a path or the end of one, in alphabetical order.
    private var expressions: [Expression] = []

    private struct Expression: Sendable, Equatable {
        let key: String
        let pattern: RegularExpression
    }

    /// Sets the value of the layer at `path`.
    mutating func set(_ path: String, _ value: Value) { values[path] = value }

    /// The value for the layer at `path`; nil if no key matches.
    func value(of path: String) -> Value? {
        var plain: String?
        var end = path[...]
        while true {
            if values[String(end)] != nil, plain.map({ end < $0 }) ?? true { plain = String(end) }
            guard let dot = end.firstIndex(of: ".") else { break }
            end = end[end.index(after: dot)...]
        }
        for expression in expressions {
            if let plain, plain < expression.key { break }
            if expression.pattern.matchesWhole(path) { return values[expression.key] }
        }
        return plain.flatMap { values[$0] }
    }

    /// Whether a key is a path or the end of one, which is compared as it stands.
    private static func isPlain(_ key: String) -> Bool {
        key.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
                true
            default: false
            }
        }
    }
}

extension LayerPatternTable {
    /// Reads a member of a `LoraConfig`.
    ///
    /// All its regular expressions together may be as long as one may be.
    ///
    /// - Throws: ``FileError/wrongValue(path:keyPath:expected:actual:)`` for a key that is no regular expression or a value
    ///   that `read` refuses.
    init(_ name: String, of file: JSONDocument, read: (JSONDocument) throws -> Value) throws {
        guard let member = file[name] else { return }
        var length = 0
        for (key, value) in try member.fields() {
            guard values.updateValue(try read(value), forKey: key) == nil else {
                throw value.wrong("one value, and no other in a key of the same letters composed otherwise")
            }
            guard !Self.isPlain(key) else { continue }
            let pattern = try value.regularExpression(#"(.*\.)?("# + key + ")", shownAs: "a key that is")
            length += pattern.length
            guard length <= RegularExpression.maximumProgram else {
                throw value.wrong("a key of a \(name) whose regular expressions are not that long all together")
            }
            expressions.append(Expression(key: key, pattern: pattern))
        }
    }
}

extension LayerPatterns {
    /// Reads both members of a `LoraConfig`.
    ///
    /// - Throws: ``FileError/wrongValue(path:keyPath:expected:actual:)``.
    init(_ file: JSONDocument) throws {
        ranks = try LayerPatternTable("rank_pattern", of: file) { try $0.adapterRank() }
        alphas = try LayerPatternTable("alpha_pattern", of: file) { try $0.adapterAlpha() }
    }
}

extension AdapterSection {
    /// The rank of one layer's adapter.
    func rank(of layer: Linear) -> Int { patterns.ranks.value(of: layer.path) ?? rank }

    /// The alpha of one layer's adapter.
    func alpha(of layer: Linear) -> Double { patterns.alphas.value(of: layer.path) ?? alpha }
}
