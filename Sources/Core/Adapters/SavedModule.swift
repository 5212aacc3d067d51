import CatenaEngine
import CatenaModels

/// A linear layer of a head that is trained whole beside an adapter, as PEFT's `modules_to_save` are.
struct SavedModule {
    let linear: Linear
    private let weight: Parameter
    private let bias: Parameter?

    init(_ linear: Linear) {
        self.linear = linear
        weight = linear.trainableParameter(prefix: PEFT.prefix)
        bias = linear.bias?.trainableParameter(prefix: PEFT.prefix)
    }

    /// W and, where there is one, b.
    var parameters: [Parameter] { [weight] + (bias.map { [$0] } ?? []) }

    /// Computes with the parameters from now on, or with the frozen numbers.
    func train(_ isTrained: Bool) {
        linear.train(isTrained ? weight : nil)
        linear.bias?.train(isTrained ? bias : nil)
    }

    /// The module as `modules_to_save` names it: the end of its path, without `dense`, which layers have too.
    var name: String {
        let parts = linear.path.split(separator: ".")
        return String((parts.last == "dense" ? parts.dropLast().last : parts.last) ?? "")
    }
}

extension LanguageModel {
    /// What PEFT saves whole of any classifier, whichever of them the model has.
    private static let defaultNames: Set<String> = ["classifier", "score"]

    /// The layers that are trained whole beside an adapter: the classifier, what the model's files do not hold, and those that
    /// `names` means.
    ///
    /// A name means the module whose path ends with it, or the one around that.
    ///
    /// - Throws: ``AdapterError/optionMisfit(option:found:expected:)`` for a name that means nothing in the head.
    func savedModules(_ names: [String]) throws(AdapterError) -> [Linear] {
        let modules = head.wholeModules
        for name in names where !modules.contains(where: { $0.isMeant(by: name) }) {
            if !modules.isEmpty, Self.defaultNames.contains(name) { continue }
            throw .optionMisfit(
                option: "modules-to-save", found: name,
                expected: modules.isEmpty
                    ? "none, because the model has no classification head"
                    : "one of " + modules.map { SavedModule($0).name }.joined(separator: ", "))
        }
        return modules.filter { module in
            module.role == .classifier || head.madeModules.contains(module.path)
                || names.contains { module.isMeant(by: $0) }
        }
    }
}

extension Linear {
    fileprivate func isMeant(by name: String) -> Bool {
        let module = path.split(separator: ".").dropLast().joined(separator: ".")
        return [path, module].contains { $0 == name || $0.hasSuffix("." + name) }
    }
}
