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
    /// A name matches a layer whose path ends with it (`q_proj`, `self_attn.q_proj`), a regular
    /// expression one whose whole path it matches, as in PEFT's `target_modules`.
    func select(from linears: [Linear]) throws -> [Linear] {
        switch targets {
        case .allLinear:
            return linears
        case .names(let names):
            if names.isEmpty { throw noMatch("[]", linears) }
            for name in names where !linears.contains(where: { matches($0.path, name) }) {
                throw noMatch(name, linears)
            }
            return linears.filter { linear in names.contains { matches(linear.path, $0) } }
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

    private func matches(_ path: String, _ name: String) -> Bool {
        path == name || path.hasSuffix("." + name)
    }

    private func noMatch(_ target: String, _ linears: [Linear]) -> AdapterError {
        var names: [String] = []
        for linear in linears where !names.contains(linear.moduleName) { names.append(linear.moduleName) }
        let near = NearestName.matches(for: target, among: names, limit: 3)
        return .noTarget(target, near: near.isEmpty ? names : near)
    }
}
