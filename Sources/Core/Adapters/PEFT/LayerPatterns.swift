/// Ranks and alphas of single layers, as `rank_pattern` and `alpha_pattern` of PEFT's files give them.
///
/// A key stands for the end of a layer's path from the beginning of one of its parts, as the regular expression
/// `(.*\.)?(KEY)$`. The first key that matches counts; PEFT writes them in alphabetical order and reads them in that order.
///
/// - Source: peft `utils/other.py`, `get_pattern_key`; `tuners/lora/model.py`; `config.py`, `save_pretrained`.
struct LayerPatterns: Sendable, Equatable {
    /// `rank_pattern`.
    var ranks: [String: Int] = [:]
    /// `alpha_pattern`.
    var alphas: [String: Double] = [:]

    /// Whether all layers have the same rank and alpha.
    var isEmpty: Bool { ranks.isEmpty && alphas.isEmpty }

    /// The rank that differs from that of the other layers.
    func rank(of path: String) -> Int? { Self.key(in: ranks.keys, matching: path).flatMap { ranks[$0] } }

    /// The alpha that differs from that of the other layers.
    func alpha(of path: String) -> Double? { Self.key(in: alphas.keys, matching: path).flatMap { alphas[$0] } }

    private static func key(in keys: some Sequence<String>, matching path: String) -> String? {
        keys.sorted().first { key in
            if isPlain(key) { return path == key || path.hasSuffix("." + key) }
            return (try? Regex(#"(.*\.)?("# + key + ")").wholeMatch(in: path)) != nil
        }
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

extension LayerPatterns {
    /// Reads both members of a `LoraConfig`.
    ///
    /// - Throws: ``FileError/wrongValue(path:keyPath:expected:actual:)`` for a key that is no regular expression or a rank below 1.
    init(_ file: JSONDocument) throws {
        for (key, value) in try Self.members("rank_pattern", of: file) {
            let rank = try value.int()
            guard rank >= 1 else { throw value.wrong("a whole number of at least 1") }
            ranks[key] = rank
        }
        for (key, value) in try Self.members("alpha_pattern", of: file) { alphas[key] = try value.double() }
    }

    private static func members(_ name: String, of file: JSONDocument) throws -> [(String, JSONDocument)] {
        guard let pattern = file[name] else { return [] }
        return try pattern.members().keys.sorted().map { key in
            let value = try pattern.require(key)
            guard (try? Regex("(" + key + ")")) != nil else { throw value.wrong("a key that is a regular expression") }
            return (key, value)
        }
    }

    /// The values of both members.
    var json: (ranks: JSONValue, alphas: JSONValue) {
        (.object(ranks.mapValues { .integer(Int64($0)) }), .object(alphas.mapValues { .shortest($0) }))
    }
}

extension RunConfiguration.AdapterSection {
    /// The rank of one layer's adapter.
    func rank(of layer: Linear) -> Int { patterns.rank(of: layer.path) ?? rank }

    /// The alpha of one layer's adapter.
    func alpha(of layer: Linear) -> Double { patterns.alpha(of: layer.path) ?? alpha }
}
