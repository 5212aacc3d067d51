import CatenaEngine
import Testing

@Suite("Parameter set")
struct ParameterSetTests {
    @Test("parameters share two flat buffers, in their order")
    func layout() {
        let memory = TensorMemory()
        let parameters = [
            Parameter(name: "m", shape: [2, 3]) { $0.fill(1) },
            Parameter(name: "v", shape: [4], decays: false) { $0.fill(2) },
            Parameter(name: "n", shape: [1, 2]) { $0.copy(from: [3, 4]) },
        ]
        let set = ParameterSet(parameters, memory: memory)
        #expect(set.count == 12)
        #expect(set.offsets == [0, 6, 10])
        #expect(set.values.elements() == [1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 4])
        #expect(set.gradients.elements() == [Float](repeating: 0, count: 12))
        #expect((parameters[0].value.rows, parameters[0].value.columns) == (2, 3))
        #expect((parameters[1].value.rows, parameters[1].value.columns) == (1, 4))
        set.gradients.pointer[7] = 5
        #expect(set.gradient(of: 1).elements() == [0, 5, 0, 0])
        set.values.pointer[11] = 9
        #expect(parameters[2].value.elements() == [3, 9])
    }
}
