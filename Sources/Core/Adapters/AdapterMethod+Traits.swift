import CatenaEngine
import CatenaFiles
import CatenaModels

extension AdapterMethod {
    /// What a method changes in a model.
    package enum Kind: Sendable, CaseIterable {
        /// Matrices, by a change that is exactly a LoRA.
        case lowRank
        /// Matrices, otherwise.
        case matrices
        /// The way from a sublayer to the residual stream.
        case sublayers
        /// Numbers of the model itself.
        case model

        /// A heading for lists.
        package var title: String {
            switch self {
            case .lowRank: "Low-rank changes of matrices, each exactly a LoRA"
            case .matrices: "Other changes of matrices"
            case .sublayers: "Small networks behind attention and feed-forward"
            case .model: "Numbers of the model itself"
            }
        }
    }

    /// What can be known about a method from the adapters that it makes.
    package struct Traits: Sendable {
        /// What it changes.
        package let kind: Kind
        /// The forms in which its adapters can be handed on to other programs.
        package let exports: [AdapterFormat]
    }

    /// Makes the method's adapters, with its defaults, for a small model that has only a shape.
    ///
    /// - Throws: what the method throws.
    package func traits() throws -> Traits {
        let model = try LanguageModel(
            configuration: .sample, weights: CountedWeights(.encoding(.float32)), engine: Engine(threads: 1))
        let adapter = try model.attachAdapters(defaultSection, seed: 0)
        let kind: Kind =
            if !adapter.sublayerAdapters.isEmpty {
                .sublayers
            } else if adapter.linearAdapters.isEmpty {
                .model
            } else {
                hasLoRAForm ? .lowRank : .matrices
            }
        var exports: [AdapterFormat] = []
        if peft != nil || hasLoRAForm { exports.append(.peft) }
        if hasLoRAForm { exports += [.lora, .gguf] }
        if adapter.isMergeable { exports.append(.merged) }
        return Traits(kind: kind, exports: exports)
    }
}
