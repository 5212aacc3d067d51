import Synchronization

/// What this process is doing, for the watchdogs of the others: its step, and the collective in which it waits.
///
/// Any thread may publish. The oldest collective that is still open is what the process is said to wait in, so that an outer
/// name ("reduction") hides the calls inside it.
package final class Activity: Sendable {
    /// The one of this process, which the communicator publishes to.
    package static let process = Activity()

    /// What is published at one moment.
    package struct Snapshot: Equatable, Sendable {
        /// The step being done, counted from 1; 0 before the first.
        package var step: Int
        /// The collective that is waited in; nil while the process computes.
        package var collective: String?
        /// Grows with every change.
        package var changeCount: Int

        package init(step: Int, collective: String?, changeCount: Int) {
            (self.step, self.collective, self.changeCount) = (step, collective, changeCount)
        }
    }

    private struct State {
        var step = 0
        var changeCount = 0
        /// In the order of entering.
        var open: [(number: Int, name: String)] = []
    }

    private let state = Mutex(State())

    package init() {}

    /// The step being done, counted from 1; 0 before the first.
    package var step: Int { state.withLock { $0.step } }

    /// Publishes that `step` begins.
    package func begin(step: Int) {
        state.withLock { state in
            state.step = step
            state.changeCount += 1
        }
    }

    /// Publishes that a collective is entered, by a noun such as "gather of block 12".
    ///
    /// - Returns: what `leave` takes when it is over.
    package func enter(_ name: String) -> Int {
        state.withLock { state in
            state.changeCount += 1
            state.open.append((state.changeCount, name))
            return state.changeCount
        }
    }

    /// Publishes that the collective is over.
    package func leave(_ number: Int) {
        state.withLock { state in
            state.changeCount += 1
            state.open.removeAll { $0.number == number }
        }
    }

    /// Publishes a collective for as long as `body` runs.
    package func during<Result, Failure: Error>(_ name: String, _ body: () throws(Failure) -> Result) throws(Failure)
        -> Result
    {
        let number = enter(name)
        defer { leave(number) }
        return try body()
    }

    /// What is published now.
    package var snapshot: Snapshot {
        state.withLock { Snapshot(step: $0.step, collective: $0.open.first?.name, changeCount: $0.changeCount) }
    }
}
