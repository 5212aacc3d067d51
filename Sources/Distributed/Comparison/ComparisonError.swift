/// Why a comparison could not start or go on.
package enum ComparisonError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The output holds a comparison with another configuration.
    case otherConfiguration(path: String, differences: [String])
    /// The output holds a run, or something else that a comparison would mix with.
    case outputInUse(path: String)

    package var description: String {
        switch self {
        case .otherConfiguration(let path, let differences):
            "\(path) holds a comparison with another configuration (here against there): "
                + differences.joined(separator: "; ") + "; restore these keys or give another output."
        case .outputInUse(let path):
            "output \(path) holds a training run and no comparison; give another output."
        }
    }
}
