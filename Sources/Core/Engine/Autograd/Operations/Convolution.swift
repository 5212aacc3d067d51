extension Tape {
    /// Convolution of images: windows as rows of a matrix, times the kernel.
    ///
    /// X `[N · h · w, C]` (a row a pixel), W `[O, C, k, k]` as files have it, Y `[N · h' · w', O]`.
    ///
    ///     U = windows of X  [N h' w', k k C]      V = W as [O, k k C]      Y = U Vᵀ
    ///     dV = dYᵀ U,   dX = Σ over windows of dY V
    ///
    /// U is made again in the backward pass, some images at a time: how many depends on the shape alone, so the bits do too.
    ///
    /// - Source: Chellapilla, Puri and Simard 2006, *High Performance Convolutional Neural Networks for Document Processing*.
    package func convolution(
        _ x: Variable, _ weight: Variable, _ shape: ConvolutionShape, on grid: ImageGrid
    ) -> Variable {
        guard let output = shape.output(of: grid) else { preconditionFailure("no window of \(shape) fits \(grid)") }
        precondition(
            x.value.columns == shape.inChannels && x.value.rows % grid.area == 0
                && weight.value.count == shape.outChannels * shape.windowSize, "X, W and the shape of a convolution")
        let passes = ConvolutionPasses(shape, grid: grid, output: output, engine: engine)
        let images = x.value.rows / grid.area
        let y = engine.memory.activation(rows: images * output.area, columns: shape.outChannels)
        let operations = 2 * Double(y.count) * Double(shape.windowSize)
        engine.measured(.convolution, operations: operations) {
            passes.forward(x.value, kernel: passes.kernel(of: weight.value), into: y)
        }
        let result = Variable(y, requiresGradient: x.requiresGradient || weight.requiresGradient)
        record(result) { [engine] dY in
            engine.measured(.convolution, operations: 2 * operations) {
                weight.addGradient(engine.memory) { dW, accumulate in
                    passes.addKernelGradient(dY, x: x.value, to: dW, accumulate: accumulate)
                }
                x.addGradient(engine.memory) { dX, accumulate in
                    passes.backward(dY, kernel: passes.kernel(of: weight.value), into: dX, accumulate: accumulate)
                }
            }
        }
        return result
    }
}

/// The products of a convolution, as many images at a time as keep the windows in the cache.
private struct ConvolutionPasses {
    private let shape: ConvolutionShape
    private let grid, output: ImageGrid
    private let engine: Engine
    /// Numbers of the windows that are in memory at once.
    private static let windowNumbers = 1 << 18

    init(_ shape: ConvolutionShape, grid: ImageGrid, output: ImageGrid, engine: Engine) {
        (self.shape, self.grid, self.output, self.engine) = (shape, grid, output, engine)
    }

    /// W `[O, C, k, k]` as `[O, k k C]`, the order of the windows' rows.
    func kernel(of weight: Tensor) -> Tensor {
        let kernel = engine.memory.tensor(rows: shape.outChannels, columns: shape.windowSize)
        Kernels.transposeBlocks(
            engine.threads, x: weight.pointer, y: kernel.pointer, accumulate: false, count: shape.outChannels,
            rows: shape.inChannels, columns: shape.kernel * shape.kernel)
        return kernel
    }

    func forward(_ x: Tensor, kernel: Tensor, into y: Tensor) {
        forEachPart(of: x) { images in
            BLAS.multiply(windows(of: x, images), transposed: kernel, into: rows(y, images), engine: engine)
        }
    }

    func addKernelGradient(_ dY: Tensor, x: Tensor, to dW: Tensor, accumulate: Bool) {
        let sum = engine.memory.tensor(rows: shape.outChannels, columns: shape.windowSize)
        forEachPart(of: x) { images in
            BLAS.multiply(
                transposed: rows(dY, images), windows(of: x, images), into: sum, accumulate: images.lowerBound > 0,
                engine: engine)
        }
        Kernels.transposeBlocks(
            engine.threads, x: sum.pointer, y: dW.pointer, accumulate: accumulate, count: shape.outChannels,
            rows: shape.kernel * shape.kernel, columns: shape.inChannels)
    }

    func backward(_ dY: Tensor, kernel: Tensor, into dX: Tensor, accumulate: Bool) {
        forEachPart(of: dX) { images in
            let part = rows(dY, images)
            let columns = engine.memory.tensor(rows: part.rows, columns: shape.windowSize)
            BLAS.multiply(part, kernel, into: columns, engine: engine)
            let target = dX.rows(images.lowerBound * grid.area..<images.upperBound * grid.area)
            Kernels.fold(
                engine.threads, columns: columns.pointer, into: target.pointer, accumulate: accumulate,
                description(images.count))
        }
    }

    private func windows(of x: Tensor, _ images: Range<Int>) -> Tensor {
        let columns = engine.memory.tensor(rows: images.count * output.area, columns: shape.windowSize)
        Kernels.unfold(
            engine.threads, x: x.rows(images.lowerBound * grid.area..<images.upperBound * grid.area).pointer,
            into: columns.pointer, description(images.count))
        return columns
    }

    private func rows(_ y: Tensor, _ images: Range<Int>) -> Tensor {
        y.rows(images.lowerBound * output.area..<images.upperBound * output.area)
    }

    private func description(_ images: Int) -> ImageWindows {
        ImageWindows(
            images: images, grid: grid, channels: shape.inChannels,
            kernel: ImageGrid(height: shape.kernel, width: shape.kernel), stride: shape.stride, padding: shape.padding,
            output: output)
    }

    private func forEachPart(of x: Tensor, _ body: (Range<Int>) -> Void) {
        let images = x.rows / grid.area
        let step = max(Self.windowNumbers / (output.area * shape.windowSize), 1)
        for first in stride(from: 0, to: images, by: step) { body(first..<min(first + step, images)) }
    }
}
