import CatenaAdapters
import CatenaLearning

/// An adapter section from options of the command line, checked as strictly as a run's.
enum AdapterOptions {
    /// The method's defaults with what `rank` and `set` (`adapter.key=value`) say instead.
    ///
    /// - Throws: ``ConfigurationError`` or what reading a run's configuration throws.
    static func section(method: String?, rank: Int?, set: [String]) throws -> AdapterSection {
        var overrides: [String] = []
        if let method { overrides.append("adapter.method=\(method)") }
        if let rank { overrides.append("adapter.rank=\(rank)") }
        let yaml = "{model: none, data: {train: none}, training: {steps: 1}, output: none}"
        let configuration = try RunConfiguration.parse(yaml: yaml, path: "the options", overrides: overrides + set)
        // A configuration that trains the whole model has no adapter section.
        return configuration.adapter ?? AdapterMethod.full.defaultSection
    }
}
