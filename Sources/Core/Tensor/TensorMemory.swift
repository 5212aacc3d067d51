import Glibc

/// A pool of float buffers that are reused between steps.
///
/// Fresh pages cost a fault each (a 100 MB buffer 25 000 of them), so a released buffer waits in the
/// free list of its size class for the next tensor of about that size. Classes are eighths of powers
/// of two, so sequences of varying length share them and at most an eighth is unused.
public final class TensorMemory {
    private var free: [Int: [UnsafeMutablePointer<Float>]] = [:]
    /// Bytes obtained from the system and not returned to it.
    public private(set) var reservedBytes = 0
    /// Number of buffers obtained from the system; constant in the steady state of training.
    public private(set) var systemAllocationCount = 0

    /// An empty pool.
    public init() {}

    /// A tensor `[rows, columns]` with undefined contents.
    public func tensor(rows: Int, columns: Int) -> Tensor {
        let capacity = Self.sizeClass(max(rows * columns, 1))
        let base = free[capacity]?.popLast() ?? allocate(capacity)
        return Tensor(
            storage: TensorStorage(base: base, capacity: capacity, memory: self), rows: rows,
            columns: columns)
    }

    /// A tensor `[rows, columns]` of zeros.
    public func zeros(rows: Int, columns: Int) -> Tensor {
        let result = tensor(rows: rows, columns: columns)
        result.fill(0)
        return result
    }

    /// A tensor `[rows, columns]` with a copy of `values`.
    public func tensor(_ values: [Float], rows: Int, columns: Int) -> Tensor {
        let result = tensor(rows: rows, columns: columns)
        result.copy(from: values)
        return result
    }

    /// Gives all waiting buffers back to the system.
    public func trim() {
        for (capacity, buffers) in free {
            for buffer in buffers { Glibc.free(buffer) }
            reservedBytes -= capacity * buffers.count * MemoryLayout<Float>.stride
        }
        free.removeAll()
    }

    func recycle(_ base: UnsafeMutablePointer<Float>, capacity: Int) {
        free[capacity, default: []].append(base)
    }

    deinit {
        trim()
    }

    static func sizeClass(_ count: Int) -> Int {
        let smallest = 256
        guard count > smallest else { return smallest }
        let step = 1 << max(Int.bitWidth - 1 - count.leadingZeroBitCount - 3, 0)
        return (count + step - 1) / step * step
    }

    private func allocate(_ capacity: Int) -> UnsafeMutablePointer<Float> {
        let pageBytes = 4096
        let bytes = capacity * MemoryLayout<Float>.stride
        var raw: UnsafeMutableRawPointer?
        let status = posix_memalign(&raw, bytes >= pageBytes ? pageBytes : 64, bytes)
        guard status == 0, let raw else {
            preconditionFailure(
                "out of memory: the system refused \(bytes) bytes after \(reservedBytes); "
                    + "use a smaller micro-batch, a shorter max-length or recompute: blocks.")
        }
        reservedBytes += bytes
        systemAllocationCount += 1
        return raw.bindMemory(to: Float.self, capacity: capacity)
    }
}
