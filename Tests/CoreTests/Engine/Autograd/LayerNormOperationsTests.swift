import CatenaEngine
import CatenaModels
import Testing

/// The operations of OPT and GPT-2 against finite differences; see `GradientCheck` for the tolerance.
@Suite("Gradients of the operations of LayerNorm models")
struct LayerNormOperationsTests {
    private func expectExact(_ error: GradientError) {
        #expect(error.error < GradientCheck.tolerance, "\(error)")
    }

    @Test(
        "LayerNorm", arguments: [(true, true, true), (true, false, false), (false, true, false), (false, false, true)])
    func layerNorm(input: Bool, scale: Bool, bias: Bool) {
        let leaves = [
            GradientLeaf("x", 4, 21, requiresGradient: input),
            GradientLeaf("w", 1, 21, mean: 1, deviation: 0.3, requiresGradient: scale),
            GradientLeaf("b", 1, 21, requiresGradient: bias),
        ]
        expectExact(
            GradientCheck.worst(leaves) { tape, leaves in
                tape.layerNorm(leaves[0], leaves[1], leaves[2], epsilon: 1e-5)
            })
    }

    @Test("activations", arguments: Activation.allCases)
    func activation(function: Activation) {
        var leaf = GradientLeaf("x", 5, 19, deviation: 1.5)
        // ReLU has no derivative at 0, and the stencil reaches 0.04 to each side.
        leaf.values = leaf.values.map { abs($0) < 0.05 ? $0 + 0.1 : $0 }
        expectExact(GradientCheck.worst([leaf]) { tape, leaves in tape.activation(leaves[0], function) })
    }

    @Test("multiply by a matrix that is stored transposed", arguments: [(true, true), (true, false), (false, true)])
    func multiplyBy(input: Bool, matrix: Bool) {
        let leaves = [
            GradientLeaf("x", 5, 7, requiresGradient: input), GradientLeaf("w", 7, 3, requiresGradient: matrix),
        ]
        expectExact(GradientCheck.worst(leaves) { tape, leaves in tape.multiply(leaves[0], by: leaves[1]) })
    }

    @Test("fused attention, bit for bit that of separate queries, keys and values")
    func fusedAttention() throws {
        let configuration = try TinyModel.configuration {
            ($0.attentionHeads, $0.keyValueHeads, $0.headDimension) = (4, 2, 6)
        }
        let layout = TinyBatch(lengths: [1, 7, 4], vocabulary: 5).layout
        let engine = Engine(threads: 1)
        let leaf = GradientLeaf("qkv", 12, 48)
        expectExact(
            GradientCheck.worst([leaf], engine: engine) { tape, leaves in
                tape.attention(fused: leaves[0], shape: configuration.attentionShape, layout: layout)
            })
        let tape = Tape(engine: engine, isRecording: false)
        func part(_ columns: Range<Int>) -> Variable {
            let values = (0..<12).flatMap { row in columns.map { leaf.values[row * 48 + $0] } }
            return Variable(engine.memory.tensor(values, rows: 12, columns: columns.count), requiresGradient: false)
        }
        let whole = Variable(engine.memory.tensor(leaf.values, rows: 12, columns: 48), requiresGradient: false)
        let fused = tape.attention(fused: whole, shape: configuration.attentionShape, layout: layout)
        let separate = tape.attention(
            part(0..<24), part(24..<36), part(36..<48), shape: configuration.attentionShape, layout: layout)
        #expect(fused.value.elements() == separate.value.elements())
    }
}
