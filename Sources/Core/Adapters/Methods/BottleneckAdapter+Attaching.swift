import CatenaEngine
import CatenaModels
import CatenaSchema

extension AttachedAdapter {
    /// One bottleneck adapter at each of `places` in every layer, with the model's norms where `train-norms` is on.
    ///
    /// Their paths are `LAYER.attention_adapters` and `LAYER.output_adapters`, as AdapterHub calls these places; their
    /// tensors' names go on with `adapter_down` and `adapter_up`.
    ///
    /// - Parameters:
    ///   - shared: parameters that all of them use.
    ///   - projection: makes the projection of a name between two widths.
    /// - Throws: ``AdapterError/doesNotFit(key:value:problem:advice:)`` if `rank` is above the hidden size.
    convenience init(
        bottlenecksAt places: [Sublayer], _ position: BottleneckAdapter.Position, for request: AdapterRequest,
        shared: [Parameter] = [],
        projection: (_ name: String, _ inFeatures: Int, _ outFeatures: Int) -> any BottleneckProjection
    ) throws(AdapterError) {
        let (section, model) = (request.section, request.model)
        let (width, hidden) = (section.rank, model.configuration.hiddenSize)
        guard (1...hidden).contains(width) else {
            throw .doesNotFit(
                key: "rank", value: width, problem: "is no width of a bottleneck for hidden states of \(hidden)",
                advice: "choose 1...\(hidden)")
        }
        var adapters: [(layer: any TransformerLayer, place: Sublayer, adapter: BottleneckAdapter)] = []
        for layer in model.layers {
            for place in places {
                let path = layer.path + (place == .attention ? ".attention_adapters" : ".output_adapters")
                let adapter = BottleneckAdapter(
                    path: path, position: position, activation: section.bottleneckActivation,
                    down: projection(PEFT.prefix + path + ".adapter_down", hidden, width),
                    up: projection(PEFT.prefix + path + ".adapter_up", width, hidden))
                adapters.append((layer, place, adapter))
            }
        }
        let norms: [(vector: LayerVector, parameter: Parameter)] =
            section.option("train-norms")?.boolean == true
            ? model.normVectors.map { ($0, $0.trainableParameter(prefix: PEFT.prefix)) } : []
        self.init(
            section, parameters: shared + adapters.flatMap(\.adapter.parameters) + norms.map(\.parameter),
            sublayerAdapters: adapters.map { ($0.layer, $0.place, $0.adapter) }, trainedVectors: norms)
    }
}

extension AdapterOption {
    private static let activations: [(name: String, function: Activation)] = [
        ("gelu", .geluErf), ("gelu-new", .geluTanh), ("relu", .relu), ("swish", .silu),
    ]

    /// σ between the two projections of a bottleneck.
    static func bottleneckActivation(_ name: String) -> AdapterOption {
        AdapterOption(
            "activation", .choice(activations.map(\.name)), default: .text(name),
            summary: "between the projections: gelu, gelu-new (its tanh form), relu, swish")
    }

    /// Whether the norms of the model are trained with the adapters.
    static func trainsNorms(_ isDefault: Bool) -> AdapterOption {
        AdapterOption(
            "train-norms", .boolean, default: .boolean(isDefault),
            summary: "train the norms of the model as well")
    }

    fileprivate static func bottleneckActivation(named name: String) -> Activation? {
        activations.first { $0.name == name }?.function
    }
}

extension AdapterSection {
    /// The function that the option `activation` names.
    fileprivate var bottleneckActivation: Activation {
        option("activation")?.text.flatMap(AdapterOption.bottleneckActivation(named:)) ?? .geluErf
    }
}
