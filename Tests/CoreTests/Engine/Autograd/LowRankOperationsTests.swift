import CatenaEngine
import Testing

@Suite("Operations of low-rank adapters")
struct LowRankOperationsTests {
    private func expectExact(_ error: GradientError) {
        #expect(error.error < GradientCheck.tolerance, "\(error)")
    }

    private func constant(_ rows: Int, _ columns: Int, seed: UInt64, _ engine: Engine) -> Tensor {
        engine.memory.tensor(tinyNormal(rows * columns, seed: seed), rows: rows, columns: columns)
    }

    private func origin(rank: Int, input: Int, output: Int, _ engine: Engine) -> LowRankUpdate {
        LowRankUpdate(a: constant(rank, input, seed: 21, engine), b: constant(output, rank, seed: 22, engine))
    }

    @Test(
        "add the difference of two thin products", arguments: [(1, 5, 3), (2, 4, 6), (3, 7, 7)],
        [
            [true, true, true, true], [false, true, true, false], [true, true, false, true], [true, false, true, true],
        ])
    func addDifference(shape: (rank: Int, input: Int, output: Int), requiresGradient: [Bool]) {
        let leaves = [
            GradientLeaf("a", shape.rank, shape.input, requiresGradient: requiresGradient[0]),
            GradientLeaf("b", shape.output, shape.rank, requiresGradient: requiresGradient[1]),
            GradientLeaf("x", 5, shape.input, requiresGradient: requiresGradient[2]),
            GradientLeaf("w", shape.output, shape.input, requiresGradient: requiresGradient[3]),
        ]
        let engine = Engine(threads: 1)
        let origin = origin(rank: shape.rank, input: shape.input, output: shape.output, engine)
        expectExact(
            GradientCheck.worst(leaves) { tape, leaves in
                tape.addDifference(
                    of: leaves[0], leaves[1], from: origin, scaling: 0.7, times: leaves[2],
                    to: tape.multiply(leaves[2], transposed: leaves[3]))
            })
    }

    @Test("the difference of thin products is that of two products, and nothing where they are equal")
    func value() {
        let engine = Engine(threads: 2)
        let (rows, rank, input, output) = (70, 8, 96, 64)
        let origin = origin(rank: rank, input: input, output: output, engine)
        let x = Variable(constant(rows, input, seed: 1, engine), requiresGradient: false)
        func difference(_ a: Tensor, _ b: Tensor) -> [Float] {
            let tape = Tape(engine: engine, isRecording: false)
            let y = Variable(engine.memory.zeros(rows: rows, columns: output), requiresGradient: false)
            let (a, b) = (Variable(a, requiresGradient: false), Variable(b, requiresGradient: false))
            return tape.addDifference(of: a, b, from: origin, scaling: 0.5, times: x, to: y).value.elements()
        }
        func product(_ update: LowRankUpdate) -> [Double] {
            let (a, b, x) = (update.a.elements(), update.b.elements(), x.value.elements())
            return (0..<rows * output).map { index in
                (0..<rank).reduce(0) { sum, k in
                    let h = (0..<input).reduce(0.0) {
                        $0 + Double(x[index / output * input + $1]) * Double(a[k * input + $1])
                    }
                    return sum + 0.5 * h * Double(b[index % output * rank + k])
                }
            }
        }
        let moved = LowRankUpdate(
            a: constant(rank, input, seed: 3, engine), b: constant(output, rank, seed: 4, engine))
        let expected = zip(product(moved), product(origin)).map { Float($0 - $1) }
        #expect(normwiseError(difference(moved.a, moved.b), expected) < 1e-6)
        let still = difference(origin.a, origin.b)
        #expect(still.map(abs).max() ?? 1 < 1e-5 * (product(origin).map { Float(abs($0)) }.max() ?? 0))
    }

    @Test("multiply by the first columns of a constant", arguments: [[true, true], [false, true], [true, false]])
    func frozenPart(requiresGradient: [Bool]) {
        let engine = Engine(threads: 1)
        let a = constant(3, 9, seed: 5, engine)
        let leaves = [
            GradientLeaf("x", 5, 6, requiresGradient: requiresGradient[0]),
            GradientLeaf("u", 1, 3, requiresGradient: requiresGradient[1]),
        ]
        expectExact(
            GradientCheck.worst(leaves) { tape, leaves in
                tape.scaleColumns(of: tape.multiply(leaves[0], transposedPartOf: a), by: leaves[1])
            })
    }

    @Test("their bits do not depend on the number of threads")
    func threads() {
        func bits(_ threads: Int) -> [[UInt32]] {
            let engine = Engine(threads: threads)
            let (rows, rank, input, output) = (700, 8, 96, 64)
            func leaf(_ rows: Int, _ columns: Int, _ seed: UInt64) -> Variable {
                Variable(constant(rows, columns, seed: seed, engine), requiresGradient: true)
            }
            let leaves = [leaf(rank, input, 1), leaf(output, rank, 2), leaf(rows, input, 3), leaf(output, input, 4)]
            let tape = Tape(engine: engine, isRecording: true)
            let part = tape.multiply(leaves[2], transposedPartOf: constant(output, input + 7, seed: 6, engine))
            let z = tape.addDifference(
                of: leaves[0], leaves[1], from: origin(rank: rank, input: input, output: output, engine), scaling: 2,
                times: leaves[2], to: part)
            tape.backward(from: z, gradient: constant(rows, output, seed: 5, engine))
            let gradients = leaves.prefix(3).map { $0.gradient?.elements() ?? [] }
            return ([z.value.elements()] + gradients).map { $0.map(\.bitPattern) }
        }
        #expect(bits(1) == bits(3))
    }
}
