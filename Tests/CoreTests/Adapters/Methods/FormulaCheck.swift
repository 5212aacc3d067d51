import CatenaAdapters
import CatenaEngine
import CatenaModels
import Testing

/// Compares what adapters compute, and the gradients of a fixed weighting of it, with a formula in float64.
///
///     L = Σ over adapted parts of Σ G ⊙ Y      fixed random X and G for each part
struct FormulaCheck {
    let model: LanguageModel
    let set: ParameterSet
    let section: AdapterSection
    private let tokens = 5
    /// Float32 sums of some dozen products.
    private let tolerance = 2e-5
    /// Of the differences, in float64: their error is about 1e-9.
    private let step = 1e-5

    /// Adapted layers against their formula.
    func layers(_ formula: (MethodCase.Site, DoubleMatrix) -> DoubleMatrix) throws {
        let layers = model.adaptedLinears
        try #require(!layers.isEmpty)
        let (tensors, memory) = (self.tensors, model.engine.memory)
        let weights = layers.map { DoubleMatrix($0.currentWeight(memory)) }
        let inputs = layers.indices.map { index in
            DoubleMatrix.normal(rows: tokens, columns: layers[index].inFeatures, seed: 100 + UInt64(index))
        }
        let factors = layers.indices.map { index in
            DoubleMatrix.normal(rows: tokens, columns: layers[index].outFeatures, seed: 200 + UInt64(index))
        }
        func output(_ index: Int, _ x: DoubleMatrix, _ moved: [String: DoubleMatrix]) -> DoubleMatrix {
            let bias = layers[index].bias.map { DoubleMatrix($0.value) }
            let site = MethodCase.Site(
                path: layers[index].path, weight: weights[index], bias: bias, tensors: moved, resting: tensors,
                section: section)
            return formula(site, x)
        }

        set.gradients.fill(0)
        for (index, layer) in layers.enumerated() {
            let tape = Tape(engine: model.engine, isRecording: true)
            let x = variable(inputs[index])
            let y = layer.forward(x, on: tape)
            expect(y.value.elements(), output(index, inputs[index], tensors), "output of \(layer.path)")
            // As in a model the output joins a residual stream, whose gradient is the same memory.
            let residual = variable(.normal(rows: tokens, columns: layer.outFeatures, seed: 300 + UInt64(index)))
            tape.backward(from: tape.residual(residual, y), gradient: tensor(factors[index]))
            #expect(
                residual.gradient?.elements() == factors[index].floats,
                "\(layer.path) changes the gradient of the residual stream")
            let dX = differences(inputs[index]) { factors[index].dot(output(index, $0, tensors)) }
            expect(try #require(x.gradient).elements(), dX, "input gradient of \(layer.path)")
        }
        try parameters { moved in
            layers.indices.reduce(0) { $0 + factors[$1].dot(output($1, inputs[$1], moved)) }
        }
    }

    /// Sublayer adapters against their formula.
    func sublayers(_ formula: (MethodCase.Site, DoubleMatrix, DoubleMatrix) -> DoubleMatrix) throws {
        let adapters = try #require(model.attached).sublayers
        try #require(!adapters.isEmpty)
        let (tensors, width) = (self.tensors, model.configuration.hiddenSize)
        func matrices(_ seed: UInt64) -> [DoubleMatrix] {
            adapters.indices.map { .normal(rows: tokens, columns: width, seed: seed + UInt64($0)) }
        }
        let (outputs, residuals, factors) = (matrices(100), matrices(200), matrices(300))
        func joined(_ index: Int, _ f: DoubleMatrix, _ h: DoubleMatrix, _ moved: [String: DoubleMatrix]) -> DoubleMatrix
        {
            let site = MethodCase.Site(
                path: adapters[index].path, weight: .identity(0), bias: nil, tensors: moved, resting: tensors,
                section: section)
            return formula(site, f, h)
        }

        set.gradients.fill(0)
        for (index, (path, adapter)) in adapters.enumerated() {
            let tape = Tape(engine: model.engine, isRecording: true)
            let (f, h) = (variable(outputs[index]), variable(residuals[index]))
            let joinedStates = adapter.join(f, residual: h, on: tape)
            expect(
                joinedStates.value.elements(), joined(index, outputs[index], residuals[index], tensors),
                "states after \(path)")
            tape.backward(from: joinedStates, gradient: tensor(factors[index]))
            let dF = differences(outputs[index]) { factors[index].dot(joined(index, $0, residuals[index], tensors)) }
            let dH = differences(residuals[index]) { factors[index].dot(joined(index, outputs[index], $0, tensors)) }
            expect(try #require(f.gradient).elements(), dF, "gradient of the output before \(path)")
            expect(try #require(h.gradient).elements(), dH, "gradient of the residual before \(path)")
        }
        try parameters { moved in
            adapters.indices.reduce(0) { $0 + factors[$1].dot(joined($1, outputs[$1], residuals[$1], moved)) }
        }
    }

    /// Gradients of all parameters against differences of `loss`.
    private func parameters(_ loss: ([String: DoubleMatrix]) -> Double) throws {
        let tensors = self.tensors
        for (index, parameter) in set.parameters.enumerated() {
            let value = try #require(tensors[parameter.name])
            let expected = differences(value) { moved in
                loss(tensors.merging([parameter.name: moved]) { $1 })
            }
            expect(set.gradient(of: index).elements(), expected, "gradient of \(parameter.name)")
        }
    }

    private func differences(_ matrix: DoubleMatrix, _ function: (DoubleMatrix) -> Double) -> DoubleMatrix {
        var result = matrix
        for index in matrix.values.indices {
            var (up, down) = (matrix, matrix)
            up.values[index] += step
            down.values[index] -= step
            result.values[index] = (function(up) - function(down)) / (2 * step)
        }
        return result
    }

    private func expect(_ found: [Float], _ expected: DoubleMatrix, _ what: String) {
        let error = normwiseError(found, expected.floats)
        #expect(error < tolerance, "\(what): \(error)")
    }

    private var tensors: [String: DoubleMatrix] {
        var result = Dictionary(uniqueKeysWithValues: set.parameters.map { ($0.name, DoubleMatrix($0.value)) })
        for buffer in model.attached?.buffers ?? [] { result[buffer.name] = DoubleMatrix(buffer.value) }
        return result
    }

    private func tensor(_ matrix: DoubleMatrix) -> Tensor {
        model.engine.memory.tensor(matrix.floats, rows: matrix.rows, columns: matrix.columns)
    }

    private func variable(_ matrix: DoubleMatrix) -> Variable {
        Variable(tensor(matrix), requiresGradient: true)
    }
}

/// The weights of a model with its adapter merged.
struct CopiedWeights: WeightStore {
    private let memory: TensorMemory
    private var values: [String: [Float]] = [:]

    init(of model: LanguageModel) {
        memory = model.engine.memory
        model.namedWeights { name, _, value in values[name] = value.elements() }
    }

    func tensor(_ name: String, shape: [Int]) throws -> Tensor {
        memory.tensor(
            try #require(values[name]), rows: shape.rowsAndColumns.rows, columns: shape.rowsAndColumns.columns)
    }

    func matrix(_ name: String, rows: Int, columns: Int, role: Role, in block: BlockID) throws -> any FrozenWeight {
        Float32Weight(memory.tensor(try #require(values[name]), rows: rows, columns: columns))
    }
}
