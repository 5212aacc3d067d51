/// What every computation needs: the threads that run it and the memory that holds its results.
public final class Engine {
    /// The threads of this process.
    public let threads: ThreadPool
    /// The pool of tensor buffers.
    public let memory: TensorMemory
    /// What operations report their time to; none by default.
    package var profile: StepProfile?

    /// An engine with `threads` threads, the calling one included.
    public init(threads: Int) {
        self.threads = ThreadPool(threads: threads)
        self.memory = TensorMemory()
    }
}
