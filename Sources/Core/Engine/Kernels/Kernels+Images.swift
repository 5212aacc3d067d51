import CKernels

/// Windows over `images` images of `grid` with `channels` channels.
struct ImageWindows {
    var images: Int
    var grid: ImageGrid
    var channels: Int
    var kernel: ImageGrid
    var stride = 1
    var padding = 0
    var output: ImageGrid

    fileprivate var c: ck_image_windows {
        ck_image_windows(
            images: Int64(images), height: Int64(grid.height), width: Int64(grid.width), channels: Int64(channels),
            kernel_height: Int64(kernel.height), kernel_width: Int64(kernel.width), stride: Int64(stride),
            padding: Int64(padding), out_height: Int64(output.height), out_width: Int64(output.width))
    }
}

extension Kernels {
    /// A row for each window, its pixels line by line; 0 outside the image.
    static func unfold(
        _ pool: ThreadPool, x: UnsafePointer<Float>, into columns: UnsafeMutablePointer<Float>, _ windows: ImageWindows
    ) {
        var windows = windows.c
        ck_unfold(pool.handle, x, columns, &windows)
    }

    /// x = (or +=) the sum over the windows of what their rows hold for each pixel.
    static func fold(
        _ pool: ThreadPool, columns: UnsafePointer<Float>, into x: UnsafeMutablePointer<Float>, accumulate: Bool,
        _ windows: ImageWindows
    ) {
        var windows = windows.c
        ck_fold(pool.handle, columns, x, accumulate, &windows)
    }

    /// The mean, or the largest, of each channel over windows that touch each other.
    static func poolWindows(
        _ pool: ThreadPool, x: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>, largest: Bool,
        _ windows: ImageWindows
    ) {
        var windows = windows.c
        ck_pool_windows(pool.handle, x, y, largest, &windows)
    }

    /// dX of `poolWindows`, written or added; of several largest the first gets the gradient.
    static func poolWindowsBackward(
        _ pool: ThreadPool, dY: UnsafePointer<Float>, x: UnsafePointer<Float>, dX: UnsafeMutablePointer<Float>,
        accumulate: Bool, largest: Bool, _ windows: ImageWindows
    ) {
        var windows = windows.c
        ck_pool_windows_backward(pool.handle, dY, x, dX, accumulate, largest, &windows)
    }

    /// y[b] = (or +=) x[b]ᵀ for `count` blocks `[rows, columns]` that lie one after the other.
    static func transposeBlocks(
        _ pool: ThreadPool, x: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>, accumulate: Bool, count: Int,
        rows: Int, columns: Int
    ) {
        ck_transpose_blocks(pool.handle, x, y, accumulate, Int64(count), Int64(rows), Int64(columns))
    }

    /// Each column over each group of `groupRows` rows: y = (x - mean) s weight + bias, s = 1 / sqrt(variance + epsilon) with the
    /// biased variance. Statistics are `[groups, width]` and are added up in double precision.
    static func columnNorm(
        _ pool: ThreadPool, x: UnsafePointer<Float>, weight: UnsafePointer<Float>, bias: UnsafePointer<Float>,
        y: UnsafeMutablePointer<Float>, mean: UnsafeMutablePointer<Float>,
        inverseDeviation: UnsafeMutablePointer<Float>, rows: Int, width: Int, groupRows: Int, epsilon: Float
    ) {
        ck_column_norm(
            pool.handle, x, weight, bias, y, mean, inverseDeviation, Int64(rows), Int64(width), Int64(groupRows),
            epsilon)
    }

    /// With n = (x - mean) s over each group: dWeight[g] = sum of dY n and dBias[g] = sum of dY, `[groups, width]`, and
    /// dX = weight s (dY - mean(dY) - n mean(dY n)), written or added, unless it is nil.
    static func columnNormBackward(
        _ pool: ThreadPool, dY: UnsafePointer<Float>, x: UnsafePointer<Float>, weight: UnsafePointer<Float>,
        mean: UnsafePointer<Float>, inverseDeviation: UnsafePointer<Float>, dX: UnsafeMutablePointer<Float>?,
        accumulate: Bool, dWeight: UnsafeMutablePointer<Float>, dBias: UnsafeMutablePointer<Float>, rows: Int,
        width: Int, groupRows: Int
    ) {
        ck_column_norm_backward(
            pool.handle, dY, x, weight, mean, inverseDeviation, dX, accumulate, dWeight, dBias, Int64(rows),
            Int64(width), Int64(groupRows))
    }

    /// y = (or +=) x scale + shift for each column.
    static func scaleShift(
        _ pool: ThreadPool, x: UnsafePointer<Float>, scale: UnsafePointer<Float>, shift: UnsafePointer<Float>?,
        y: UnsafeMutablePointer<Float>, accumulate: Bool, rows: Int, width: Int
    ) {
        ck_scale_shift(pool.handle, x, scale, shift, y, accumulate, Int64(rows), Int64(width))
    }
}
