import CatenaAdapters
package import CatenaEngine
package import CatenaModels

extension LanguageModel {
    /// Attaches the PEFT adapter in `folder` with its dropout turned off, so that gradients are those of the function
    /// that inference computes.
    package func loadAdapterWithoutDropout(_ folder: String) throws -> ParameterSet {
        try loadAdapter(folder, dropout: 0)
    }
}
