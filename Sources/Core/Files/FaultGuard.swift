import CKernels

/// Turns the fault of a page that is gone into one line.
///
/// When another program shortens a file that this one has mapped, the next touch of the missing part raises SIGBUS, which would end
/// the process without a word.
package enum FaultGuard {
    /// Takes over SIGBUS for the whole process: a fault inside a mapped file prints the file's name on standard error and ends with
    /// exit code 1, any other is left to the system.
    package static func install() { ck_fault_guard_install() }

    /// Remembers which file's pages lie at `start`; the result is for ``forget(_:)``.
    static func remember(_ start: UnsafeRawPointer?, byteCount: Int, path: String) -> Int32 {
        unsafe path.withCString { unsafe ck_fault_guard_add(start, byteCount, $0) }
    }

    static func forget(_ slot: Int32) { ck_fault_guard_remove(slot) }
}
