import Foundation
import Glibc
import Synchronization

/// Remembers that someone asked this process to stop, so that it can save a checkpoint at the end of the step and exit.
///
/// TERM, USR1 and INT ask. A second INT ends the process at once with exit code 130. To end a job, Open MPI's mpirun sends
/// CONT at once, TERM one `odls_base_sigkill_timeout` later and KILL another one later; where the launch sets that timeout,
/// CONT from mpirun asks as well (and so does resuming a suspended mpirun), so that the whole time is there for saving.
package enum StopSignal {
    /// Exit code of a run that saved everything because it was asked to stop (EX_TEMPFAIL: schedulers start it again).
    package static let exitCode: Int32 = 75

    /// Number of the first signal that asked; 0 while none has.
    private static let first = Atomic<Int32>(0)
    private static let interrupts = Atomic<Int32>(0)

    /// Takes over the signals. Call it before anything else, so that a signal in the first moments is no sudden end, and again
    /// when MPI has started, which may install handlers of its own; what has come in between is remembered.
    package static func install() {
        // Reading both makes sure that they exist before a handler touches them.
        _ = (first.load(ordering: .relaxed), interrupts.load(ordering: .relaxed))
        for number in [SIGTERM, SIGUSR1, SIGINT] { take(number) }
        let environment = ProcessInfo.processInfo.environment
        if LaunchEnvironment.detect(in: environment).isUnderOpenMPIDaemon,
            environment["OMPI_MCA_odls_base_sigkill_timeout"] != nil
        {
            take(SIGCONT)
        }
    }

    /// Whether this process was asked to stop. Ranks may see it at different steps; agree on it (`GradientReducer.finish(vote:)`).
    package static var isRequested: Bool { first.load(ordering: .relaxed) != 0 }

    /// The name of the signal that asked first, such as "USR1"; nil while none has.
    package static var name: String? {
        switch first.load(ordering: .relaxed) {
        case 0: nil
        case SIGTERM: "TERM"
        case SIGUSR1: "USR1"
        case SIGINT: "INT"
        case SIGCONT: "TERM to mpirun"
        case let number: "signal \(number)"
        }
    }

    private static func take(_ number: Int32) {
        var action = sigaction()
        unsafe action.__sigaction_handler.sa_sigaction = { number, information, _ in
            unsafe StopSignal.received(number, sender: information?.pointee._sifields._kill.si_pid ?? 0)
        }
        action.sa_flags = SA_SIGINFO | SA_RESTART
        unsafe sigemptyset(&action.sa_mask)
        unsafe sigaction(number, &action, nil)
    }

    /// Runs inside the handler: only atomics and async-signal-safe calls.
    private static func received(_ number: Int32, sender: pid_t) {
        if number == SIGCONT, sender != getppid() { return }
        if number == SIGINT, interrupts.add(1, ordering: .relaxed).newValue > 1 { _exit(130) }
        _ = first.compareExchange(expected: 0, desired: number, ordering: .relaxed)
    }
}
