/// All trainable tensors of a run in two flat buffers: values and gradients.
///
/// One buffer means one all-reduce, one clipping norm and one checkpoint record. The order is the
/// order of `parameters` and never changes.
public final class ParameterSet {
    /// The parameters in buffer order.
    public let parameters: [Parameter]
    /// All values, `[1, count]`.
    public let values: Tensor
    /// All gradients, `[1, count]`: where passes add to now.
    public private(set) var gradients: Tensor
    /// First element of each parameter.
    public let offsets: [Int]
    private let indices: [ObjectIdentifier: Int]

    /// Assigns memory to `parameters` and initialises their values.
    public init(_ parameters: [Parameter], memory: TensorMemory) {
        self.parameters = parameters
        var offsets: [Int] = []
        var count = 0
        for parameter in parameters {
            offsets.append(count)
            count += parameter.count
        }
        self.offsets = offsets
        indices = Dictionary(uniqueKeysWithValues: parameters.enumerated().map { (ObjectIdentifier($1), $0) })
        values = memory.zeros(rows: 1, columns: count)
        gradients = memory.zeros(rows: 1, columns: count)
        for (parameter, offset) in zip(parameters, offsets) {
            let rows = parameter.shape.dropLast().reduce(1, *)
            let columns = parameter.shape[parameter.shape.count - 1]
            parameter.bind(
                values: Tensor(storage: values.storage, offset: offset, rows: rows, columns: columns),
                gradients: Tensor(
                    storage: gradients.storage, offset: offset, rows: rows, columns: columns))
        }
    }

    /// Number of elements, statistics included.
    public var count: Int { values.count }

    /// Number of elements that the optimizer moves.
    public var trainedCount: Int { parameters.reduce(0) { $0 + ($1.isStatistic ? 0 : $1.count) } }

    /// From now on passes add gradients to `buffer`, `[1, count]`.
    public func accumulateGradients(in buffer: Tensor) {
        precondition(buffer.count == count, "\(buffer.count) gradients for \(count) parameters")
        guard buffer.pointer != gradients.pointer else { return }
        gradients = buffer
        for (index, parameter) in parameters.enumerated() { parameter.variable.gradient = gradient(of: index) }
    }

    /// Where `parameter`, which has to be one of these, lies in the buffers.
    public func range(of parameter: Parameter) -> Range<Int> {
        let index = index(of: parameter)
        return offsets[index]..<offsets[index] + parameter.count
    }

    /// The gradient of `parameter`, which has to be one of these.
    public func gradient(of parameter: Parameter) -> Tensor { gradient(of: index(of: parameter)) }

    private func index(of parameter: Parameter) -> Int {
        guard let index = indices[ObjectIdentifier(parameter)] else {
            preconditionFailure("the parameter \(parameter.name) is not one of this set")
        }
        return index
    }

    /// The gradient of one parameter.
    public func gradient(of index: Int) -> Tensor {
        let value = parameters[index].value
        return Tensor(
            storage: gradients.storage, offset: offsets[index], rows: value.rows,
            columns: value.columns)
    }
}
