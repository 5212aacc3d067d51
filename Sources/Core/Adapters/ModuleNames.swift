import CatenaModels

/// A list that says which layers are meant: ends of their paths, and roles after `role:`.
struct ModuleNames {
    static let rolePrefix = "role:"

    /// The ends of paths.
    let names: [String]
    /// The roles.
    let roles: [Role]

    /// The names of `texts`; what follows `role:` and is no role means nothing.
    init(_ texts: [String]) {
        names = texts.filter { !$0.hasPrefix(Self.rolePrefix) }
        roles = texts.compactMap(Self.role)
    }

    /// What a list says by roles.
    static func text(_ roles: [Role]) -> [String] { roles.map { rolePrefix + $0.rawValue } }

    /// The role that `text` names; nil if it names none.
    static func role(_ text: String) -> Role? {
        text.hasPrefix(rolePrefix) ? Role(rawValue: String(text.dropFirst(rolePrefix.count))) : nil
    }

    /// Why `text` cannot be in such a list; nil if it can.
    static func fault(_ text: String) -> String? {
        guard text.hasPrefix(rolePrefix), role(text) == nil else { return nil }
        return "the roles are \(Role.allCases.map(\.rawValue).joined(separator: ", "))"
    }

    func matches(_ linear: Linear) -> Bool {
        roles.contains(linear.role) || names.contains { Self.path(linear.path, endsWith: $0) }
    }

    /// As in PEFT's `target_modules`: by whole parts of a path.
    static func path(_ path: String, endsWith name: String) -> Bool { path == name || path.hasSuffix("." + name) }
}
