import CatenaEngine
import Testing

/// The operations of image models against finite differences and plain loops; see `GradientCheck` for the tolerance.
@Suite("Operations on images")
struct ImageOperationsTests {
    private let grid = ImageGrid(height: 5, width: 4)

    private func expectExact(_ error: GradientError) {
        #expect(error.error < GradientCheck.tolerance, "\(error)")
    }

    /// A convolution as its definition has it, over rows of pixels.
    private func plain(_ x: GradientLeaf, _ w: GradientLeaf, _ shape: ConvolutionShape, images: Int) throws -> [Double]
    {
        let out = try #require(shape.output(of: grid))
        var y: [Double] = []
        for image in 0..<images {
            for line in 0..<out.height {
                for pixel in 0..<out.width {
                    for o in 0..<shape.outChannels {
                        var sum = 0.0
                        for c in 0..<shape.inChannels {
                            for i in 0..<shape.kernel {
                                for j in 0..<shape.kernel {
                                    let (v, u) = (
                                        line * shape.stride + i - shape.padding,
                                        pixel * shape.stride + j - shape.padding
                                    )
                                    guard v >= 0, v < grid.height, u >= 0, u < grid.width else { continue }
                                    let at = ((image * grid.height + v) * grid.width + u) * shape.inChannels + c
                                    let k = ((o * shape.inChannels + c) * shape.kernel + i) * shape.kernel + j
                                    sum += Double(x.values[at]) * Double(w.values[k])
                                }
                            }
                        }
                        y.append(sum)
                    }
                }
            }
        }
        return y
    }

    private func leaves(_ shape: ConvolutionShape, images: Int) -> (x: GradientLeaf, w: GradientLeaf) {
        (
            GradientLeaf("x", images * grid.area, shape.inChannels),
            GradientLeaf("w", shape.outChannels * shape.inChannels * shape.kernel, shape.kernel)
        )
    }

    private static let shapes = [
        ConvolutionShape(inChannels: 1, outChannels: 3, kernel: 3, padding: 3),
        ConvolutionShape(inChannels: 2, outChannels: 3, kernel: 3, padding: 1),
        ConvolutionShape(inChannels: 3, outChannels: 2, kernel: 3, stride: 2, padding: 1),
        ConvolutionShape(inChannels: 3, outChannels: 4, kernel: 1, stride: 2),
        ConvolutionShape(inChannels: 2, outChannels: 1, kernel: 2),
    ]

    @Test("a convolution gives what its definition gives", arguments: shapes)
    func convolution(shape: ConvolutionShape) throws {
        let (x, w) = leaves(shape, images: 3)
        let engine = Engine(threads: 2)
        let y = Tape(engine: engine, isRecording: false).convolution(
            Variable(engine.memory.tensor(x.values, rows: x.rows, columns: x.columns), requiresGradient: false),
            Variable(engine.memory.tensor(w.values, rows: w.rows, columns: w.columns), requiresGradient: false), shape,
            on: grid)
        let expected = try plain(x, w, shape, images: 3)
        #expect(y.value.count == expected.count)
        #expect(zip(y.value.elements(), expected).allSatisfy { abs(Double($0) - $1) < 1e-5 })
    }

    @Test("gradients of a convolution", arguments: shapes)
    func convolutionGradients(shape: ConvolutionShape) {
        let (x, w) = leaves(shape, images: 2)
        expectExact(GradientCheck.worst([x, w]) { $0.convolution($1[0], $1[1], shape, on: grid) })
    }

    @Test("a convolution is the same numbers on any number of threads, also in parts")
    func convolutionThreads() {
        let shape = ConvolutionShape(inChannels: 16, outChannels: 20, kernel: 3, padding: 1)
        let wide = ImageGrid(height: 24, width: 24)
        func results(threads: Int) -> [[Float]] {
            let engine = Engine(threads: threads)
            let x = GradientLeaf("x", 9 * wide.area, 16), w = GradientLeaf("w", 20 * 16 * 3, 3)
            let inputs = [x, w].map {
                Variable(engine.memory.tensor($0.values, rows: $0.rows, columns: $0.columns), requiresGradient: true)
            }
            let tape = Tape(engine: engine, isRecording: true)
            let y = tape.convolution(inputs[0], inputs[1], shape, on: wide)
            let values = y.value.elements()
            tape.backward(from: y, gradient: engine.memory.tensor(values, rows: y.value.rows, columns: y.value.columns))
            return [values] + inputs.map { $0.gradient?.elements() ?? [] }
        }
        let one = results(threads: 1)
        #expect(one.allSatisfy { !$0.isEmpty })
        #expect(results(threads: 2) == one && results(threads: 3) == one)
    }

    @Test(
        "gradients of a norm over groups of rows, the last one shorter",
        arguments: [(4, 19), (5, 3), (12, 17)], [(true, true), (true, false), (false, true)])
    func columnNorm(size: (group: Int, width: Int), trained: (input: Bool, vectors: Bool)) {
        let leaves = [
            GradientLeaf("x", 12, size.width, mean: 0.5, requiresGradient: trained.input),
            GradientLeaf("w", 1, size.width, mean: 1, deviation: 0.3, requiresGradient: trained.vectors),
            GradientLeaf("b", 1, size.width, requiresGradient: trained.vectors),
        ]
        expectExact(
            GradientCheck.worst(leaves) {
                $0.columnNorm($1[0], $1[1], $1[2], groupRows: size.group, epsilon: 1e-3)
            })
    }

    @Test("a norm over groups of rows tells its statistics once, in the backward pass")
    func columnStatistics() throws {
        let engine = Engine(threads: 1)
        let tape = Tape(engine: engine, isRecording: true)
        func vector(_ value: Float) -> Variable {
            Variable(engine.memory.tensor([value], rows: 1, columns: 1), requiresGradient: true)
        }
        var found: [ColumnStatistics] = []
        let x = Variable(engine.memory.tensor([1, 3, 10, 14, 5], rows: 5, columns: 1), requiresGradient: true)
        let y = tape.columnNorm(x, vector(1), vector(0), groupRows: 2, epsilon: 0) { found.append($0) }
        #expect(found.isEmpty)
        tape.finishForward()
        tape.backward(from: y, gradient: engine.memory.zeros(rows: 5, columns: 1))
        let statistics = try #require(found.first)
        #expect(found.count == 1 && statistics.mean.elements() == [2, 12, 5])
        #expect(statistics.inverseDeviation.elements()[..<2] == [1, 0.5])
    }

    @Test("gradients of scaling and shifting columns by constants")
    func scaledAndShifted() {
        let engine = Engine(threads: 1)
        let (a, c) = (GradientLeaf("a", 1, 19), GradientLeaf("c", 1, 19))
        let scale = engine.memory.tensor(a.values, rows: 1, columns: 19)
        let shift = engine.memory.tensor(c.values, rows: 1, columns: 19)
        expectExact(
            GradientCheck.worst([GradientLeaf("x", 4, 19)], engine: engine) {
                $0.scaledAndShifted($1[0], scale: scale, shift: shift)
            })
    }

    @Test("pooling gives means and largest numbers, and leaves out what is left over")
    func pooling() {
        let engine = Engine(threads: 1)
        let x = Variable(
            engine.memory.tensor((0..<20).map { Float($0 * $0 % 7) }, rows: 20, columns: 1), requiresGradient: false)
        let tape = Tape(engine: engine, isRecording: false)
        let window = ImageGrid(height: 2, width: 2)
        // 0 1 4 2 | 2 4 1 0 | 1 4 2 2 | 4 1 0 1 | 4 2 2 4
        #expect(tape.pooled(x, .average, window: window, on: grid).value.elements() == [1.75, 1.75, 2.5, 1.25])
        #expect(tape.pooled(x, .maximum, window: window, on: grid).value.elements() == [4, 4, 4, 2])
        #expect(tape.pooled(x, .average, window: grid, on: grid).value.elements() == [2.05])
    }

    @Test(
        "gradients of pooling", arguments: ImagePooling.allCases,
        [ImageGrid(height: 2, width: 2), .init(height: 5, width: 4)])
    func poolingGradients(pooling: ImagePooling, window: ImageGrid) {
        var x = GradientLeaf("x", 2 * grid.area, 18)
        // Far enough apart that no difference changes which is the largest.
        if pooling == .maximum { x.values = x.values.indices.map { Float(($0 * 37) % x.values.count) / 4 } }
        expectExact(GradientCheck.worst([x]) { $0.pooled($1[0], pooling, window: window, on: grid) })
    }

    @Test("of several largest numbers of a window the first gets the gradient")
    func poolingTies() {
        let engine = Engine(threads: 1)
        let tape = Tape(engine: engine, isRecording: true)
        let x = Variable(engine.memory.tensor([1, 3, 3, 3], rows: 4, columns: 1), requiresGradient: true)
        let window = ImageGrid(height: 2, width: 2)
        let y = tape.pooled(x, .maximum, window: window, on: window)
        tape.backward(from: y, gradient: engine.memory.tensor([5], rows: 1, columns: 1))
        #expect(x.gradient?.elements() == [0, 5, 0, 0])
    }

    @Test("images as rows of pixels and back")
    func layouts() {
        expectExact(GradientCheck.worst([GradientLeaf("x", 3, 2 * grid.area)]) { $0.pixelRows($1[0], channels: 2) })
        expectExact(GradientCheck.worst([GradientLeaf("x", 3 * grid.area, 2)]) { $0.imageRows($1[0], on: grid) })
        let engine = Engine(threads: 1)
        let tape = Tape(engine: engine, isRecording: false)
        let x = Variable(
            engine.memory.tensor((0..<40).map(Float.init), rows: 1, columns: 40), requiresGradient: false)
        let rows = tape.pixelRows(x, channels: 2)
        #expect(rows.value.elements()[..<4] == [0, 20, 1, 21])
        #expect(tape.imageRows(rows, on: grid).value.elements() == x.value.elements())
    }

    @Test("gradients of a shortcut without parameters")
    func subsampled() {
        expectExact(
            GradientCheck.worst([GradientLeaf("x", 2 * grid.area, 3)]) {
                $0.subsampled($1[0], stride: 2, channels: 5, on: grid)
            })
    }
}
