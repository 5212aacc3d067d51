import CatenaCore
import Foundation

/// Prints a JSON line {name: {"shape", "rate", "plain_rate"}} for the kernels of a step: kernels THREADS [MILLISECONDS].
///
/// Rates are in GFLOP/s of products and attention, else in billions of numbers a second; the fastest of the repetitions that fit into
/// MILLISECONDS (200) counts, kernel and plain form in turns.
@main
enum KernelsProgram {
    static func main() {
        let arguments = CommandLine.arguments.dropFirst().compactMap { Int($0) }
        guard let threads = arguments.first, threads > 0 else {
            FileHandle.standardError.write(Data("usage: kernels THREADS [MILLISECONDS]\n".utf8))
            exit(2)
        }
        let limit = Double(arguments.dropFirst().first ?? 200) / 1000
        let lines = StepOperations(engine: Engine(threads: threads)).all.map { operation in
            var (fastest, fastestPlain) = (Double.infinity, Double.infinity)
            var spent = 0.0
            operation.kernel()
            while spent < limit || fastest == .infinity {
                let taken = seconds(operation.kernel)
                fastest = min(fastest, taken)
                spent += taken
                if let plain = operation.plain, spent < limit || fastestPlain == .infinity {
                    let taken = seconds(plain)
                    fastestPlain = min(fastestPlain, taken / operation.plainShare)
                    spent += taken
                }
            }
            let plain = operation.plain == nil ? "null" : "\(operation.work / fastestPlain)"
            return
                "\"\(operation.name)\": {\"shape\": \"\(operation.shape)\", \"rate\": \(operation.work / fastest), \"plain_rate\": \(plain)}"
        }
        print("{" + lines.joined(separator: ", ") + "}")
    }

    private static func seconds(_ body: () -> Void) -> Double {
        var (start, end) = (timespec(), timespec())
        clock_gettime(CLOCK_MONOTONIC, &start)
        body()
        clock_gettime(CLOCK_MONOTONIC, &end)
        return max(Double(end.tv_sec - start.tv_sec) + Double(end.tv_nsec - start.tv_nsec) * 1e-9, 1e-9)
    }
}
