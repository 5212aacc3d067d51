import CatenaDistributed
import Foundation

/// One named check that all processes run together.
struct Check: Sendable {
    let name: String
    /// Notes what is wrong by `expect`; throws only when communication itself fails.
    let body: @Sendable (any Communicator, Expectations) throws -> Void
}

/// Collects what was wrong on this process, so that a failing process still takes part in the collectives of its check.
final class Expectations {
    private(set) var failures: [String] = []

    func expect(_ condition: Bool, _ message: @autoclosure () -> String) {
        if !condition { failures.append(message()) }
    }

    func fail(_ message: String) { failures.append(message) }
}

/// Runs the checks in order and prints one line each on rank 0, then "N passed, N failed".
///
/// - Returns: the number that failed on any process, on every process.
func run(_ checks: [Check], on communicator: any Communicator) throws -> Int {
    var failed = 0
    for check in checks {
        let expectations = Expectations()
        do {
            try check.body(communicator, expectations)
        } catch {
            expectations.fail("threw: \(error)")
        }
        let reports = try communicator.allGather(Array(expectations.failures.prefix(3).joined(separator: "; ").utf8))
        let wrong = reports.indices.filter { !reports[$0].isEmpty }
        if !wrong.isEmpty { failed += 1 }
        guard communicator.isRoot else { continue }
        let texts = wrong.map { "rank \($0): " + String(decoding: reports[$0], as: UTF8.self) }
        print(wrong.isEmpty ? "ok \(check.name)" : "FAILED \(check.name): \(texts.joined(separator: " | "))")
    }
    if communicator.isRoot { print("\(checks.count - failed) passed, \(failed) failed") }
    fflush(nil)
    return failed
}
