import CatenaAdapters
import CatenaEngine

/// The trained tensors of one place in a model, over all layers that have it.
package struct TrainedPlace: Sendable, Equatable {
    /// A trained tensor as each layer has it.
    package struct Tensor: Sendable, Equatable {
        /// Its name behind the place, `lora_A.weight`.
        package let name: String
        /// Its shape in files.
        package let shape: [Int]
    }

    /// Where they are in a layer, such as `self_attn.q_proj`; for tensors outside of layers the part of their name before
    /// the last one.
    package let name: String
    /// Layers that have them; 0 if they belong to no layer.
    package internal(set) var layerCount: Int
    /// Numbers in them over all layers.
    package internal(set) var elements: Int
    /// Those of the first layer.
    package internal(set) var tensors: [Tensor]

    /// The places of `parameters`, in the order of their first tensors.
    ///
    /// - Parameter modules: paths of the model's modules (`model.layers.0.self_attn.q_proj`), which tensors' names begin with.
    static func all(of parameters: [Parameter], modules: Set<String>) -> [TrainedPlace] {
        var (places, indices): ([TrainedPlace], [String: Int]) = ([], [:])
        var layers: [Set<String>] = []
        for parameter in parameters {
            let origin = Origin(parameter.name, modules: modules)
            let key = (origin.layer == nil ? "" : "*") + origin.place
            let index = indices[key] ?? places.count
            if index == places.count {
                indices[key] = index
                places.append(TrainedPlace(name: origin.place, layerCount: 0, elements: 0, tensors: []))
                layers.append([])
            }
            places[index].elements += parameter.count
            if let layer = origin.layer { layers[index].insert(layer) }
            places[index].layerCount = layers[index].count
            if layers[index].count <= 1 {
                places[index].tensors.append(Tensor(name: origin.tensor, shape: parameter.shape))
            }
        }
        return places
    }

    /// A tensor's name taken apart.
    private struct Origin {
        let layer: String?
        let place: String
        let tensor: String

        init(_ name: String, modules: Set<String>) {
            let path = name.hasPrefix(PEFT.prefix) ? String(name.dropFirst(PEFT.prefix.count)) : name
            let parts = path.split(separator: ".").map(String.init)
            // The longest module that the name begins with, else all but the last part.
            let length =
                (1..<max(parts.count, 2)).last { modules.contains(parts.prefix($0).joined(separator: ".")) }
                ?? max(parts.count - 1, 1)
            let module = parts.prefix(length)
            tensor = parts.dropFirst(length).joined(separator: ".")
            guard let number = module.firstIndex(where: { Int($0) != nil }), number + 1 < module.count else {
                (layer, place) = (nil, module.joined(separator: "."))
                return
            }
            layer = module[number]
            place = module[(number + 1)...].joined(separator: ".")
        }
    }
}
