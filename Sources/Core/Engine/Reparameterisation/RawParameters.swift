/// What the optimizer moves where that is not what the model computes with: the numbers behind a ``ParameterSet``.
///
///     seen    w₁ w₂ …            values and reduced gradients, of methods and passes
///     raw     v₁ v₂ … s₁ s₂ …    values, gradients and the optimizer's state; v = w where a tensor is not reparameterised
///
/// A step is: reduce dL/dw; ``pullBack()``; clip and update the raw set; ``writeSeen()``. All of it is elementwise arithmetic of
/// each process on the same reduced bits, so nothing depends on the number of processes.
package final class RawParameters {
    /// What the model computes with.
    package let seen: ParameterSet
    /// What the optimizer moves.
    package let set: ParameterSet
    /// The tensors that are seen through the function, in the order of ``seen``.
    package let tensors: [ReparameterisedTensor]
    private let reparameterisation: any Reparameterisation
    /// Seen and raw values of the others, and where their gradients are.
    private let others: [(seen: Tensor, raw: Tensor, index: Int)]
    private let indices: [Int]
    private let engine: Engine

    /// Numbers behind `seen`, which are not set yet: ``begin()`` or ``restore(_:)`` does.
    ///
    /// - Parameter kind: the name under which metrics count a parameter; nil for one that is moved as it is.
    package init(
        _ seen: ParameterSet, through reparameterisation: any Reparameterisation, engine: Engine,
        kind: (Parameter) -> String?
    ) {
        (self.seen, self.reparameterisation, self.engine) = (seen, reparameterisation, engine)
        let kinds = seen.parameters.map(kind)
        let names = reparameterisation.scaleNames.count
        let chosen = kinds.indices.filter { kinds[$0] != nil }
        indices = chosen
        var parameters = seen.parameters.map {
            Parameter(
                name: $0.name, shape: $0.shape, learningRateFactor: $0.learningRateFactor, decays: $0.decays,
                isStatistic: $0.isStatistic
            ) { _ in }
        }
        let isLearned = reparameterisation.learnsScales && !chosen.isEmpty
        if isLearned {
            parameters.append(Parameter(name: "scales", shape: [chosen.count, names], decays: false) { _ in })
        }
        let set = ParameterSet(parameters, memory: engine.memory)
        self.set = set
        let scales =
            isLearned
            ? set.parameters[seen.parameters.count].value
            : engine.memory.zeros(rows: max(chosen.count, 1), columns: names)
        let gradients = isLearned ? set.gradient(of: seen.parameters.count) : nil
        tensors = chosen.enumerated().map { place, index in
            let parameter = seen.parameters[index]
            return ReparameterisedTensor(
                parameter: parameter, kind: kinds[index] ?? "", raw: set.parameters[index].value,
                rawGradient: set.gradient(of: index), scales: scales.rows(place..<place + 1),
                scaleGradient: gradients?.rows(place..<place + 1),
                firstValues: parameter.neutral == .firstValue
                    ? engine.memory.zeros(rows: parameter.value.rows, columns: parameter.value.columns) : nil)
        }
        others = kinds.indices.filter { kinds[$0] == nil }.map {
            (seen.parameters[$0].value, set.parameters[$0].value, $0)
        }
    }

    /// Takes the seen values as the first ones: sets scales and raw numbers such that they give these values, and the seen values to
    /// what they give (the same but for rounding).
    ///
    /// - Throws: ``ReparameterisationError/unreachable(tensor:index:value:)``.
    package func begin() throws(ReparameterisationError) {
        for tensor in tensors {
            tensor.firstValues?.copy(from: tensor.seen)
            reparameterisation.setFirstScales(of: tensor)
            for index in 0..<tensor.seen.count { try invert(index, of: tensor) }
        }
        for (seen, raw, _) in others { raw.copy(from: seen) }
        writeSeen()
    }

    /// Makes the gradients of the raw numbers from those of the seen values.
    package func pullBack() {
        for (tensor, index) in zip(tensors, indices) {
            reparameterisation.pullBack(seen.gradient(of: index), of: tensor, engine: engine)
        }
        for (_, _, index) in others { set.gradient(of: index).copy(from: seen.gradient(of: index)) }
    }

    /// Makes the seen values from the raw numbers that an update has changed.
    package func writeSeen() {
        for tensor in tensors {
            reparameterisation.constrainScales(of: tensor)
            reparameterisation.write(tensor, into: tensor.seen, engine: engine)
        }
        for (seen, raw, _) in others { seen.copy(from: raw) }
    }

    /// Lets the raw numbers follow seen values that a rule has overwritten since ``writeSeen()``. It uses the raw gradients' memory.
    ///
    /// - Throws: ``ReparameterisationError/unreachable(tensor:index:value:)``.
    package func adoptSeen() throws(ReparameterisationError) {
        for tensor in tensors {
            reparameterisation.write(tensor, into: tensor.rawGradient, engine: engine)
            let (expected, seen) = (tensor.rawGradient.pointer, tensor.seen.pointer)
            var isChanged = false
            for index in 0..<tensor.seen.count where seen[index].bitPattern != expected[index].bitPattern {
                try invert(index, of: tensor)
                isChanged = true
            }
            if isChanged { reparameterisation.write(tensor, into: tensor.seen, engine: engine) }
        }
        for (seen, raw, _) in others { raw.copy(from: seen) }
    }

    /// A few numbers about the tensors for the metrics of a step.
    package var metrics: [(name: String, value: Double)] { reparameterisation.metrics(tensors, engine: engine) }

    private func invert(_ index: Int, of tensor: ReparameterisedTensor) throws(ReparameterisationError) {
        let value = tensor.seen.pointer[index]
        guard let raw = reparameterisation.inverse(of: value, at: index, of: tensor) else {
            throw .unreachable(tensor: tensor.parameter.name, index: index, value: value)
        }
        tensor.raw.pointer[index] = raw
    }
}

extension RawParameters {
    /// What a checkpoint keeps beside the seen values: NAME.raw, NAME.alpha … and, where they are needed, NAME.first.
    package var state: [(name: String, shape: [Int], values: Tensor)] {
        tensors.flatMap { tensor in
            let (name, shape) = (tensor.parameter.name, tensor.parameter.shape)
            return [(name + ".raw", shape, tensor.raw)]
                + reparameterisation.scaleNames.enumerated().map { place, scale in
                    (
                        "\(name).\(scale)", [1],
                        Tensor(
                            storage: tensor.scales.storage, offset: tensor.scales.offset + place, rows: 1, columns: 1)
                    )
                } + (tensor.firstValues.map { [(name + ".first", shape, $0)] } ?? [])
        }
    }

    /// Goes on from ``state``, which has been overwritten with a file's: the seen values, which that file has too, follow.
    ///
    /// - Throws: ``ReparameterisationError/contradiction(tensor:difference:)`` if they do not agree but for rounding.
    package func restored() throws(ReparameterisationError) {
        for tensor in tensors {
            reparameterisation.write(tensor, into: tensor.rawGradient, engine: engine)
            let (made, seen) = (tensor.rawGradient.elements(), tensor.seen.elements())
            let difference = zip(made, seen).reduce(0.0) { worst, pair in
                let next = Double(abs(pair.0 - pair.1))
                return next <= worst ? worst : next
            }
            let size = seen.reduce(0.0) { max($0, Double(abs($1))) }
            guard difference <= 1e-5 * size else {
                throw .contradiction(tensor: tensor.parameter.name, difference: difference)
            }
            tensor.rawGradient.fill(0)
        }
        for (seen, raw, _) in others { raw.copy(from: seen) }
        writeSeen()
    }
}
