package import CatenaEngine
package import CatenaFiles

extension AttachedAdapter {
    /// Whether the files for other programs do not hold all that is needed to go on.
    package var needsStateFile: Bool {
        method?.peft == nil || !buffers.isEmpty || !(rule?.state.isEmpty ?? true)
    }

    /// Everything to save beside the parameters, with names that say what it is.
    package var extraState: [(name: String, values: Tensor)] {
        buffers.map { ("buffer." + $0.name, $0.value) } + (rule?.state ?? []).map { ("rule." + $0.name, $0.values) }
    }

    /// Appends parameters, buffers and the rule's numbers to a file, each name after `prefix`.
    package func append(to writer: inout SafetensorsWriter, prefix: String) {
        for tensor in stateTensors { writer.append(prefix + tensor.name, shape: tensor.shape, .tensor(tensor.value)) }
    }

    /// Reads what ``append(to:prefix:)`` wrote.
    ///
    /// - Throws: ``AdapterError/mismatch(path:reason:)`` if a tensor is missing or has another shape.
    package func restore(from file: SafetensorsFile, prefix: String) throws {
        let file = AdapterTensorFile(file)
        for tensor in stateTensors { try AdapterFiles.read(into: tensor, named: prefix + tensor.name, from: file) }
    }

    private var stateTensors: [AdapterTensor] {
        parameters.map(AdapterTensor.init)
            + extraState.map {
                AdapterTensor(name: $0.name, shape: [$0.values.rows, $0.values.columns], value: $0.values)
            }
    }
}
