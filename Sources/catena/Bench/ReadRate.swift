import CatenaEngine
import CatenaFiles
import Synchronization

/// How fast the threads of a pool read memory: the limit of generation, which reads every matrix once for each token.
struct ReadRate {
    private let engine: Engine
    private let buffer: Tensor

    /// Memory of `bytes` bytes, written once.
    init(bytes: Int, engine: Engine) {
        self.engine = engine
        buffer = TensorMemory().tensor(rows: 1, columns: max(bytes / MemoryLayout<Float>.stride, Self.chunk))
        buffer.fill(1)
    }

    /// 10⁹ bytes a second of one pass over the buffer.
    func measure() -> Double {
        let chunks = buffer.count / Self.chunk
        let sum = Atomic<UInt32>(0)
        let start = MonotonicClock.seconds()
        engine.threads.runRows(chunks, minimumPerTask: 1) { range in
            let floats = unsafe UnsafeRawPointer(buffer.pointer)
            var first = SIMD16<Float>()
            var second = SIMD16<Float>()
            for offset in stride(from: range.lowerBound * Self.chunk, to: range.upperBound * Self.chunk, by: 32) {
                let place = unsafe floats + offset * MemoryLayout<Float>.stride
                unsafe first += place.loadUnaligned(as: SIMD16<Float>.self)
                unsafe second += (place + 64).loadUnaligned(as: SIMD16<Float>.self)
            }
            // Used, so that the reads are not left out.
            sum.wrappingAdd((first + second).sum().bitPattern, ordering: .relaxed)
        }
        let seconds = MonotonicClock.seconds() - start
        precondition(sum.load(ordering: .relaxed) != 1, "the sum of ones")
        return Double(chunks * Self.chunk * MemoryLayout<Float>.stride) / seconds / 1e9
    }

    /// Elements that one thread reads in a row at least.
    private static let chunk = 1 << 14
}
