import ArgumentParser
import CatenaLearning
import CatenaModels

/// `--shape` of the verbs that take one.
extension BenchmarkShape {
    /// The sizes that the option names.
    static func chosen(_ shape: String) throws -> ModelConfiguration {
        guard let configuration = try configuration(shape) else { throw unknown(shape) }
        return configuration
    }

    /// What is wrong with a name that is neither a shape's nor a file's.
    static func unknown(_ shape: String) -> ValidationError {
        ValidationError("--shape is \(shape), expected \(names.joined(separator: ", ")) or a config.json.")
    }
}
