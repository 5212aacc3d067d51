import CatenaEngine
import Testing

@Suite("Operations of bottleneck adapters")
struct BottleneckOperationsTests {
    private func expectExact(_ error: GradientError) {
        #expect(error.error < GradientCheck.tolerance, "\(error)")
    }

    @Test(
        "multiply by Kronecker products", arguments: [(1, 3, 4), (2, 6, 4), (4, 8, 4), (3, 3, 9)],
        [
            [true, true, true, true], [false, true, true, true], [true, false, false, true],
            [true, true, false, false],
        ])
    func hypercomplexMultiply(shape: (n: Int, input: Int, output: Int), requiresGradient: [Bool]) {
        let n = shape.n
        let leaves = [
            GradientLeaf("x", 5, shape.input, requiresGradient: requiresGradient[0]),
            GradientLeaf("rule", n * n, n, deviation: 0.7, requiresGradient: requiresGradient[1]),
            GradientLeaf("left", shape.input, 1, requiresGradient: requiresGradient[2]),
            GradientLeaf("right", n, shape.output / n, requiresGradient: requiresGradient[3]),
        ]
        expectExact(
            GradientCheck.worst(leaves) { tape, leaves in
                tape.hypercomplexMultiply(leaves[0], rule: leaves[1], left: leaves[2], right: leaves[3])
            })
    }

    @Test("two uses of one factor add their gradients")
    func sharedFactor() {
        let leaves = [
            GradientLeaf("x", 3, 6), GradientLeaf("rule", 4, 2, deviation: 0.7), GradientLeaf("left", 6, 1),
            GradientLeaf("right", 2, 2), GradientLeaf("second left", 4, 1), GradientLeaf("second right", 2, 3),
        ]
        expectExact(
            GradientCheck.worst(leaves) { tape, leaves in
                let inner = tape.hypercomplexMultiply(leaves[0], rule: leaves[1], left: leaves[2], right: leaves[3])
                return tape.hypercomplexMultiply(
                    tape.activation(inner, .geluTanh), rule: leaves[1], left: leaves[4], right: leaves[5])
            })
    }

    @Test("the bits of a Kronecker product do not depend on the number of threads")
    func threads() {
        func bits(_ threads: Int) -> [[UInt32]] {
            let engine = Engine(threads: threads)
            let (rows, n, input, output) = (700, 4, 96, 24)
            func leaf(_ rows: Int, _ columns: Int, seed: UInt64) -> Variable {
                Variable(
                    engine.memory.tensor(tinyNormal(rows * columns, seed: seed), rows: rows, columns: columns),
                    requiresGradient: true)
            }
            let leaves = [
                leaf(rows, input, seed: 1), leaf(n * n, n, seed: 2), leaf(n, input / n, seed: 3),
                leaf(n, output / n, seed: 4),
            ]
            let tape = Tape(engine: engine, isRecording: true)
            let y = tape.hypercomplexMultiply(leaves[0], rule: leaves[1], left: leaves[2], right: leaves[3])
            tape.backward(from: y, gradient: leaf(rows, output, seed: 5).value)
            return ([y.value] + leaves.compactMap(\.gradient)).map { $0.elements().map(\.bitPattern) }
        }
        #expect(bits(1).count == 5)
        #expect(bits(1) == bits(2))
    }

    @Test(
        "around a layer inside a residual each branch gets its own gradient",
        arguments: [(true, true), (true, false), (false, true)])
    func skip(output: Bool, hidden: Bool) {
        let leaves = [
            GradientLeaf("f", 3, 5, requiresGradient: output), GradientLeaf("h", 3, 5, requiresGradient: hidden),
            GradientLeaf("w", 5, 5),
        ]
        expectExact(
            GradientCheck.worst(leaves) { tape, leaves in
                let changed = tape.skip(leaves[0], around: tape.multiply(leaves[0], transposed: leaves[2]))
                return tape.residual(leaves[1], changed)
            })
    }
}
