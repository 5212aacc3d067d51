import CatenaEngine
import CatenaFiles

/// How a method's adapters stand in files: `peft_type`, the members of `adapter_config.json`, the tensors.
package struct PEFTForm: Sendable {
    /// `peft_type`.
    package let type: String
    /// The members that this type has beside the common ones; `adapter` is nil where only names are wanted.
    let members: @Sendable (_ configuration: PEFTConfiguration, _ adapter: AttachedAdapter?) -> JSONObject
    /// The section that a file describes, without `targets`; nil if it belongs to another method with the same type.
    let section: @Sendable (_ file: JSONDocument) throws -> AdapterSection?
    /// Whether this type has the member `bias`.
    var takesBias = true
    /// The tensors to write; by default the method's parameters under their names.
    var tensors: @Sendable (AttachedAdapter) throws -> [AdapterTensor] = { $0.methodParameters.map(AdapterTensor.init) }
    /// The tensors that a file has to have, by which its claims are checked before memory is taken for them; nil where other
    /// shapes than the adapter's follow from its configuration. By default the parameters.
    var expected: @Sendable (AttachedAdapter, PEFTConfiguration) -> [AdapterTensor]? = { adapter, _ in
        adapter.methodParameters.map(AdapterTensor.init)
    }
    /// Puts the tensors of a file into an adapter; by default the file must have exactly the expected ones.
    var load: (@Sendable (AttachedAdapter, AdapterTensorFile, PEFTConfiguration) throws -> Void)?

    /// Puts the tensors of a file into an adapter.
    func read(_ file: AdapterTensorFile, into adapter: AttachedAdapter, _ configuration: PEFTConfiguration) throws {
        if let load { return try load(adapter, file, configuration) }
        try AdapterFiles.read(into: expected(adapter, configuration) ?? [], from: file)
    }

    /// Every form that is read, in the order in which they are asked; several have the same type.
    static var all: [PEFTForm] { AdapterMethod.all.compactMap(\.peft) + [.own] }
}

/// A tensor of an adapter's file, made when its numbers are asked for.
struct AdapterTensor {
    let name: String
    let shape: [Int]
    private let make: () -> Tensor
    var value: Tensor { make() }

    init(name: String, shape: [Int], value: @autoclosure @escaping () -> Tensor) {
        (self.name, self.shape, make) = (name, shape, value)
    }

    init(_ parameter: Parameter) {
        self.init(name: parameter.name, shape: parameter.shape, value: parameter.value)
    }

    init(_ buffer: AdapterBuffer) {
        self.init(name: buffer.name, shape: buffer.shape, value: buffer.value)
    }
}

extension PEFTForm {
    /// Catena's own form, for methods that PEFT does not have and that are no LoRA: the section as it is in a run's
    /// configuration, parameters and buffers under their names. PEFT refuses it.
    package static let own: PEFTForm = PEFTForm(
        type: "CATENA",
        members: { configuration, _ in
            let section = configuration.section
            return ["adapter": section.json, "fan_in_fan_out": .bool(configuration.storesTransposed)]
        },
        section: { file in try AdapterSection(json: try file.require("adapter")) },
        tensors: { adapter in adapter.methodParameters.map(AdapterTensor.init) + adapter.buffers.map(AdapterTensor.init)
        },
        expected: { adapter, _ in
            adapter.methodParameters.map(AdapterTensor.init) + adapter.buffers.map(AdapterTensor.init)
        })
}
