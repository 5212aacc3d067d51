/// A named way to make adapters. A method is one file that extends this type, and one line in `all`.
public struct AdapterMethod: Sendable {
    /// The name in configurations.
    public let name: String
    /// What it does, in one line.
    public let summary: String
    /// What it computes, with shapes, initialisation and the number of parameters; several lines.
    public let formula: String
    /// The papers, and whose initialisation it follows; several lines.
    public let source: String
    /// The options that it takes beside the common ones.
    public let options: [AdapterOption]
    let make:
        @Sendable (_ layer: Linear, _ section: RunConfiguration.AdapterSection, _ seed: UInt64) throws ->
            any LinearAdapter

    /// Every method.
    public static let all: [AdapterMethod] = [.lora]

    /// The options of every method by name, as the configuration's parser wants them.
    public static var optionsByName: [String: [AdapterOption]] {
        Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0.options) })
    }

    /// The method called `name`.
    ///
    /// - Throws: ``AdapterError/unknownMethod(_:known:)``.
    public static func named(_ name: String) throws(AdapterError) -> AdapterMethod {
        guard let method = all.first(where: { $0.name == name }) else {
            throw .unknownMethod(name, known: all.map(\.name))
        }
        return method
    }
}

extension LanguageModel {
    /// Gives every targeted layer an adapter and returns all their parameters in layer order.
    ///
    /// - Throws: ``AdapterError`` if nothing matches, the method is unknown or the rank does not fit.
    public func attachAdapters(_ section: RunConfiguration.AdapterSection, seed: UInt64) throws -> [Parameter] {
        let method = try AdapterMethod.named(section.method)
        let targets = try AdapterTargets(section.targets).select(from: linears)
        // All are made before one is attached, so that a refusal changes nothing.
        let adapters = try targets.map { try method.make($0, section, seed) }
        for (layer, adapter) in zip(targets, adapters) { layer.adapter = adapter }
        return adapters.flatMap(\.parameters)
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
