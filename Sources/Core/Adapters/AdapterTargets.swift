import CatenaFiles
import CatenaModels
import CatenaPatterns

/// Chooses the linear layers that get an adapter.
struct AdapterTargets {
    private let targets: AdapterSection.Targets

    init(_ targets: AdapterSection.Targets) {
        self.targets = targets
    }

    /// The chosen ones of `linears`, in their order.
    ///
    /// A name matches a layer whose path ends with it (`q_proj`, `self_attn.q_proj`), a regular expression one whose whole path it
    /// matches, as in PEFT's `target_modules`; `role:query` one that is there for queries, whatever its name. Each name has to match
    /// something, and so has one of the roles: a family has three matrices or one for queries, keys and values.
    func select(from linears: [Linear]) throws -> [Linear] {
        switch targets {
        case .allLinear:
            return linears
        case .names(let names):
            if names.isEmpty { throw noMatch("[]", linears) }
            let modules = ModuleNames(names)
            for name in modules.names where !linears.contains(where: { ModuleNames.path($0.path, endsWith: name) }) {
                throw noMatch(name, linears)
            }
            let chosen = linears.filter(modules.matches)
            if modules.names.isEmpty, chosen.isEmpty { throw noMatch(names.joined(separator: ", "), linears) }
            return chosen
        case .pattern(let pattern):
            let expression: RegularExpression
            do throws(RegularExpressionError) {
                expression = try RegularExpression(pattern)
            } catch {
                throw AdapterError.invalidPattern(pattern, reason: "\(error)")
            }
            let chosen = linears.filter { expression.matchesWhole($0.path) }
            if chosen.isEmpty { throw noMatch(pattern, linears) }
            return chosen
        }
    }

    private func noMatch(_ target: String, _ linears: [Linear]) -> AdapterError {
        var names: [String] = []
        for linear in linears where !names.contains(linear.moduleName) { names.append(linear.moduleName) }
        let near = NearestName.matches(for: target, among: names, limit: 3)
        return .noTarget(target, near: near.isEmpty ? names : near)
    }
}
