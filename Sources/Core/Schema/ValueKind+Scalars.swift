import CatenaFiles

extension ValueKind where Value == Bool {
    /// `true` or `false`.
    package static let flag = ValueKind("true or false", write: { .boolean($0) }, accept: \.boolean)
}

extension ValueKind where Value == Int {
    package static func wholeNumber(_ range: ClosedRange<Int> = 1...WholeNumberLimit.count) -> Self {
        ValueKind(
            "a whole number of at least \(range.lowerBound)"
                + (range.upperBound < WholeNumberLimit.count ? " and at most \(range.upperBound)" : ""),
            expected: { WholeNumberLimit.expected(range, found: $0.integer) }, write: { .integer($0) },
            accept: { $0.integer(range) })
    }
}

extension ValueKind where Value == Double {
    package static func number(_ bounds: NumberBounds) -> Self {
        ValueKind(
            bounds.expected, expected: { bounds.expected(found: $0.number) }, write: { .number($0) },
            accept: { node in node.number.flatMap { bounds.contains($0) ? $0 : nil } })
    }
}

extension ValueKind where Value == String {
    /// Text that is not empty.
    package static func text(_ expected: String = "text") -> Self {
        ValueKind(
            expected,
            advice: { !$0.isNothing && ($0.number != nil || $0.boolean != nil) ? "put it in quotes" : nil },
            write: { .text($0) }, accept: { node in node.text.flatMap { $0.isEmpty ? nil : $0 } })
    }

    /// A path, where `~` stands for the home folder.
    package static func path(_ expected: String) -> Self {
        let text = Self.text(expected)
        return ValueKind(
            summary: expected,
            read: { node, keyPath throws(ConfigurationError) in
                let path = try text.read(node, keyPath)
                do throws(UserPath.Refusal) {
                    return try UserPath.expanded(path)
                } catch {
                    throw .invalid(node, keyPath, expected: expected, advice: error.description)
                }
            }, write: { .text($0) })
    }

    /// One of `names`.
    package static func choice(of names: [String]) -> Self {
        ValueKind(
            choices(names), advice: { nearest($0, names) }, write: { .text($0) },
            accept: { node in node.text.flatMap { names.contains($0) ? $0 : nil } })
    }
}

extension ValueKind where Value: RawRepresentable & CaseIterable & Sendable, Value.RawValue == String {
    /// One of the cases.
    package static var choice: Self {
        let names = Value.allCases.map(\.rawValue)
        return ValueKind(
            choices(names), advice: { nearest($0, names) }, write: { .text($0.rawValue) },
            accept: { $0.text.flatMap(Value.init(rawValue:)) })
    }
}

extension ValueKind {
    /// A list of one or more values that all count as wrong when one of them is.
    package static func list<Element: Sendable>(
        of kind: ValueKind<Element>, _ expected: String,
        isAllowed: @escaping @Sendable ([Element]) -> Bool = { _ in true }
    ) -> Self where Value == [Element] {
        ValueKind(
            summary: expected,
            read: { node, keyPath throws(ConfigurationError) in
                guard case .list(let nodes) = node.content, !nodes.isEmpty else {
                    throw .invalid(node, keyPath, expected: expected)
                }
                var values: [Element] = []
                for element in nodes {
                    guard let value = try? kind.read(element, keyPath), isAllowed(values + [value]) else {
                        throw .invalid(element, keyPath, expected: expected)
                    }
                    values.append(value)
                }
                return values
            }, write: { values in values.isEmpty ? nil : .list(values.compactMap(kind.write)) })
    }
}

/// `one of a, b, c`.
package func choices(_ names: [String]) -> String {
    names.count == 1 ? names[0] : "one of " + names.joined(separator: ", ")
}

/// The name that was probably meant, as an advice.
package func nearest(_ node: ConfigurationNode, _ names: [String]) -> String? {
    guard let text = node.text else { return nil }
    return NearestName.matches(for: text, among: names, limit: 1).first.map { "did you mean \($0)?" }
}
