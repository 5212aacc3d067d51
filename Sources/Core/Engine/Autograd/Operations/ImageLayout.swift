extension Tape {
    /// Images as files have them, `[N, C · h · w]` (channel by channel), as rows of pixels `[N · h · w, C]`.
    ///
    ///     Y[n, p, c] = X[n, c, p]      dX[n, c, p] = dY[n, p, c]
    package func pixelRows(_ x: Variable, channels: Int) -> Variable {
        let area = x.value.columns / channels
        precondition(x.value.columns == area * channels, "\(x.value.columns) numbers in \(channels) channels")
        return transposed(
            x, rows: x.value.rows * area, columns: channels, count: x.value.rows, from: (channels, area))
    }

    /// Rows of pixels `[N · h · w, C]` as one row for each image, channel by channel: `[N, C · h · w]`.
    ///
    ///     Y[n, c, p] = X[n, p, c]      dX[n, p, c] = dY[n, c, p]
    package func imageRows(_ x: Variable, on grid: ImageGrid) -> Variable {
        let (images, channels) = (x.value.rows / grid.area, x.value.columns)
        precondition(images * grid.area == x.value.rows, "\(x.value.rows) pixels of images \(grid)")
        return transposed(
            x, rows: images, columns: channels * grid.area, count: images, from: (grid.area, channels))
    }

    private func transposed(
        _ x: Variable, rows: Int, columns: Int, count: Int, from block: (rows: Int, columns: Int)
    ) -> Variable {
        let engine = engine
        let y = engine.memory.activation(rows: rows, columns: columns)
        engine.measured(.elementwise) {
            Kernels.transposeBlocks(
                engine.threads, x: x.value.pointer, y: y.pointer, accumulate: false, count: count, rows: block.rows,
                columns: block.columns)
        }
        let output = Variable(y, requiresGradient: x.requiresGradient)
        record(output) { dY in
            x.addGradient(engine.memory) { dX, accumulate in
                engine.measured(.elementwise) {
                    Kernels.transposeBlocks(
                        engine.threads, x: dY.pointer, y: dX.pointer, accumulate: accumulate, count: count,
                        rows: block.columns, columns: block.rows)
                }
            }
        }
        return output
    }

    /// Every `stride`-th pixel of every `stride`-th line, with channels of 0 behind: the shortcut without parameters of residual
    /// networks (option A).
    ///
    /// X `[N · h · w, C]`, Y `[N · ⌈h / s⌉ · ⌈w / s⌉, O]`, O ≥ C.
    ///
    /// - Source: He et al. 2016, *Deep Residual Learning for Image Recognition*, arXiv:1512.03385, 4.2.
    package func subsampled(_ x: Variable, stride: Int, channels: Int, on grid: ImageGrid) -> Variable {
        let width = x.value.columns
        precondition(channels >= width && x.value.rows % grid.area == 0, "\(width) channels in \(channels)")
        let output = ImageGrid(
            height: (grid.height + stride - 1) / stride, width: (grid.width + stride - 1) / stride)
        let images = x.value.rows / grid.area
        let y = engine.memory.activation(rows: images * output.area, columns: channels)
        y.fill(0)
        func forEachPixel(_ body: (_ source: Int, _ target: Int) -> Void) {
            for image in 0..<images {
                for line in 0..<output.height {
                    for pixel in 0..<output.width {
                        body(
                            (image * grid.height + line * stride) * grid.width + pixel * stride,
                            (image * output.height + line) * output.width + pixel)
                    }
                }
            }
        }
        let values = x.value
        engine.measured(.elementwise) {
            forEachPixel { source, target in
                (y.pointer + target * channels).update(from: values.pointer + source * width, count: width)
            }
        }
        let result = Variable(y, requiresGradient: x.requiresGradient)
        record(result) { [engine] dY in
            x.addGradient(engine.memory) { dX, accumulate in
                if !accumulate { dX.fill(0) }
                engine.measured(.elementwise) {
                    forEachPixel { source, target in
                        let (from, to) = (dY.pointer + target * channels, dX.pointer + source * width)
                        for channel in 0..<width { to[channel] += from[channel] }
                    }
                }
            }
        }
        return result
    }
}
