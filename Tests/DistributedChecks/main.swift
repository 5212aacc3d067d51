import CatenaDistributed
import Foundation

// Runs every check on all processes of the job: `mpirun -n P distributed-checks [--list | NAME...]`.

let checks =
    collectiveChecks + agreementChecks + reductionChecks + hostChecks + placementChecks + initialisationChecks
    + watchdogChecks + dataChecks + sampleWeightChecks
let arguments = Array(CommandLine.arguments.dropFirst())

if arguments.contains("--list") {
    checks.forEach { print($0.name) }
    exit(0)
}

do {
    let unknown = arguments.filter { name in !checks.contains { $0.name == name } }
    guard unknown.isEmpty else {
        print("unknown check \(unknown.joined(separator: ", ")); --list shows the names.")
        exit(2)
    }
    let session = try MPISession.start(threads: .multiple)
    let chosen = arguments.isEmpty ? checks : checks.filter { arguments.contains($0.name) }
    let failed = try run(chosen, on: session.communicator)
    try session.end()
    exit(failed == 0 ? 0 : 1)
} catch {
    print("FAILED to run the checks: \(error)")
    exit(1)
}
