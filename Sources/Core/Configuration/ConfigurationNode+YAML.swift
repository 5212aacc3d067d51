import Yams

extension ConfigurationNode {
    /// Parses one YAML document whose root is a section.
    ///
    /// - Parameter origin: where a line and column of `yaml` lie for the user.
    static func parse(
        yaml: String, origin: (_ line: Int, _ column: Int) -> ConfigurationOrigin
    ) throws(ConfigurationError) -> ConfigurationNode {
        let root: Node?
        do {
            root = try Yams.compose(yaml: yaml)
        } catch let error as YamlError {
            throw configurationError(error, origin: origin)
        } catch {
            throw .invalidSyntax(origin: origin(1, 1), problem: "it cannot be parsed (\(error))")
        }
        guard let root else { return ConfigurationNode(origin: origin(1, 1), content: .section([])) }
        return try node(root, origin: origin)
    }

    private static func node(
        _ node: Node, origin: (Int, Int) -> ConfigurationOrigin
    ) throws(ConfigurationError) -> ConfigurationNode {
        let place = origin(node.mark?.line ?? 1, node.mark?.column ?? 1)
        switch node {
        case .scalar(let scalar):
            return ConfigurationNode(
                origin: place, content: .scalar(scalar.string, scalar.style == .plain ? .plain : .quoted))
        case .sequence(let sequence):
            var nodes: [ConfigurationNode] = []
            for element in sequence { nodes.append(try self.node(element, origin: origin)) }
            return ConfigurationNode(origin: place, content: .list(nodes))
        case .mapping(let mapping):
            var entries: [Entry] = []
            for (key, value) in mapping {
                let keyOrigin = origin(key.mark?.line ?? 1, key.mark?.column ?? 1)
                guard case .scalar(let name) = key else {
                    throw .invalidSyntax(origin: keyOrigin, problem: "a key here is not a plain word")
                }
                if entries.contains(where: { $0.key == name.string }) {
                    throw .duplicateKey(origin: keyOrigin, key: name.string)
                }
                entries.append(
                    Entry(key: name.string, keyOrigin: keyOrigin, node: try self.node(value, origin: origin)))
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
