/// How a method's adapters stand in files: `peft_type`, the members of `adapter_config.json`, the tensors.
struct PEFTForm: Sendable {
    /// `peft_type`.
    let type: String
    /// The members that this type has beside the common ones; `adapter` is nil where only names are wanted.
    let members: @Sendable (_ configuration: PEFTConfiguration, _ adapter: AttachedAdapter?) -> [String: JSONValue]
    /// The section that a file describes, without `targets`; nil if it belongs to another method with the same type.
    let section: @Sendable (_ file: JSONDocument) throws -> RunConfiguration.AdapterSection?
    /// Whether this type has the member `bias`.
    var takesBias = true
    /// The tensors to write; by default all parameters under their names.
    var tensors: @Sendable (AttachedAdapter) throws -> [AdapterTensor] = { $0.parameters.map(AdapterTensor.init) }
    /// Puts the tensors of a file into an adapter; by default the file must have exactly the parameters.
    var load: @Sendable (AttachedAdapter, SafetensorsFile, PEFTConfiguration) throws -> Void = { adapter, file, _ in
        try AdapterFiles.read(into: adapter.parameters, from: file)
    }

    /// Every form that is read, in the order in which they are asked; several have the same type.
    static var all: [PEFTForm] { AdapterMethod.all.compactMap(\.peft) + [.own] }
}

/// A tensor of an adapter's file.
struct AdapterTensor {
    let name: String
    let shape: [Int]
    let value: Tensor

    init(name: String, shape: [Int], value: Tensor) {
        (self.name, self.shape, self.value) = (name, shape, value)
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
    static let own: PEFTForm = PEFTForm(
        type: "CATENA",
        members: { configuration, _ in
            let section = configuration.section
            return ["adapter": section.json, "fan_in_fan_out": .bool(configuration.storesTransposed)]
        },
        section: { file in try RunConfiguration.AdapterSection(json: try file.require("adapter")) },
        tensors: { adapter in adapter.parameters.map(AdapterTensor.init) + adapter.buffers.map(AdapterTensor.init) },
        load: { adapter, file, _ in
            try AdapterFiles.read(
                into: adapter.parameters.map(AdapterTensor.init) + adapter.buffers.map(AdapterTensor.init), from: file)
        })
}
