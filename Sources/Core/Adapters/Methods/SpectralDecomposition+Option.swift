import CatenaEngine
import CatenaSchema

extension SpectralDecomposition {
    /// The option of the methods that use singular vectors.
    static func option(default value: ConfigurationValue) -> AdapterOption {
        AdapterOption(
            "iterations", .any, default: value,
            summary: "exact, or the number of power iterations of a randomised decomposition, which is faster")
    }

    /// What the option says.
    ///
    /// - Throws: ``AdapterError/optionMisfit(option:found:expected:)``.
    init(_ section: AdapterSection, seed: UInt64) throws(AdapterError) {
        let value = section.option("iterations") ?? .text("exact")
        if value.text == "exact" {
            self = .exact
        } else if let iterations = value.integer, iterations >= 0 {
            self = .randomised(iterations: iterations, seed: seed)
        } else {
            throw .optionMisfit(
                option: "iterations", found: value.inlineYAML,
                expected: "exact, or a whole number of power iterations from 0 (4 is usual)")
        }
    }
}
