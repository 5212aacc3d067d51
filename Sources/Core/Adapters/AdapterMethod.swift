public import CatenaModels
import CatenaSchema

/// A named way to make adapters. A method is one file that extends this type, and one line in `all`.
public struct AdapterMethod: Sendable {
    /// The keys of the `adapter` section that several methods share.
    public enum CommonKey: String, Sendable, CaseIterable {
        case rank, alpha, dropout, targets
        case initial = "init"
    }

    /// The name in configurations.
    public let name: String
    /// What it does, in one line.
    public let summary: String
    /// What it computes, with shapes and initialisation; several lines.
    public let formula: String
    /// The number of trained parameters, one line.
    public let parameterFormula: String
    /// The numbers that it keeps beside the trained ones and the optimizer's, one line; nil for none.
    public var keptFormula: String?
    /// The papers, and whose initialisation it follows; several lines.
    public let source: String
    /// Which of the common keys it takes.
    public var commonKeys = Set(CommonKey.allCases)
    /// What `rank` is when a configuration does not give it.
    public var defaultRank = 8
    /// What `alpha` is when a configuration does not give it, by the rank.
    public var defaultAlpha: @Sendable (_ rank: Int) -> Double = { Double(2 * $0) }
    /// Where adapters go when a configuration does not say.
    public var defaultTargets = AdapterSection.Targets.allLinear
    /// The options that it takes beside the common ones.
    public var options: [AdapterOption] = []
    /// Whether its change of a layer is exactly a plain LoRA.
    public var hasLoRAForm = false
    /// Its own form in PEFT's files; nil where PEFT has none.
    var peft: PEFTForm?
    /// Builds the adapters without changing the model and without reading the numbers of its matrices.
    let make: @Sendable (AdapterRequest) throws -> AttachedAdapter

    /// Every method.
    public static let all: [AdapterMethod] = [
        .lora, .dora, .moSLoRA, .linChain, .tiedLoRA, .veRA, .pissa, .olora, .loraGA, .sorsa, .adalora, .bone, .bat,
        .compacter, .compacterPlusPlus, .houlsby, .pfeiffer, .ia3, .bitfit, .lnTuning, .full,
    ]

    /// The method called `name`.
    ///
    /// - Throws: ``AdapterError/unknownMethod(_:known:)``.
    public static func named(_ name: String) throws(AdapterError) -> AdapterMethod {
        guard let method = all.first(where: { $0.name == name }) else {
            throw .unknownMethod(name, known: all.map(\.name))
        }
        return method
    }

    /// `peft_type` of its own form in PEFT's files; nil where PEFT has none.
    public var peftType: String? { peft?.type }

    /// A section of this method with every default.
    public var defaultSection: AdapterSection {
        var section = AdapterSection()
        section.method = name
        section.rank = defaultRank
        section.alpha = defaultAlpha(defaultRank)
        section.targets = defaultTargets
        section.options = options.map { .init($0.name, $0.defaultValue) }
        return section
    }
}

/// What a method makes adapters for.
public struct AdapterRequest {
    /// The model that is to be adapted. Its matrices may be elsewhere, or only their shapes may be known.
    public let model: LanguageModel
    /// The layers that `targets` chose, in the order of a forward pass.
    public let layers: [Linear]
    /// The head's layers that are trained whole beside the adapters, which get none.
    public let saved: [Linear]
    /// The method's options and the common keys.
    public let section: AdapterSection
    /// Key of all random numbers.
    public let seed: UInt64
}

extension LanguageModel {
    /// Replaces the model's adapters by those of a configuration, which become usable with a ``ParameterSet`` of their
    /// parameters and, where they begin with numbers of the model's matrices, ``initialiseFromWeights(owns:)``.
    ///
    /// - Throws: as ``makeAdapters(_:seed:)``; the model is as before then.
    @discardableResult
    public func attachAdapters(
        _ section: AdapterSection, seed: UInt64
    ) throws -> AttachedAdapter {
        let made = try makeAdapters(section, seed: seed)
        install(made)
        return made
    }

    /// The adapters of a configuration, not put into the model.
    ///
    /// - Throws: ``AdapterError`` if nothing matches, the method is unknown or the rank does not fit.
    public func makeAdapters(_ section: AdapterSection, seed: UInt64) throws -> AttachedAdapter {
        let method = try AdapterMethod.named(section.method)
        guard configuration.images == nil || method.name == AdapterMethod.full.name else {
            throw AdapterError.imageModel(method: method.name, family: configuration.family)
        }
        // Where everything is trained, nothing is left to save beside it.
        let saved = method.name == AdapterMethod.full.name ? [] : try savedModules(section.savedModules)
        let free = linears.filter { linear in !saved.contains { $0 === linear } }
        let layers =
            method.commonKeys.contains(.targets) ? try AdapterTargets(section.targets).select(from: free) : []
        let made = try method.make(
            AdapterRequest(model: self, layers: layers, saved: saved, section: section, seed: seed))
        made.save(saved)
        return made
    }

    /// The layers that carry an adapter.
    public var adaptedLinears: [Linear] { linears.filter { $0.adapter != nil } }
}

extension Linear {
    func requireRank(_ rank: Int) throws(AdapterError) {
        guard (1...min(inFeatures, outFeatures)).contains(rank) else {
            throw .rankOutOfRange(rank: rank, path: path, inFeatures: inFeatures, outFeatures: outFeatures)
        }
    }
}
