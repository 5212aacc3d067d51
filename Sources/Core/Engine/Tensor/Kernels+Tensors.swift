extension Engine {
    /// `y += alpha x`, elementwise.
    package func add(_ x: Tensor, into y: Tensor, alpha: Float = 1) {
        precondition(x.count == y.count, "sum of \(x.count) and \(y.count) elements")
        measured(.elementwise) {
            if alpha == 1 {
                Kernels.add(threads, x: x.pointer, into: y.pointer, count: x.count)
            } else {
                Kernels.axpy(threads, alpha: alpha, x: x.pointer, into: y.pointer, count: x.count)
            }
        }
    }

    /// `x *= alpha`.
    package func scale(_ x: Tensor, by alpha: Float) {
        Kernels.scale(threads, alpha: alpha, x: x.pointer, count: x.count)
    }
}
