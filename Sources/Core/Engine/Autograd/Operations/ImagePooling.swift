/// What a window of an image becomes.
public enum ImagePooling: String, Sendable, CaseIterable {
    /// Its mean.
    case average
    /// Its largest number.
    case maximum = "max"
}

extension Tape {
    /// Each channel's mean, or largest number, over windows that touch each other.
    ///
    /// X `[N · h · w, C]`, Y `[N · ⌊h / a⌋ · ⌊w / b⌋, C]` for windows `a x b`; what is left over at the right and at the bottom is
    /// not looked at. A window of the whole image is global pooling.
    ///
    ///     average: dX = dY / (a b) in the window      maximum: dX = dY at the first largest
    package func pooled(_ x: Variable, _ pooling: ImagePooling, window: ImageGrid, on grid: ImageGrid) -> Variable {
        let output = ImageGrid(height: grid.height / window.height, width: grid.width / window.width)
        precondition(x.value.rows % grid.area == 0 && output.area > 0, "windows \(window) of images \(grid)")
        let engine = engine
        let windows = ImageWindows(
            images: x.value.rows / grid.area, grid: grid, channels: x.value.columns, kernel: window, output: output)
        let y = engine.memory.activation(rows: windows.images * output.area, columns: x.value.columns)
        engine.measured(.elementwise) {
            Kernels.poolWindows(
                engine.threads, x: x.value.pointer, y: y.pointer, largest: pooling == .maximum, windows)
        }
        let result = Variable(y, requiresGradient: x.requiresGradient)
        record(result) { dY in
            x.addGradient(engine.memory) { dX, accumulate in
                // Means do not depend on X, which need not be made again for them.
                let values = pooling == .maximum ? x.value.pointer : dY.pointer
                engine.measured(.elementwise) {
                    Kernels.poolWindowsBackward(
                        engine.threads, dY: dY.pointer, x: values, dX: dX.pointer, accumulate: accumulate,
                        largest: pooling == .maximum, windows)
                }
            }
        }
        return result
    }
}
