import Glibc

/// A pool of float buffers that are reused between steps.
///
/// Fresh pages cost a fault each (a 100 MB buffer 25 000 of them), so a released buffer waits in the
/// free list of its size class for the next tensor of about that size. Classes are eighths of powers
/// of two. Activations get room for the longest batch seen, so that micro-batches of every length use
/// the same buffers; pages that a shorter one does not touch cost nothing.
public final class TensorMemory {
    private var free: [Int: [UnsafeMutablePointer<Float>]] = [:]
    /// Bytes obtained from the system and not returned to it.
    public private(set) var reservedBytes = 0
    /// Rows that every activation has room for.
    private var activationRows = 0
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

    /// Prepares for a pass over `count` tokens: activations get room for the longest pass so far.
    ///
    /// When that grows, the buffers of shorter passes go back to the system.
    public func expectTokens(_ count: Int) {
        guard count > activationRows else { return }
        activationRows = Self.roundedToEighth(count)
        trim()
    }

    /// A tensor `[rows, columns]` with undefined contents whose rows belong to tokens of a pass.
    public func activation(rows: Int, columns: Int) -> Tensor {
        let whole = tensor(rows: max(rows, activationRows), columns: columns)
        return whole.rows(0..<rows)
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
            for buffer in buffers { release(buffer, capacity: capacity) }
        }
        free.removeAll()
    }

    func recycle(_ base: UnsafeMutablePointer<Float>, capacity: Int) {
        free[capacity, default: []].append(base)
    }

    deinit {
        trim()
    }

    /// The capacity for `count` elements: whole pages, then eighths of powers of two.
    static func sizeClass(_ count: Int) -> Int {
        let page = 1024
        return count > page ? roundedToEighth(count) : page
    }

    private static func roundedToEighth(_ count: Int) -> Int {
        let step = 1 << max(Int.bitWidth - 1 - count.leadingZeroBitCount - 3, 0)
        return (count + step - 1) / step * step
    }

    private func allocate(_ capacity: Int) -> UnsafeMutablePointer<Float> {
        let bytes = capacity * MemoryLayout<Float>.stride
        let address = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let address, address != MAP_FAILED else {
            endOutOfMemory(refused: bytes)
        }
        reservedBytes += bytes
        systemAllocationCount += 1
        return address.bindMemory(to: Float.self, capacity: capacity)
    }

    /// Ends the process with one line and exit code 1; under MPI that ends the job.
    ///
    /// Where it can be foreseen it was refused before (`plan`, the choice of placement). Here a step is under way: to throw,
    /// every operation on a tensor would have to, and no caller could go on.
    private func endOutOfMemory(refused bytes: Int) -> Never {
        let message =
            "catena: error: out of memory: the system refused \(bytes) bytes after \(reservedBytes); "
            + "use a smaller micro-batch, a shorter max-length or recompute: blocks.\n"
        _ = message.withCString { write(STDERR_FILENO, $0, strlen($0)) }
        _exit(1)
    }

    private func release(_ base: UnsafeMutablePointer<Float>, capacity: Int) {
        let bytes = capacity * MemoryLayout<Float>.stride
        munmap(base, bytes)
        reservedBytes -= bytes
    }
}
