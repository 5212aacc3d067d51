import Dispatch
import Foundation
import Synchronization

/// Writes checkpoints on a thread of its own, at most one at a time, so that training goes on.
///
/// A failed write is thrown by the next `submit` or `drain`. `drain` must be called before the process exits.
package final class BackgroundCheckpointWriter {
    /// A checkpoint to write: the complete state as bytes, which training no longer touches.
    private struct Snapshot: Sendable {
        let step: Int
        let files: [CheckpointFile]
    }

    /// What the two threads share.
    private final class Mailbox: Sendable {
        struct State {
            var snapshot: Snapshot?
            /// Of the last write.
            var written: [CheckpointFile] = []
            var failure: CheckpointError?
            var lastCommittedStep: Int?
        }
        let state = Mutex(State())
        /// Signalled for each snapshot, and once, without one, for the end.
        let filled = DispatchSemaphore(value: 0)
        /// Available while no write is in flight.
        let idle = DispatchSemaphore(value: 1)
    }

    private let mailbox = Mailbox()
    /// Time the calls of `submit` and `drain` have waited for the disk.
    package private(set) var waitedSeconds = 0.0

    /// Starts the thread, which writes into `store`.
    package init(store: CheckpointStore) {
        let thread = Thread { [mailbox] in Self.run(store: store, mailbox: mailbox) }
        thread.name = "checkpoint-writer"
        thread.start()
    }

    deinit {
        mailbox.filled.signal()
    }

    /// The newest step that is safely on the disk.
    package var lastCommittedStep: Int? { mailbox.state.withLock { $0.lastCommittedStep } }

    /// Hands a checkpoint over, waiting first for the previous one to be finished.
    ///
    /// - Throws: the error of the previous write; this one is then not started.
    package func submit(step: Int, files: [CheckpointFile]) throws(CheckpointError) {
        waitForIdle()
        if let failure = takeFailure() {
            mailbox.idle.signal()
            throw failure
        }
        mailbox.state.withLock { $0.snapshot = Snapshot(step: step, files: files) }
        mailbox.filled.signal()
    }

    /// Waits until nothing is in flight and hands back the bytes of the last write by file name: memory that the next
    /// checkpoint can be made in.
    package func reclaim() -> [String: [UInt8]] {
        waitForIdle()
        defer { mailbox.idle.signal() }
        let files = mailbox.state.withLock { state in
            defer { state.written = [] }
            return state.written
        }
        return Dictionary(uniqueKeysWithValues: files.map { ($0.name, $0.bytes) })
    }

    /// Waits until nothing is in flight.
    ///
    /// - Throws: the error of the last write.
    package func drain() throws(CheckpointError) {
        waitForIdle()
        mailbox.idle.signal()
        if let failure = takeFailure() { throw failure }
    }

    private func waitForIdle() {
        let clock = ContinuousClock()
        let start = clock.now
        mailbox.idle.wait()
        waitedSeconds += (clock.now - start) / .seconds(1)
    }

    private func takeFailure() -> CheckpointError? {
        mailbox.state.withLock { state in
            defer { state.failure = nil }
            return state.failure
        }
    }

    private static func run(store: CheckpointStore, mailbox: Mailbox) {
        while true {
            mailbox.filled.wait()
            let next = mailbox.state.withLock { state in
                defer { state.snapshot = nil }
                return state.snapshot
            }
            guard let next else { return }
            let result = Result { () throws(CheckpointError) in try store.write(step: next.step, files: next.files) }
            mailbox.state.withLock { state in
                state.written = next.files
                switch result {
                case .success: state.lastCommittedStep = next.step
                case .failure(let error): state.failure = error
                }
            }
            mailbox.idle.signal()
        }
    }
}
