import CatenaAdapters
import CatenaModels
import CatenaSchema

/// One method with one choice of options, and what is known about it from its definition.
struct MethodCase: Sendable, CustomStringConvertible {
    /// Where a formula is evaluated.
    struct Site {
        /// The layer's path; for a sublayer, the layer's.
        let path: String
        /// W `[out, in]`; empty for a sublayer.
        let weight: DoubleMatrix
        /// b, `[1, out]`.
        let bias: DoubleMatrix?
        /// Parameters and buffers by their full names.
        let tensors: [String: DoubleMatrix]
        /// The same before anything was moved for a difference: what a method holds constant in its gradient.
        let resting: [String: DoubleMatrix]
        let section: AdapterSection

        /// A tensor of this layer by the end of its name.
        func callAsFunction(_ name: String) -> DoubleMatrix { at(name, tensors) }

        /// The same as it was before anything was moved.
        func resting(_ name: String) -> DoubleMatrix { at(name, resting) }

        private func at(_ name: String, _ tensors: [String: DoubleMatrix]) -> DoubleMatrix {
            guard let found = tensors["base_model.model.\(path).\(name)"] ?? tensors[name] else {
                preconditionFailure("no tensor \(name) of \(path) among \(tensors.keys.sorted())")
            }
            return found
        }

        /// `X Mᵀ + b`.
        func through(_ matrix: DoubleMatrix, _ x: DoubleMatrix) -> DoubleMatrix {
            (x * matrix.transposed).addingRow(bias)
        }
    }

    /// The definition in float64, written from the paper or the reference and not from the program.
    enum Formula: Sendable {
        /// Output of an adapted layer for x `[N, in]`.
        case layer(@Sendable (Site, _ x: DoubleMatrix) -> DoubleMatrix)
        /// Hidden states after a sublayer for its output f and the residual h, both `[N, D]`.
        case sublayer(@Sendable (Site, _ f: DoubleMatrix, _ h: DoubleMatrix) -> DoubleMatrix)
        /// Trains tensors of the model itself; only the whole model's gradient is compared.
        case model
    }

    let method: String
    /// What is special about it.
    var variant = ""
    var rank = 2
    var alpha = 3.0
    var targets: AdapterSection.Targets?
    var options: [String: ConfigurationValue] = [:]
    /// Changes the toy model, for example to give it biases.
    var model: @Sendable (inout ModelConfiguration) -> Void = { _ in }
    let formula: Formula
    /// Ends of the names of tensors whose first gradient is zero; that of all others is not.
    let zeroGradientsAtStart: [String]
    /// Whether its gradient holds a part constant, as DoRA's norms are, so that it is no derivative of the loss.
    var holdsPartConstant = false
    /// Step of the whole model's differences: less where a parameter is multiplied with large numbers before it acts.
    var differenceStep: Float = 0.01
    /// Whether the unmoved adapter leaves the model's bits as they are (else to rounding).
    var startsExactly = true
    /// How far the logits of an unmoved adapter are from the model's, relative to their norm, where `startsExactly` is false.
    var startTolerance = 2e-6
    /// Whether its function has no kinks, which spoil the finite steps of the whole model's loss.
    var isSmooth = true
    /// Trained parameters on the model of the suite, from the documents' formula.
    let parameterCount: @Sendable (_ layers: [(out: Int, in: Int)], _ configuration: ModelConfiguration) -> Int

    var description: String { variant.isEmpty ? method : "\(method), \(variant)" }

    var section: AdapterSection {
        get throws {
            var section = try AdapterMethod.named(method).defaultSection
            (section.rank, section.alpha) = (rank, alpha)
            if let targets { section.targets = targets }
            section.options = section.options.map { .init($0.key, options[$0.key] ?? $0.value) }
            return section
        }
    }
}
