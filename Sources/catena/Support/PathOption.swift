import ArgumentParser
import CatenaFiles

/// Reads the value of an option that is a path; every such option has this as its `transform`.
///
/// - Throws: `ValidationError` for a path that cannot be expanded.
@Sendable func expandedPath(_ argument: String) throws -> String {
    do {
        return try UserPath.expanded(argument)
    } catch {
        throw ValidationError(error.description + ".")
    }
}
