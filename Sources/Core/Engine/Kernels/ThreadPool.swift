import CKernels

/// The threads of one process, shared by every kernel and every matrix product.
///
/// One pool per process: OpenBLAS is set to a single thread when a pool is made, and products are split here instead, so
/// that two sets of threads never compete for the same cores. Workers spin for a few microseconds between loops, then sleep.
public final class ThreadPool: @unchecked Sendable {
    /// Threads that take part in a loop, the caller counted. Fewer than asked for when the system grants fewer.
    public let threads: Int
    let handle: OpaquePointer

    /// - Parameter threads: at least 1; 1 means that everything runs on the caller.
    public init(threads: Int) {
        precondition(threads >= 1, "a thread pool needs at least one thread, not \(threads)")
        guard let handle = ck_pool_create(Int32(clamping: threads)) else {
            preconditionFailure("no memory is left for a thread pool of \(threads) threads")
        }
        self.handle = handle
        self.threads = Int(ck_pool_threads(handle))
    }

    deinit { ck_pool_destroy(handle) }

    /// Calls `body` with 0..<tasks, in any order and on any thread of the pool, and returns when all calls have returned.
    /// A loop started from inside `body` runs serially on its thread. One loop at a time: the callers of other threads wait.
    public func run(tasks: Int, _ body: (Int) -> Void) {
        guard tasks > 1, threads > 1 else {
            for task in 0..<max(tasks, 0) { body(task) }
            return
        }
        withoutActuallyEscaping(body) { escapable in
            withUnsafePointer(to: escapable) { pointer in
                ck_pool_run(
                    handle, Int64(tasks),
                    { task, _, context in
                        context?.assumingMemoryBound(to: ((Int) -> Void).self).pointee(Int(task))
                    },
                    UnsafeMutableRawPointer(mutating: pointer))
            }
        }
    }

    /// Splits 0..<rows into at most `threads` ranges of nearly equal length, none shorter than `minimumPerTask` when there
    /// are several, and calls `body` with each. Only for work whose result does not depend on where the ranges begin.
    public func runRows(_ rows: Int, minimumPerTask: Int, _ body: (Range<Int>) -> Void) {
        guard rows > 0 else { return }
        let tasks = min(threads, max(1, rows / max(minimumPerTask, 1)))
        run(tasks: tasks) { task in body(rows * task / tasks..<rows * (task + 1) / tasks) }
    }
}
