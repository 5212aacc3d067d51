import Yams

extension ConfigurationNode {
    /// Parses one YAML document whose root is a section.
    ///
    /// - Parameter origin: where a line and column of `yaml` lie for the user.
    package static func parse(
        yaml: String, origin: (_ line: Int, _ column: Int) -> ConfigurationOrigin
    ) throws(ConfigurationError) -> ConfigurationNode {
        try requireFewAliases(yaml, origin: origin)
        let root: Node?
        do {
            root = try Yams.compose(yaml: yaml)
        } catch let error as YamlError {
            throw configurationError(error, origin: origin)
        } catch {
            throw .invalidSyntax(origin: origin(1, 1), problem: "it cannot be parsed (\(error))")
        }
        guard let root else { return ConfigurationNode(origin: origin(1, 1), content: .section([])) }
        var budget = maximumValues
        return try node(root, origin: origin, budget: &budget)
    }

    /// Most values of a configuration; those that aliases repeat count each time.
    private static let maximumValues = 20_000
    /// Few enough that no text within the size limit grows or nests beyond what the parser can hold.
    private static let maximumAliases = 16

    /// Aliases within what aliases stand for multiply: 90 of them can stand for 10^9 values, which the parser makes
    /// before anyone can count.
    private static func requireFewAliases(
        _ yaml: String, origin: (Int, Int) -> ConfigurationOrigin
    ) throws(ConfigurationError) {
        var (previous, mark) = (UInt8(ascii: "\n"), UInt8(0))
        var (anchors, aliases, line) = (0, 0, 1)
        for byte in yaml.utf8 {
            if mark != 0, byte > 0x20, !",[]{}*&".utf8.contains(byte) {
                if mark == UInt8(ascii: "&") { anchors += 1 } else { aliases += 1 }
            }
            let startsValue = previous <= 0x20 || ",[{:".utf8.contains(previous)
            mark = startsValue && (byte == UInt8(ascii: "&") || byte == UInt8(ascii: "*")) ? byte : 0
            previous = byte
            if anchors > 0, aliases > maximumAliases {
                throw .invalidSyntax(
                    origin: origin(line, 1),
                    problem: "more than \(maximumAliases) aliases (*name) are not read; write the values out")
            }
            if byte == UInt8(ascii: "\n") { line += 1 }
        }
    }

    private static func node(
        _ node: Node, origin: (Int, Int) -> ConfigurationOrigin, budget: inout Int
    ) throws(ConfigurationError) -> ConfigurationNode {
        let place = origin(node.mark?.line ?? 1, node.mark?.column ?? 1)
        budget -= 1
        guard budget >= 0 else {
            throw .invalidSyntax(
                origin: place,
                problem: "a configuration has at most \(maximumValues) values, those of aliases counted each time")
        }
        switch node {
        case .scalar(let scalar):
            return ConfigurationNode(
                origin: place, content: .scalar(scalar.string, scalar.style == .plain ? .plain : .quoted))
        case .sequence(let sequence):
            var nodes: [ConfigurationNode] = []
            for element in sequence { nodes.append(try self.node(element, origin: origin, budget: &budget)) }
            return ConfigurationNode(origin: place, content: .list(nodes))
        case .mapping(let mapping):
            var entries: [Entry] = []
            var names: Set<String> = []
            for (key, value) in mapping {
                let keyOrigin = origin(key.mark?.line ?? 1, key.mark?.column ?? 1)
                guard case .scalar(let name) = key else {
                    throw .invalidSyntax(origin: keyOrigin, problem: "a key here is not a plain word")
                }
                guard names.insert(name.string).inserted else {
                    throw .duplicateKey(origin: keyOrigin, key: name.string)
                }
                entries.append(
                    Entry(
                        key: name.string, keyOrigin: keyOrigin,
                        node: try self.node(value, origin: origin, budget: &budget)))
            }
            return ConfigurationNode(origin: place, content: .section(entries))
        case .alias:
            throw .invalidSyntax(origin: place, problem: "an alias here stands for nothing")
        }
    }

    private static func configurationError(
        _ error: YamlError, origin: (Int, Int) -> ConfigurationOrigin
    ) -> ConfigurationError {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            return .invalidSyntax(origin: origin(mark.line, mark.column), problem: problem)
        case .reader(let problem, let offset, _, let yaml):
            let before = yaml.prefix(offset ?? 0)
            let line = before.count { $0 == "\n" } + 1
            let column = before.reversed().prefix { $0 != "\n" }.count + 1
            return .invalidSyntax(origin: origin(line, column), problem: problem)
        case .duplicatedKeysInMapping(let duplicates, let context):
            return .duplicateKey(
                origin: origin(context.mark.line, context.mark.column), key: duplicates.first ?? "")
        default:
            return .invalidSyntax(origin: origin(1, 1), problem: "it cannot be parsed (\(error))")
        }
    }
}
