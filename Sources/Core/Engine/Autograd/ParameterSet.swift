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

    /// Number of trainable elements.
    public var count: Int { values.count }

    /// From now on passes add gradients to `buffer`, `[1, count]`.
    public func accumulateGradients(in buffer: Tensor) {
        precondition(buffer.count == count, "\(buffer.count) gradients for \(count) parameters")
        guard buffer.pointer != gradients.pointer else { return }
        gradients = buffer
        for (index, parameter) in parameters.enumerated() { parameter.variable.gradient = gradient(of: index) }
    }

    /// The gradient of one parameter.
    public func gradient(of index: Int) -> Tensor {
        let value = parameters[index].value
        return Tensor(
            storage: gradients.storage, offset: offsets[index], rows: value.rows,
            columns: value.columns)
    }
}
