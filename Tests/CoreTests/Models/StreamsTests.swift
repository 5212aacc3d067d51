import CatenaAdapters
import CatenaEngine
import CatenaLearning
import CatenaModels
import Testing

extension StreamName {
    fileprivate static let skip = StreamName("skip")
}

/// A decoder layer that sends its output along a second stream too, or adds that stream to what it gives.
private final class SkippingLayer: TransformerLayer {
    private let inner: any TransformerLayer
    private let sends: Bool
    private let receives: Bool

    init(_ inner: any TransformerLayer, sends: Bool, receives: Bool) {
        (self.inner, self.sends, self.receives) = (inner, sends, receives)
    }

    var index: Int { inner.index }
    var path: String { inner.path }
    var linears: [Linear] { inner.linears }
    var normVectors: [LayerVector] { inner.normVectors }
    var cost: BlockCost { inner.cost }
    var sublayerAdapters: SublayerAdapters {
        get { inner.sublayerAdapters }
        set { inner.sublayerAdapters = newValue }
    }
    var reads: [StreamName] { receives ? [.hidden, .skip] : [.hidden] }
    var writes: [StreamName] { sends ? [.hidden, .skip] : [.hidden] }

    func forward(_ hidden: Variable, layout: SequenceLayout, on tape: Tape) -> Variable {
        inner.forward(hidden, layout: layout, on: tape)
    }

    func forward(_ streams: Streams, of batch: Batch, on tape: Tape) -> Streams {
        let output = inner.forward(streams[.hidden], layout: batch.layout, on: tape)
        if receives { return Streams(hidden: tape.difference(output, tape.activation(streams[.skip], .geluTanh))) }
        var streams = Streams(hidden: output)
        if sends { streams[.skip] = tape.activation(output, .silu) }
        return streams
    }
}

@Suite("Streams between blocks")
struct StreamsTests {
    /// Five layers; the second sends along a stream that the fifth reads.
    private func model() throws -> LanguageModel {
        let configuration = try TinyModel.configuration { $0.layerCount = 5 }
        let engine = Engine(threads: 2)
        return try LanguageModel(
            configuration: configuration,
            weights: RandomWeights(seed: 3, standardDeviation: 0.3, memory: engine.memory),
            engine: engine
        ) { configuration, weights, engine in
            let plain = try LanguageModel(configuration: configuration, weights: weights, engine: engine).layers
            return plain.map { SkippingLayer($0, sends: $0.index == 1, receives: $0.index == 4) }
        }
    }

    private func gradients(
        _ model: LanguageModel, targets: AdapterSection.Targets, recompute: GradientPass.Recompute
    ) throws -> (set: ParameterSet, gradients: [Float]) {
        let set = ParameterSet(
            try model.attachAdapters(TinyModel.lora(targets: targets), seed: 3).parameters, memory: model.engine.memory)
        for index in 0..<set.count { set.values.pointer[index] += 0.05 * Float(index % 7 - 3) }
        _ = GradientPass(model: model, recompute: recompute).run(TinyBatch(lengths: [5, 3], vocabulary: 13).input())
        return (set, set.gradients.elements())
    }

    @Test("gradients reach a block by every stream that leads back to it", arguments: GradientPass.Recompute.allCases)
    func skip(recompute: GradientPass.Recompute) throws {
        let model = try model()
        let (set, found) = try gradients(model, targets: .names(["layers.0.mlp.down_proj"]), recompute: recompute)
        let batch = TinyBatch(lengths: [5, 3], vocabulary: 13).input()
        let expected = GradientCheck.differences(set.values.pointer, count: set.count) {
            (try? model.losses([batch])[0].sum) ?? .nan
        }
        #expect(normwiseError(found, expected) < 2e-3)
    }

    @Test("what is below everything trained is not visited, whichever stream would lead there")
    func visits() throws {
        let model = try model()
        _ = try gradients(model, targets: .names(["layers.3.mlp.down_proj"]), recompute: .none)
        let all: [BlockID] = [.embedding] + (0..<5).map { .layer($0) } + [.head]
        #expect(GradientPass(model: model).visits == all + [.layer(4), .layer(3)])
    }
}
