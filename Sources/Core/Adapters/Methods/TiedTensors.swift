import CatenaEngine

/// The tensors of Tied-LoRA, each made when the first layer asks for it and handed to every other that shares it.
final class TiedTensors {
    /// In the order in which they were made.
    private(set) var parameters: [Parameter] = []
    /// In the order in which they were made.
    private(set) var buffers: [AdapterBuffer] = []
    private var known: [String: (tensor: AdapterFactor, shape: [Int])] = [:]
    private let memory: TensorMemory

    init(memory: TensorMemory) { self.memory = memory }

    /// The tensor `name` of the layer or group at `path`, or the one that it shares with that place in other blocks.
    ///
    /// Places whose shapes differ share nothing.
    func tensor(
        _ name: String, at path: String, _ choice: TiedLoRAForm.Choice, shape: [Int], rate: Double = 1,
        decays: Bool = true, neutral: Parameter.Neutral = .zero, initialise: @escaping (Tensor) -> Void
    ) -> AdapterFactor {
        var place = PEFT.prefix + (choice.isTied ? TieGroup.tiedPath(path) : path)
        if let found = known["\(place).\(name)"], found.shape != shape {
            place += "." + shape.map(String.init).joined(separator: "x")
        }
        let fullName = "\(place).\(name)"
        if let found = known[fullName] { return found.tensor }
        let tensor: AdapterFactor
        if choice.isTrained {
            let parameter = Parameter(
                name: fullName, shape: shape, learningRateFactor: rate, decays: decays, neutral: neutral,
                initialise: initialise)
            parameters.append(parameter)
            tensor = .trained(parameter)
        } else {
            let buffer = AdapterBuffer(name: fullName, shape: shape, memory: memory, initialise: initialise)
            buffers.append(buffer)
            tensor = .fixed(buffer)
        }
        known[fullName] = (tensor, shape)
        return tensor
    }
}
