import CatenaDistributed
import Foundation
import Testing

@Suite("Stop signals")
struct StopSignalTests {
    @Test("TERM, USR1 and one INT ask the process to stop and do not end it", arguments: [SIGTERM, SIGUSR1, SIGINT])
    func asked(number: Int32) async {
        await #expect(processExitsWith: .exitCode(StopSignal.exitCode)) { [number = number as Int32] in
            StopSignal.install()
            guard !StopSignal.isRequested, StopSignal.name == nil else { exit(1) }
            kill(getpid(), number)
            for _ in 1...400 where !StopSignal.isRequested { usleep(5000) }
            guard StopSignal.isRequested, StopSignal.name == [SIGTERM: "TERM", SIGUSR1: "USR1", SIGINT: "INT"][number]
            else { exit(2) }
            if number != SIGINT { kill(getpid(), number) }
            usleep(50_000)
            exit(StopSignal.exitCode)
        }
    }

    @Test("a second INT ends the process at once with 130")
    func secondInterrupt() async {
        await #expect(processExitsWith: .exitCode(130)) {
            StopSignal.install()
            kill(getpid(), SIGINT)
            for _ in 1...400 where !StopSignal.isRequested { usleep(5000) }
            kill(getpid(), SIGINT)
            sleep(5)
            exit(0)
        }
    }

    @Test("CONT from anyone but mpirun changes nothing")
    func continued() async {
        await #expect(processExitsWith: .exitCode(3)) {
            setenv("OMPI_COMM_WORLD_SIZE", "1", 1)
            setenv("OMPI_MCA_orte_hnp_uri", "x", 1)
            setenv("OMPI_MCA_odls_base_sigkill_timeout", "30", 1)
            StopSignal.install()
            kill(getpid(), SIGCONT)
            usleep(200_000)
            exit(StopSignal.isRequested ? 1 : 3)
        }
    }
}
