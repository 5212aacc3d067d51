import CKernels

extension Kernels {
    /// RMSNorm: inverseRMS[r] = 1 / sqrt(mean(x[r]^2) + epsilon); y[r] = x[r] inverseRMS[r] weight. y may be x.
    ///
    /// Source: Zhang and Sennrich, "Root Mean Square Layer Normalization", 2019.
    public static func rmsNorm(
        _ pool: ThreadPool, x: UnsafePointer<Float>, weight: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>,
        inverseRMS: UnsafeMutablePointer<Float>, rows: Int, width: Int, epsilon: Float
    ) {
        ck_rms_norm(pool.handle, x, weight, y, inverseRMS, Int64(rows), Int64(width), epsilon)
    }

    /// With s = inverseRMS[r] and g = dY weight: dX = s g - x s^3 mean(g x), written or added; dWeight += sum over rows of dY x s.
    /// dX may be dY when not accumulating.
    public static func rmsNormBackward(
        _ pool: ThreadPool, dY: UnsafePointer<Float>, x: UnsafePointer<Float>, weight: UnsafePointer<Float>,
        inverseRMS: UnsafePointer<Float>, dX: UnsafeMutablePointer<Float>, accumulate: Bool,
        dWeight: UnsafeMutablePointer<Float>?, rows: Int, width: Int
    ) {
        ck_rms_norm_backward(
            pool.handle, dY, x, weight, inverseRMS, dX, accumulate, dWeight, Int64(rows), Int64(width))
    }

    /// LayerNorm: y = (x - mean) inverseDeviation weight + bias, with the biased variance. `bias` may be nil. y may be x.
    ///
    /// Source: Ba, Kiros and Hinton, "Layer Normalization", 2016.
    public static func layerNorm(
        _ pool: ThreadPool, x: UnsafePointer<Float>, weight: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
        y: UnsafeMutablePointer<Float>, mean: UnsafeMutablePointer<Float>,
        inverseDeviation: UnsafeMutablePointer<Float>,
        rows: Int, width: Int, epsilon: Float
    ) {
        ck_layer_norm(pool.handle, x, weight, bias, y, mean, inverseDeviation, Int64(rows), Int64(width), epsilon)
    }

    /// With n = (x - mean) s and g = dY weight: dX = s (g - mean(g) - n mean(g n)), written or added;
    /// dWeight += sum of dY n and dBias += sum of dY, over rows.
    public static func layerNormBackward(
        _ pool: ThreadPool, dY: UnsafePointer<Float>, x: UnsafePointer<Float>, weight: UnsafePointer<Float>,
        mean: UnsafePointer<Float>, inverseDeviation: UnsafePointer<Float>, dX: UnsafeMutablePointer<Float>,
        accumulate: Bool, dWeight: UnsafeMutablePointer<Float>?, dBias: UnsafeMutablePointer<Float>?, rows: Int,
        width: Int
    ) {
        ck_layer_norm_backward(
            pool.handle, dY, x, weight, mean, inverseDeviation, dX, accumulate, dWeight, dBias, Int64(rows),
            Int64(width))
    }
}
