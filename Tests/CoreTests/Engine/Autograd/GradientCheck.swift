import CatenaEngine

/// Compares gradients with finite differences of the function itself.
///
/// The derivative is the five-point stencil `(8 (f(h) - f(-h)) - (f(2h) - f(-2h))) / 12h`, whose
/// truncation error is of order h⁴: with h = 0.02 and functions whose fifth derivatives are of order
/// ten, 10⁻⁶. What remains is the rounding of the float32 forward pass, some 10⁻⁷ |f| / h.
enum GradientCheck {
    static let step: Float = 0.02
    /// Relative to the gradient's Euclidean norm: rounding of a few dozen float32 operations, 2·10⁻⁶,
    /// divided by the step 0.02, gives 10⁻⁴; ten times that still shows any missing term.
    static let tolerance = 1e-3

    /// The derivative of `function` by each of the `count` numbers at `values`.
    static func differences(
        _ values: UnsafeMutablePointer<Float>, count: Int, step: Float = step, _ function: () -> Double
    ) -> [Float] {
        (0..<count).map { index in
            let original = values[index]
            defer { values[index] = original }
            var result = 0.0
            for (multiple, weight) in [(Float(1), 8.0), (-1, -8), (2, -1), (-2, 1)] {
                values[index] = original + multiple * step
                result += weight * function()
            }
            return Float(result / (12 * Double(step)))
        }
    }

    /// The largest error among all parameters of `set`, and where it is.
    ///
    /// `gradients` adds the gradients of the function to the set's. Errors are relative to the norm of the parameter's gradient,
    /// at least `floor` times the norm of all: the rounding of a function moves the differences by all parameters alike.
    ///
    /// A smaller `step` is for functions whose fifth derivatives are large.
    static func worst(
        _ set: ParameterSet, floor: Double = 0, step: Float = step, gradients: () -> Void, _ function: () -> Double
    ) -> GradientError {
        set.gradients.fill(0)
        gradients()
        // The function may add to the gradients again.
        let found = set.parameters.indices.map { set.gradient(of: $0).elements() }
        func norm(_ values: [Float]) -> Double { values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot() }
        let least = floor * norm(found.flatMap { $0 })
        var worst = GradientError(name: "none", error: 0)
        for (index, parameter) in set.parameters.enumerated() {
            let expected = differences(parameter.value.pointer, count: parameter.count, step: step, function)
            let (error, size) = (normwiseError(found[index], expected), norm(expected))
            worst.include(parameter.name, size < least ? error * max(size, 1e-15) / least : error)
        }
        return worst
    }

    /// The largest error among the gradients that an operation gives its inputs.
    ///
    /// The function is `Σ R ⊙ operation(leaves)` for a fixed random R, summed in float64.
    static func worst(
        _ leaves: [GradientLeaf], engine: Engine = Engine(threads: 1), randomKey: RandomKey = .none,
        _ operation: (Tape, [Variable]) -> Variable
    ) -> GradientError {
        func variables(_ leaves: [GradientLeaf]) -> [Variable] {
            leaves.map {
                Variable(
                    engine.memory.tensor($0.values, rows: $0.rows, columns: $0.columns),
                    requiresGradient: $0.requiresGradient)
            }
        }
        let tape = Tape(engine: engine, isRecording: true, randomKey: randomKey)
        let inputs = variables(leaves)
        let output = operation(tape, inputs)
        let factors = tinyNormal(output.value.count, seed: 77)
        let gradient = engine.memory.tensor(factors, rows: output.value.rows, columns: output.value.columns)
        tape.finishForward()
        tape.backward(from: output, gradient: gradient)

        var worst = GradientError(name: "none", error: 0)
        for (index, leaf) in leaves.enumerated() {
            guard leaf.requiresGradient else {
                if inputs[index].gradient != nil { worst.include(leaf.name + " (frozen)", .infinity) }
                continue
            }
            var changed = leaves
            let expected = changed[index].values.withUnsafeMutableBufferPointer { buffer -> [Float] in
                guard let start = buffer.baseAddress else { return [] }
                return differences(start, count: buffer.count) {
                    var current = leaves
                    current[index].values = Array(UnsafeBufferPointer(start: start, count: leaf.values.count))
                    let tape = Tape(engine: engine, isRecording: true, randomKey: randomKey)
                    let value = operation(tape, variables(current)).value
                    return zip(value.elements(), factors).reduce(0) { $0 + Double($1.0) * Double($1.1) }
                }
            }
            worst.include(leaf.name, normwiseError(inputs[index].gradient?.elements() ?? [], expected))
        }
        return worst
    }
}

/// The largest error of a comparison.
struct GradientError: CustomStringConvertible {
    var name: String
    var error: Double

    mutating func include(_ name: String, _ error: Double) {
        if !(error <= self.error) { (self.name, self.error) = (name, error) }
    }

    var description: String { "\(name): \(error)" }
}

/// An input of a checked operation.
struct GradientLeaf {
    let name: String
    let rows, columns: Int
    var values: [Float]
    let requiresGradient: Bool

    /// Normal numbers that depend on the name only.
    init(
        _ name: String, _ rows: Int, _ columns: Int, mean: Float = 0, deviation: Float = 1,
        requiresGradient: Bool = true
    ) {
        self.name = name
        self.rows = rows
        self.columns = columns
        self.requiresGradient = requiresGradient
        let seed = name.utf8.reduce(UInt64(17)) { $0 &* 31 &+ UInt64($1) }
        values = tinyNormal(rows * columns, standardDeviation: deviation, seed: seed).map { $0 + mean }
    }
}
