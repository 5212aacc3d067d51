import CatenaAdapters
import CatenaEngine
import CatenaModels
import Testing

@Suite("Linear layer")
struct LinearTests {
    private let engine = Engine(threads: 1)

    @Test("it computes X Wᵀ + b, its frozen and its trainable form alike")
    func forward() throws {
        let model = try TinyModel.make(engine: engine, TinyModel.everyOption)
        let linear = model.layers[0].linears[0]
        #expect(linear.path == "model.layers.0.self_attn.q_proj")
        #expect(linear.moduleName == "q_proj")
        #expect((linear.outFeatures, linear.inFeatures) == (16, 8))
        let x = Variable(engine.memory.tensor(tinyNormal(3 * 8, seed: 1), rows: 3, columns: 8), requiresGradient: false)
        func output() -> [Float] { linear.forward(x, on: Tape(engine: engine, isRecording: false)).value.elements() }
        let frozen = output()
        let weight = linear.currentWeight(engine.memory).elements()
        let bias = try #require(linear.bias).value.elements()
        for row in 0..<3 {
            for column in 0..<16 {
                let product = (0..<8).reduce(0.0) {
                    $0 + Double(x.value.elements()[row * 8 + $1]) * Double(weight[column * 8 + $1])
                }
                // Eight float32 products of order one.
                #expect(abs(Double(frozen[row * 16 + column]) - product - Double(bias[column])) < 5e-6)
            }
        }
        let set = ParameterSet(model.makeAllTrainable(), memory: engine.memory)
        #expect(output() == frozen)
        #expect(linear.currentWeight(engine.memory).elements() == weight)
        set.values.fill(0)
        #expect(output().allSatisfy { $0 == 0 })
        #expect(linear.currentWeight(engine.memory).elements().allSatisfy { $0 == 0 })
    }

    @Test("a frozen matrix gives its rows and its size")
    func frozenWeight() {
        let weight = Float32Weight(engine.memory.tensor((0..<12).map(Float.init), rows: 4, columns: 3))
        #expect((weight.outFeatures, weight.inFeatures, weight.storedBytes) == (4, 3, 48))
        #expect(weight.dequantised(engine.memory).elements() == (0..<12).map(Float.init))
        let rows = engine.memory.tensor(rows: 2, columns: 3)
        weight.decode(rows: 1..<3, into: rows.pointer)
        #expect(rows.elements() == [3, 4, 5, 6, 7, 8])
    }
}
