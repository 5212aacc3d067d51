import CatenaEngine

/// A matrix of an adapter: trained, or fixed.
enum AdapterFactor {
    case trained(Parameter)
    case fixed(AdapterBuffer)

    /// The matrix in a computation.
    var variable: Variable {
        switch self {
        case .trained(let parameter): parameter.variable
        case .fixed(let buffer): Variable(buffer.value, requiresGradient: false)
        }
    }

    /// The trained tensor, if it is one.
    var parameter: Parameter? {
        guard case .trained(let parameter) = self else { return nil }
        return parameter
    }
}
