import CKernels

/// Vectorised loops over row-major float32 memory; one extension per subject.
///
/// Each takes the pool first, then what it reads, what it writes, and the sizes. Results do not depend on the number of
/// threads. Buffers must not overlap unless the comment of a kernel allows it.
public enum Kernels {
    /// y += x.
    public static func add(_ pool: ThreadPool, x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int)
    {
        ck_add(pool.handle, x, y, Int64(count))
    }

    /// y += alpha x.
    public static func axpy(
        _ pool: ThreadPool, alpha: Float, x: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int
    ) {
        ck_axpy(pool.handle, alpha, x, y, Int64(count))
    }

    /// x *= alpha.
    public static func scale(_ pool: ThreadPool, alpha: Float, x: UnsafeMutablePointer<Float>, count: Int) {
        ck_scale(pool.handle, alpha, x, Int64(count))
    }

    /// out = x y, elementwise; out may be x or y.
    public static func multiply(
        _ pool: ThreadPool, x: UnsafePointer<Float>, y: UnsafePointer<Float>, out: UnsafeMutablePointer<Float>,
        count: Int
    ) {
        ck_multiply(pool.handle, x, y, out, Int64(count))
    }

    /// x = value.
    public static func fill(_ pool: ThreadPool, value: Float, x: UnsafeMutablePointer<Float>, count: Int) {
        ck_fill(pool.handle, value, x, Int64(count))
    }

    /// y[r, :] += bias, for a linear layer's bias.
    public static func addRow(
        _ pool: ThreadPool, bias: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>, ld: Int, rows: Int, width: Int
    ) {
        ck_add_row(pool.handle, bias, y, Int64(ld), Int64(rows), Int64(width))
    }

    /// sums += the column sums of x [rows, width], for a bias's gradient.
    public static func columnSum(
        _ pool: ThreadPool, x: UnsafePointer<Float>, ld: Int, addedTo sums: UnsafeMutablePointer<Float>, rows: Int,
        width: Int
    ) {
        ck_column_sum(pool.handle, x, Int64(ld), sums, Int64(rows), Int64(width))
    }

    /// The sum of x squared, in float64 over chunks of a fixed size.
    public static func sumOfSquares(_ pool: ThreadPool, x: UnsafePointer<Float>, count: Int) -> Double {
        ck_sum_of_squares(pool.handle, x, Int64(count))
    }

    /// The sum of x y, in float64 over chunks of a fixed size.
    public static func dot(_ pool: ThreadPool, x: UnsafePointer<Float>, y: UnsafePointer<Float>, count: Int) -> Double {
        ck_dot(pool.handle, x, y, Int64(count))
    }

    /// Whether x holds a NaN or an infinity.
    public static func hasNonFinite(_ pool: ThreadPool, x: UnsafePointer<Float>, count: Int) -> Bool {
        ck_has_non_finite(pool.handle, x, Int64(count))
    }
}
