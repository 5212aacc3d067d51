public import CatenaEngine

/// How the frozen matrices of a model are kept in memory.
public enum BaseStorage: String, Sendable, CaseIterable {
    /// Four bytes a number; a float32 file is used where it is mapped.
    case float32
    /// At most two bytes a number: as they stand in the file where that is enough, else rounded to bfloat16.
    case bfloat16
    /// One byte a number and a scale for each row.
    case int8
    /// int8 where the products are int8, else float32.
    case auto
}

/// In what the products with frozen matrices are computed.
public enum BaseCompute: String, Sendable, CaseIterable {
    /// float32.
    case float32
    /// int8 codes of both sides, summed exactly.
    case int8
}

/// Storage and arithmetic of a model's frozen matrices.
public struct BaseFormat: Sendable, Equatable {
    /// Never `.auto`.
    public let storage: BaseStorage
    public let compute: BaseCompute

    /// - Returns: nil for int8 products of matrices that are not stored so.
    public init?(storage: BaseStorage, compute: BaseCompute) {
        switch (storage, compute) {
        case (.auto, .int8), (.int8, .int8): self.storage = .int8
        case (_, .int8): return nil
        case (.auto, .float32): self.storage = .float32
        case (_, .float32): self.storage = storage
        }
        self.compute = compute
    }

    /// The storage that the products need.
    public init(compute: BaseCompute) {
        storage = compute == .int8 ? .int8 : .float32
        self.compute = compute
    }

    /// Everything in float32.
    public static let float32 = BaseFormat(compute: .float32)

    /// What was chosen, in a few words.
    public var description: String {
        "frozen weights in \(storage.rawValue), products in \(compute.rawValue)"
    }

    /// `weight` in this format; its float32 numbers are not kept where the format has fewer bits.
    public func convert(_ weight: any FrozenWeight, role: Role, engine: Engine) -> any FrozenWeight {
        form(of: weight, keepsSource: false, role: role)?.placed(engine: engine) ?? weight
    }

    /// The form in which a matrix of a file is multiplied. A table that is only looked up stays in the file, unless all is float32.
    package func form(of matrix: StoredMatrix, role: Role) -> any WeightForm {
        // It is trained whole.
        if role == .classifier { return Float32Form(matrix: matrix) }
        let stored = StoredForm(matrix: matrix)
        switch storage {
        case .float32, .auto: return Float32Form(matrix: matrix)
        case .bfloat16 where role == .embedding || matrix.byteCount <= 2 * matrix.count: return stored
        case .int8 where role == .embedding: return stored
        case .bfloat16, .int8: return form(of: stored.mapped, keepsSource: true, role: role) ?? stored
        }
    }

    /// The form with fewer bits; nil for float32. Matrices beyond ``Int8Codes/longestReduction`` are multiplied in float32.
    private func form(of source: any FrozenWeight, keepsSource: Bool, role: Role) -> (any WeightForm)? {
        switch storage {
        case .float32, .auto: nil
        case .bfloat16: BFloat16Form(source: source, keepsSource: keepsSource)
        case .int8:
            Int8Form(
                source: source, keepsSource: keepsSource,
                gradientDigits: compute == .int8
                    && max(source.outFeatures, source.inFeatures) <= Int8Codes.longestReduction
                    ? Int8Weight.gradientDigits(isHead: role == .head) : nil)
        }
    }
}
