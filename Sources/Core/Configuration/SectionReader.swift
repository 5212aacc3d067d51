import CatenaFiles

/// The keys of one section, as an enum, so that a key that is read is also a key that is known.
protocol ConfigurationKey: RawRepresentable, CaseIterable, Sendable where RawValue == String {}

/// Which numbers a key takes: always ones that float32, in which they are computed with, can hold.
struct NumberBounds: Sendable {
    /// No number of a configuration or of an adapter's file is larger, by magnitude.
    static let largest = 1e30
    /// No number above 0 is smaller; float32 would make it 0.
    static let smallest = 1e-30

    var lower: Double
    var lowerIncluded = true
    var upper: Double?
    var upperIncluded = true

    static let positive = NumberBounds(lower: 0, lowerIncluded: false)
    static let notNegative = NumberBounds(lower: 0)
    static let ratio = NumberBounds(lower: 0, upper: 1)
    static let belowOne = NumberBounds(lower: 0, upper: 1, upperIncluded: false)

    func contains(_ value: Double) -> Bool {
        guard lowerIncluded ? value >= lower : value > lower else { return false }
        guard value.magnitude <= Self.largest, value == 0 || value.magnitude >= Self.smallest else { return false }
        guard let upper else { return true }
        return upperIncluded ? value <= upper : value < upper
    }

    /// What a message says about them; what float32 can hold matters only to those who are beyond it.
    func expected(found: Double?) -> String {
        guard let found, found != 0, !(Self.smallest...Self.largest).contains(found.magnitude) else { return expected }
        return expected + " that float32 can hold, so of 1e-30 to 1e30"
    }

    var expected: String {
        func text(_ value: Double) -> String {
            value == value.rounded() ? String(Int(value)) : value.description
        }
        let below = upper.map { (upperIncluded ? " and at most " : " and below ") + text($0) } ?? ""
        return "a number " + (lowerIncluded ? "of at least " : "above ") + text(lower) + below
    }
}

/// Reads one section strictly: only known keys, exact types, checked ranges; each failure names place and remedy.
struct SectionReader<Key: ConfigurationKey> {
    let path: String
    let origin: ConfigurationOrigin
    private(set) var unclaimed: [ConfigurationNode.Entry] = []
    private var entries: [String: ConfigurationNode.Entry] = [:]

    /// - Parameters:
    ///   - node: nil or nothing is an empty section.
    ///   - extraKeys: keys known beside `Key`'s, or nil when any other key may stay in `unclaimed`.
    init(
        _ node: ConfigurationNode?, path: String, origin: ConfigurationOrigin, extraKeys: [String]? = []
    ) throws(ConfigurationError) {
        self.path = path
        self.origin = node?.origin ?? origin
        guard let node, !node.isNothing else { return }
        guard case .section(let found) = node.content else {
            throw .invalidValue(
                origin: node.origin, keyPath: path.isEmpty ? "the configuration" : path,
                expected: "a section (key: value lines)", found: node.found, advice: nil)
        }
        let known = Key.allCases.map(\.rawValue)
        for entry in found {
            if known.contains(entry.key) {
                entries[entry.key] = entry
            } else if let extraKeys, !extraKeys.contains(entry.key) {
                throw unknownKey(entry, known: known + extraKeys)
            } else {
                unclaimed.append(entry)
            }
        }
    }

    func keyPath(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    func unknownKey(_ entry: ConfigurationNode.Entry, known: [String]) -> ConfigurationError {
        let nearest = NearestName.matches(for: entry.key, among: known, limit: 1).first.map(keyPath)
        let elsewhere = RunConfiguration.keyPaths.first { $0.hasSuffix(".\(entry.key)") || $0 == entry.key }
        return .unknownKey(
            origin: entry.keyOrigin, keyPath: keyPath(entry.key), suggestion: nearest ?? elsewhere,
            known: known)
    }

    func node(_ key: Key) -> ConfigurationNode? { entries[key.rawValue]?.node }

    func has(_ key: Key) -> Bool { node(key) != nil }

    /// The place of a key, or of the section when it does not have the key.
    func place(_ key: Key) -> ConfigurationOrigin { entries[key.rawValue]?.keyOrigin ?? origin }

    func invalid(_ key: Key, _ node: ConfigurationNode, expected: String, advice: String? = nil)
        -> ConfigurationError
    {
        .invalidValue(
            origin: node.origin, keyPath: keyPath(key.rawValue), expected: expected, found: node.found,
            advice: advice ?? (node.isNothing ? "give a value or remove the key" : nil))
    }

    func boolean(_ key: Key) throws(ConfigurationError) -> Bool? {
        guard let node = node(key) else { return nil }
        guard let value = node.boolean else { throw invalid(key, node, expected: "true or false") }
        return value
    }

    func integer(
        _ key: Key, atLeast least: Int = 1, atMost most: Int = WholeNumberLimit.count
    ) throws(ConfigurationError) -> Int? {
        guard let node = node(key) else { return nil }
        guard let value = node.integer(least...most) else {
            throw invalid(key, node, expected: WholeNumberLimit.expected(least...most, found: node.integer))
        }
        return value
    }

    /// A whole number of at least 1 that may also be given as `word`, which stands for nil; the outer nil means that the
    /// key is absent.
    func integer(
        _ key: Key, unless word: String, atMost most: Int = WholeNumberLimit.count
    ) throws(ConfigurationError) -> Int?? {
        try unless(key, is: word, expected: WholeNumberLimit.expected(1...most, found: node(key)?.integer)) {
            $0.integer(1...most)
        }
    }

    func number(_ key: Key, _ bounds: NumberBounds) throws(ConfigurationError) -> Double? {
        guard let node = node(key) else { return nil }
        guard let value = node.number, bounds.contains(value) else {
            throw invalid(key, node, expected: bounds.expected(found: node.number))
        }
        return value
    }

    /// A value that may also be given as `word`, which stands for nil; the outer nil means that the key is absent.
    func unless<Value>(
        _ key: Key, is word: String, expected: String, read: (ConfigurationNode) -> Value?
    ) throws(ConfigurationError) -> Value?? {
        guard let node = node(key) else { return nil }
        if node.text == word { return .some(nil) }
        guard let value = read(node) else { throw invalid(key, node, expected: expected + " or \(word)") }
        return value
    }

    /// Text that is not empty.
    func text(_ key: Key, expected: String = "text") throws(ConfigurationError) -> String? {
        guard let node = node(key) else { return nil }
        guard let value = node.text, !value.isEmpty else {
            let isBareScalar = !node.isNothing && (node.number != nil || node.boolean != nil)
            throw invalid(key, node, expected: expected, advice: isBareScalar ? "put it in quotes" : nil)
        }
        return value
    }

    /// The path of a file or folder; `~` stands for the home folder.
    func path(_ key: Key, expected: String) throws(ConfigurationError) -> String? {
        guard let node = node(key), let text = try text(key, expected: expected) else { return nil }
        do {
            return try UserPath.expanded(text)
        } catch {
            throw invalid(key, node, expected: expected, advice: error.description)
        }
    }

    func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ key: Key, _ type: Choice.Type = Choice.self
    ) throws(ConfigurationError) -> Choice? {
        guard let node = node(key) else { return nil }
        guard let text = node.text, let choice = Choice(rawValue: text) else {
            throw invalid(
                key, node, expected: choices(Choice.allCases.map(\.rawValue)),
                advice: nearest(node, Choice.allCases.map(\.rawValue)))
        }
        return choice
    }

    func choices(_ names: [String]) -> String {
        names.count == 1 ? names[0] : "one of " + names.joined(separator: ", ")
    }

    func nearest(_ node: ConfigurationNode, _ names: [String]) -> String? {
        guard let text = node.text else { return nil }
        return NearestName.matches(for: text, among: names, limit: 1).first.map { "did you mean \($0)?" }
    }

    /// The value, or the error that says that this key must be there.
    func required<Value>(_ value: Value?, _ key: Key, expected: String) throws(ConfigurationError) -> Value {
        guard let value else {
            throw .missingKey(origin: origin, keyPath: keyPath(key.rawValue), expected: expected)
        }
        return value
    }
}
