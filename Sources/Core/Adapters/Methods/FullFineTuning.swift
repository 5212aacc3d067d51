package import CatenaEngine
package import CatenaModels

/// Every tensor of a model with a parameter for it, in the order of a forward pass.
private struct EveryTensor {
    private(set) var parameters: [Parameter] = []
    private(set) var vectors: [(vector: LayerVector, parameter: Parameter)] = []
    private(set) var matrices: [(matrix: any TrainableMatrix, parameter: Parameter)] = []

    init(of model: LanguageModel) {
        for block in model.blocks {
            for table in block.tables { add(table) }
            for convolution in block.convolutions {
                add(convolution)
                if let bias = convolution.bias { add(bias) }
            }
            for vector in block.normVectors + block.statistics.flatMap(\.vectors) { add(vector) }
            for linear in block.linears { add(linear) }
        }
        for vector in model.head.normVectors { add(vector) }
        for linear in model.head.wholeModules { add(linear) }
        if let head = model.separateHead { add(head) }
    }

    func adapter(_ section: AdapterSection) -> AttachedAdapter {
        AttachedAdapter(section, parameters: parameters, trainedVectors: vectors, trainedMatrices: matrices)
    }

    private mutating func add(_ vector: LayerVector) {
        let parameter = vector.trainableParameter()
        vectors.append((vector, parameter))
        parameters.append(parameter)
    }

    private mutating func add(_ linear: Linear) {
        add(linear as any TrainableMatrix)
        if let bias = linear.bias { add(bias) }
    }

    private mutating func add(_ matrix: any TrainableMatrix) {
        let parameter = matrix.trainableParameter()
        matrices.append((matrix, parameter))
        parameters.append(parameter)
    }
}

extension LanguageModel {
    /// Makes every weight trainable; the order of the parameters is the order of a forward pass.
    package func makeAllTrainable() -> [Parameter] {
        let all = EveryTensor(of: self).adapter(AdapterMethod.full.defaultSection)
        all.stand(true)
        wholeTraining = all
        return all.parameters
    }
}

extension AdapterMethod {
    /// Training of the model itself, as `training.trainable: all` does it: a configuration may say either.
    package static let full: AdapterMethod = .init(
        name: "full", summary: "every parameter of the model, without an adapter",
        formula: """
            Y = X Wᵀ + b      W, b, norms and the tables of tokens and positions trained
            weight decay on matrices only
            the result of a run is a whole model; adapter.method: full is another name for training.trainable: all
            """, parameterFormula: "all parameters of the model",
        source: "the baseline that every method here is compared with", commonKeys: []
    ) { request in
        EveryTensor(of: request.model).adapter(request.section)
    }
}
