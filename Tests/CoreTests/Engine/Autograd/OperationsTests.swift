import CatenaEngine
import CatenaModels
import Testing

/// Every operation's gradient against finite differences; see `GradientCheck` for the tolerance.
@Suite("Gradients of the operations")
struct OperationsTests {
    private func expectExact(_ error: GradientError) {
        #expect(error.error < GradientCheck.tolerance, "\(error)")
    }

    @Test("multiply by a frozen matrix", arguments: [1, 5, 40])
    func multiplyFrozen(rows: Int) {
        let engine = Engine(threads: 1)
        let weight = Float32Weight(engine.memory.tensor(tinyNormal(9 * 7, seed: 4), rows: 9, columns: 7))
        expectExact(
            GradientCheck.worst([GradientLeaf("x", rows, 7)], engine: engine) { tape, leaves in
                tape.multiply(leaves[0], frozen: weight)
            })
    }

    @Test(
        "multiply by a frozen matrix with a low-rank change",
        arguments: [(true, true, true), (true, false, false), (false, true, true)], [false, true])
    func multiplyWithUpdate(requires: (input: Bool, a: Bool, b: Bool), drops: Bool) {
        let engine = Engine(threads: 1)
        let weight = Float32Weight(engine.memory.tensor(tinyNormal(9 * 7, seed: 4), rows: 9, columns: 7))
        let leaves = [
            GradientLeaf("x", 5, 7, requiresGradient: requires.input),
            GradientLeaf("a", 2, 7, requiresGradient: requires.a),
            GradientLeaf("b", 9, 2, requiresGradient: requires.b),
        ]
        expectExact(
            GradientCheck.worst(leaves, engine: engine) { tape, leaves in
                let dropped = drops ? tape.dropout(leaves[0], probability: 0.5, name: "x") : leaves[0]
                return tape.multiply(
                    leaves[0], frozen: weight, plus: (leaves[1], leaves[2]), of: dropped, scaling: 0.7,
                    part: .feedForwardOut)
            })
    }

    @Test("a low-rank change in the same pass equals the one added after the product")
    func updateInOnePass() {
        let (engine, rows) = (Engine(threads: 2), 130)
        func leaf(_ seed: UInt64, _ rows: Int, _ columns: Int) -> Variable {
            Variable(
                engine.memory.tensor(tinyNormal(rows * columns, seed: seed), rows: rows, columns: columns),
                requiresGradient: true)
        }
        let weight = Float32Weight(leaf(4, 96, 80).value)
        func run(_ body: (Tape, [Variable]) -> Variable) -> [[Double]] {
            let leaves = [leaf(1, rows, 80), leaf(2, 8, 80), leaf(3, 96, 8)]
            let tape = Tape(engine: engine, isRecording: true)
            let output = body(tape, leaves)
            let value = output.value.elements()
            tape.backward(from: output, gradient: leaf(5, rows, 96).value)
            return ([value] + leaves.map { $0.gradient?.elements() ?? [] }).map { $0.map(Double.init) }
        }
        let one = run { tape, leaves in
            tape.multiply(
                leaves[0], frozen: weight, plus: (leaves[1], leaves[2]), of: leaves[0], scaling: 2,
                part: .feedForwardOut)
        }
        let two = run { tape, leaves in
            tape.add(
                tape.multiply(leaves[0], transposed: leaves[1]), timesTransposed: leaves[2], scaling: 2,
                to: tape.multiply(leaves[0], frozen: weight))
        }
        for (first, second) in zip(one, two) { #expect(relativeError(first.map { Float($0) }, second) < 1e-6) }
    }

    @Test("multiply by a trainable matrix", arguments: [(true, true), (true, false), (false, true)])
    func multiplyTrainable(input: Bool, matrix: Bool) {
        let leaves = [
            GradientLeaf("x", 5, 7, requiresGradient: input), GradientLeaf("w", 3, 7, requiresGradient: matrix),
        ]
        expectExact(
            GradientCheck.worst(leaves) { tape, leaves in
                tape.multiply(leaves[0], transposed: leaves[1], alpha: 0.7)
            })
    }

    @Test("a variable with several users gets the sum of their gradients")
    func fanOut() {
        let leaves = [GradientLeaf("x", 4, 6), GradientLeaf("v", 6, 6), GradientLeaf("w", 6, 6)]
        expectExact(
            GradientCheck.worst(leaves) { tape, leaves in
                let first = tape.multiply(leaves[0], transposed: leaves[1])
                let second = tape.multiply(leaves[0], transposed: leaves[2])
                return tape.swiGLU(gate: first, up: second)
            })
    }

    @Test("add a bias", arguments: [(true, true), (true, false), (false, true)])
    func addBias(input: Bool, bias: Bool) {
        let leaves = [
            GradientLeaf("x", 5, 9, requiresGradient: input), GradientLeaf("b", 1, 9, requiresGradient: bias),
        ]
        expectExact(GradientCheck.worst(leaves) { tape, leaves in tape.addBias(leaves[0], leaves[1]) })
    }

    @Test("residual, alone and around a layer")
    func residual() {
        expectExact(
            GradientCheck.worst([GradientLeaf("x", 3, 5), GradientLeaf("y", 3, 5)]) { tape, leaves in
                tape.residual(leaves[0], leaves[1])
            })
        let leaves = [
            GradientLeaf("x", 3, 5), GradientLeaf("n", 1, 5, mean: 1, deviation: 0.2), GradientLeaf("w", 5, 5),
        ]
        expectExact(
            GradientCheck.worst(leaves) { tape, leaves in
                let normed = tape.rmsNorm(leaves[0], leaves[1], epsilon: 1e-5)
                return tape.residual(leaves[0], tape.multiply(normed, transposed: leaves[2]))
            })
    }

    @Test("RMSNorm of hidden states and of heads", arguments: [(1, 20), (3, 6), (2, 33)])
    func rmsNorm(groups: Int, width: Int) {
        for (input, scale) in [(true, true), (true, false), (false, true)] {
            let leaves = [
                GradientLeaf("x", 4, groups * width, requiresGradient: input),
                GradientLeaf("w", 1, width, mean: 1, deviation: 0.3, requiresGradient: scale),
            ]
            expectExact(
                GradientCheck.worst(leaves) { tape, leaves in
                    tape.rmsNorm(leaves[0], leaves[1], epsilon: 1e-5)
                })
        }
    }

    @Test("SwiGLU", arguments: [1, 6])
    func swiGLU(rows: Int) {
        let leaves = [GradientLeaf("gate", rows, 19, deviation: 2), GradientLeaf("up", rows, 19)]
        expectExact(GradientCheck.worst(leaves) { tape, leaves in tape.swiGLU(gate: leaves[0], up: leaves[1]) })
    }

    @Test("rotary embedding at positions that start again in each segment")
    func rotary() throws {
        let engine = Engine(threads: 1)
        let table = try TinyModel.configuration().rotaryTable(memory: engine.memory)
        let layout = SequenceLayout(segmentStarts: [0, 3, 8], positions: [0, 1, 2, 0, 1, 2, 3, 4])
        expectExact(
            GradientCheck.worst([GradientLeaf("x", 8, 12)], engine: engine) { tape, leaves in
                tape.rotary(leaves[0], headDimension: 4, layout: layout, table: table)
            })
    }

    @Test(
        "causal attention with segments, grouped heads and a window",
        arguments: [(4, 4, nil), (4, 2, nil), (4, 1, 3)] as [(Int, Int, Int?)])
    func causalAttention(heads: Int, keyValueHeads: Int, window: Int?) throws {
        let configuration = try TinyModel.configuration {
            ($0.attentionHeads, $0.keyValueHeads, $0.headDimension, $0.slidingWindow) = (
                heads, keyValueHeads, 6, window
            )
        }
        let layout = TinyBatch(lengths: [1, 7, 4], vocabulary: 5).layout
        let leaves = [
            GradientLeaf("q", 12, heads * 6), GradientLeaf("k", 12, keyValueHeads * 6),
            GradientLeaf("v", 12, keyValueHeads * 6),
        ]
        expectExact(
            GradientCheck.worst(leaves) { tape, leaves in
                tape.attention(
                    leaves[0], leaves[1], leaves[2], shape: configuration.attentionShape, layout: layout)
            })
    }

    @Test("attention in both directions, over one tile of keys and over two", arguments: [[1, 7, 4], [270]])
    func bidirectionalAttention(lengths: [Int]) throws {
        var shape = AttentionShape(queryHeads: 2, keyValueHeads: 1, headDimension: 2)
        shape.isBidirectional = true
        let layout = TinyBatch(lengths: lengths, vocabulary: 5).layout
        let count = layout.tokenCount
        let leaves = [GradientLeaf("q", count, 4), GradientLeaf("k", count, 2), GradientLeaf("v", count, 2)]
        expectExact(
            GradientCheck.worst(leaves) { tape, leaves in
                tape.attention(leaves[0], leaves[1], leaves[2], shape: shape, layout: layout)
            })
    }

    @Test("causal attention over more keys than a tile holds")
    func longAttention() throws {
        let configuration = try TinyModel.configuration {
            ($0.attentionHeads, $0.keyValueHeads, $0.headDimension) = (2, 1, 2)
        }
        let layout = TinyBatch(lengths: [150], vocabulary: 5).layout
        let leaves = [GradientLeaf("q", 150, 4), GradientLeaf("k", 150, 2), GradientLeaf("v", 150, 2)]
        expectExact(
            GradientCheck.worst(leaves) { tape, leaves in
                tape.attention(
                    leaves[0], leaves[1], leaves[2], shape: configuration.attentionShape, layout: layout)
            })
    }

    @Test("attention sees neither later tokens nor other segments nor keys before the window")
    func attentionMask() throws {
        let engine = Engine(threads: 1)
        let configuration = try TinyModel.configuration {
            ($0.attentionHeads, $0.keyValueHeads, $0.headDimension, $0.slidingWindow) = (1, 1, 4, 2)
        }
        let layout = TinyBatch(lengths: [3, 5], vocabulary: 5).layout
        let leaves = [GradientLeaf("q", 8, 4), GradientLeaf("k", 8, 4), GradientLeaf("v", 8, 4)]
        func output(changing row: Int?) -> [Float] {
            let variables = leaves.map {
                Variable(engine.memory.tensor($0.values, rows: 8, columns: 4), requiresGradient: false)
            }
            if let row { for variable in variables[1...] { variable.value.rows(row..<row + 1).fill(9) } }
            return Tape(engine: engine, isRecording: false).attention(
                variables[0], variables[1], variables[2], shape: configuration.attentionShape, layout: layout
            ).value.elements()
        }
        let original = output(changing: nil)
        for (row, readers) in [(0, [0, 1]), (2, [2]), (4, [4, 5]), (7, [7])] {
            let changed = output(changing: row)
            let affected = (0..<8).filter { original[$0 * 4..<$0 * 4 + 4] != changed[$0 * 4..<$0 * 4 + 4] }
            #expect(affected == readers, "readers of row \(row)")
        }
    }

    @Test("dropout, whose mask is the same for the same key")
    func dropout() {
        let key = RandomKey(seed: 3, step: 2, microBatch: 1)
        expectExact(
            GradientCheck.worst([GradientLeaf("x", 6, 11)], randomKey: key) { tape, leaves in
                tape.dropout(leaves[0], probability: 0.3, name: "layer")
            })
    }

    @Test("dropout keeps about 1 - p of the elements, scaled, and differs by name, step and micro-batch")
    func dropoutMask() {
        let engine = Engine(threads: 2)
        func mask(_ key: RandomKey, _ name: String, recording: Bool = true) -> [Float] {
            let ones = engine.memory.tensor(rows: 100, columns: 100)
            ones.fill(1)
            let tape = Tape(engine: engine, isRecording: recording, randomKey: key)
            return tape.dropout(Variable(ones, requiresGradient: true), probability: 0.2, name: name).value.elements()
        }
        let key = RandomKey(seed: 1, step: 4, microBatch: 2)
        let original = mask(key, "a")
        // 10 000 draws: the kept share has standard deviation 0.004.
        let kept = original.filter { $0 != 0 }
        #expect(abs(Double(kept.count) / 10_000 - 0.8) < 0.02)
        #expect(kept.allSatisfy { $0 == 1 / Float(0.8) })
        #expect(mask(key, "a") == original)
        #expect(mask(key, "b") != original)
        #expect(mask(RandomKey(seed: 1, step: 5, microBatch: 2), "a") != original)
        #expect(mask(RandomKey(seed: 1, step: 4, microBatch: 3), "a") != original)
        #expect(mask(RandomKey(seed: 2, step: 4, microBatch: 2), "a") != original)
        #expect(mask(key, "a", recording: false).allSatisfy { $0 == 1 })
    }

    @Test("embedding lookup with repeated tokens")
    func embeddingLookup() {
        expectExact(
            GradientCheck.worst([GradientLeaf("table", 6, 5)]) { tape, leaves in
                tape.embeddingLookup([3, 1, 3, 3, 5], table: leaves[0])
            })
    }

    @Test("add a low-rank product")
    func addProduct() {
        for (h, w, y) in [(true, true, true), (true, true, false), (false, true, true), (true, false, false)] {
            let leaves = [
                GradientLeaf("h", 5, 2, requiresGradient: h), GradientLeaf("w", 7, 2, requiresGradient: w),
                GradientLeaf("y", 5, 7, requiresGradient: y),
            ]
            expectExact(
                GradientCheck.worst(leaves) { tape, leaves in
                    tape.add(leaves[0], timesTransposed: leaves[1], scaling: 1.5, to: leaves[2])
                })
        }
    }
}
