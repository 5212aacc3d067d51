import CatenaModels

/// Floating-point operations for each token; a multiplication and an addition are two.
struct PlannedOperations {
    private let attention: Double
    private let trained: Double
    private let gradientOfMatrices: Double
    /// Time of a frozen product beside float32's.
    private let frozenCost: Double
    private let recomputes: Bool
    /// The projection to the vocabulary forward and backward, on the learned part of the tokens.
    let head: Double

    init(_ request: PlanRequest, recomputes: Bool) {
        let inventory = request.inventory
        let shape = inventory.configuration
        let sequence = min(request.work.sequenceTokens, 2 * (shape.slidingWindow ?? request.work.sequenceTokens))
        // Q Kᵀ and P V over the keys that a token sees, itself included.
        let keys = shape.isBidirectional ? Double(sequence) : Double(sequence + 1) / 2
        attention = 4 * Double(shape.queryWidth) * keys
        trained = request.trainsAll ? 0 : Double(inventory.trainableElements) / Double(max(inventory.layers.count, 1))
        gradientOfMatrices = request.trainsAll ? 2 : 0
        self.recomputes = recomputes
        frozenCost = request.baseFormat.compute == .int8 ? 1 / PlannedRate.int8Speedup : 1
        let products = 4 * frozenCost + gradientOfMatrices
        head = products * Double(inventory.projection.elements) * request.work.supervisedFraction
    }

    /// `2 E + 4 Q c + 2 T/L`.
    func forward(_ layer: CountedMatrices) -> Double {
        2 * frozenCost * Double(layer.elements) + attention + 2 * trained
    }

    /// `2 E + 10 Q c + 4 T/L`: five products of attention (scores again, dV, dP, dQ, dK) for two forward.
    func backward(_ layer: CountedMatrices) -> Double {
        let own = (2 * frozenCost + gradientOfMatrices) * Double(layer.elements) + 2.5 * attention + 4 * trained
        return own + (recomputes ? forward(layer) : 0)
    }
}
