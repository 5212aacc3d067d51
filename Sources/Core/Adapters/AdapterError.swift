/// Why an adapter could not be built, loaded or exported.
public enum AdapterError: Error, Equatable, Sendable, CustomStringConvertible {
    /// `rank` is outside `1...min(inFeatures, outFeatures)` of a target layer.
    case rankOutOfRange(rank: Int, path: String, inFeatures: Int, outFeatures: Int)
    /// A value of the section does not fit the model.
    case doesNotFit(key: String, value: Int, problem: String, advice: String)
    /// The configuration names a method that the registry does not have.
    case unknownMethod(String, known: [String])
    /// A target matches no linear layer.
    case noTarget(String, near: [String])
    /// A target is no regular expression.
    case invalidPattern(String, reason: String)
    /// An option of the method does not fit the other options, the run or the model.
    case optionMisfit(option: String, found: String, expected: String)
    /// A size does not divide the sides `shape` of a target layer that it has to divide; those in `fitting` divide all.
    case indivisible(key: String, size: Int, path: String, shape: [Int], fitting: [Int])
    /// The model has none of the tensors that the method trains.
    case nothingToTrain(method: String, what: String, advice: String)
    /// The model is one of images, whose convolutions carry no adapters.
    case imageModel(method: String, family: String)
    /// The adapter's files use a feature that Catena does not implement.
    case unsupported(path: String, key: String, found: String, supported: String)
    /// The adapter's files do not fit the model or the configuration.
    case mismatch(path: String, reason: String)
    /// The adapter has no form in the wanted format.
    case notRepresentable(format: String, reason: String)

    public var description: String {
        switch self {
        case .rankOutOfRange(let rank, let path, let inFeatures, let outFeatures):
            "adapter.rank: rank \(rank) does not fit \(path), a [\(outFeatures), \(inFeatures)] matrix; "
                + "choose 1...\(min(inFeatures, outFeatures)) or leave that layer out of adapter.targets."
        case .doesNotFit(let key, let value, let problem, let advice):
            "adapter.\(key): \(value) \(problem); \(advice)."
        case .unknownMethod(let name, let known):
            "adapter.method: \"\(name)\" is unknown; expected one of \(known.joined(separator: ", "))."
        case .noTarget(let target, let near):
            "adapter.targets: \"\(target)\" matches no linear layer of the model; "
                + "did you mean \(near.joined(separator: ", "))?"
        case .invalidPattern(let pattern, let reason):
            "adapter.targets: \"\(pattern.prefix(100))\(pattern.count > 100 ? "…" : "")\" is no regular expression that can be "
                + "used (\(reason)); "
                + "correct it, or give a list of layer names."
        case .optionMisfit(let option, let found, let expected):
            "adapter.\(option): \(found) does not fit; expected \(expected)."
        case .indivisible(let key, let size, let path, let shape, let fitting):
            "adapter.\(key): \(size) does not divide \(path), a \(shape) matrix; "
                + (fitting.isEmpty ? "" : "choose \(fitting.map(String.init).joined(separator: " or ")), or ")
                + "leave that layer out of adapter.targets."
        case .nothingToTrain(let method, let what, let advice):
            "adapter.method: \(method) trains \(what), and this model has none; \(advice)."
        case .imageModel(let method, let family):
            "adapter.method: \(method) does not fit a \(family), because convolutions carry no adapters; train the model whole "
                + "(adapter: {method: full})."
        case .unsupported(let path, let key, let found, let supported):
            "\(path): \(key) is \(found), which is not supported; expected \(supported)."
        case .mismatch(let path, let reason):
            "\(path): \(reason); use the adapter with the model and options it was made for."
        case .notRepresentable(let format, let reason):
            "this adapter cannot be written as \(format): \(reason)."
        }
    }
}
