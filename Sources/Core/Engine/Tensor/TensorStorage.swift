/// The one owner of a tensor's memory: 64-byte aligned floats that return to their pool on release.
///
/// The elements are not initialised; whoever asks for memory writes all of it.
public final class TensorStorage {
    /// Number of floats that fit.
    public let capacity: Int
    let base: UnsafeMutablePointer<Float>
    private let memory: TensorMemory?
    private let keepAlive: AnyObject?
    #if DEBUG
        /// How many variables hold the tensor that begins at an offset as their gradient; see ``GradientOwnership``.
        var gradientHolders: [Int: Int] = [:]
    #endif

    init(base: UnsafeMutablePointer<Float>, capacity: Int, memory: TensorMemory) {
        self.base = base
        self.capacity = capacity
        self.memory = memory
        self.keepAlive = nil
    }

    /// Foreign memory, for example of a mapped file (which is only read), that `owner` keeps valid.
    public init(borrowing base: UnsafePointer<Float>, capacity: Int, owner: AnyObject) {
        self.base = UnsafeMutablePointer(mutating: base)
        self.capacity = capacity
        self.memory = nil
        self.keepAlive = owner
    }

    deinit {
        memory?.recycle(base, capacity: capacity)
    }
}
