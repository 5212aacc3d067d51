import CatenaEngine
import CatenaFiles

/// The rate of one frozen layer's two matrix products, in 10⁹ operations a second.
enum ProductRate {
    /// GFLOP/s of all threads together in a training step's products, forward and backward.
    static func ofTraining(engine: Engine, repetitions: Int) -> Double {
        let rate = measure(tokens: 1024, out: 2048, input: 1024, repetitions: repetitions, engine: engine)
        return 2 / (1 / rate.forward + 1 / rate.backward)
    }

    /// `Y = X Wᵀ` and `dX = dY W` with X `[tokens, input]` and W `[out, input]`; the median of the repetitions counts.
    static func measure(
        tokens: Int, out: Int, input: Int, repetitions: Int, engine: Engine
    ) -> (forward: Double, backward: Double) {
        func filled(_ rows: Int, _ columns: Int) -> Tensor {
            let tensor = engine.memory.tensor(rows: rows, columns: columns)
            for index in 0..<tensor.count { unsafe tensor.pointer[index] = Float(index % 1021) / 1021 - 0.5 }
            return tensor
        }
        let (x, w, y) = (filled(tokens, input), filled(out, input), filled(tokens, out))
        func gigaflops(_ body: () -> Void) -> Double {
            body()
            let seconds = (0..<repetitions).map { _ in
                let start = MonotonicClock.seconds()
                body()
                return MonotonicClock.seconds() - start
            }
            return 2 * Double(tokens) * Double(out) * Double(input) / max(Spread(seconds).median, 1e-9) / 1e9
        }
        let forward = gigaflops {
            unsafe BLAS.gemm(
                engine.threads, transposeA: false, transposeB: true, m: tokens, n: out, k: input, alpha: 1,
                a: x.pointer, lda: input, b: w.pointer, ldb: input, beta: 0, c: y.pointer, ldc: out)
        }
        let backward = gigaflops {
            unsafe BLAS.gemm(
                engine.threads, transposeA: false, transposeB: false, m: tokens, n: input, k: out, alpha: 1,
                a: y.pointer, lda: out, b: w.pointer, ldb: input, beta: 0, c: x.pointer, ldc: input)
        }
        return (forward, backward)
    }
}
