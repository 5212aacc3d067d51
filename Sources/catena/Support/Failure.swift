import ArgumentParser
import CatenaAdapters
import CatenaLearning
import CatenaDistributed
import CatenaSchema
import Foundation

/// The one place where errors become messages and exit codes.
enum Failure {
    static let failed: Int32 = 1
    static let wrongUsage: Int32 = 2
    /// The watchdog ended a job in which ranks wait for one that does not answer, or for one another.
    static let stalled: Int32 = 76

    /// Prints what the user should know and returns the exit code.
    static func report(_ error: any Error, of type: any ParsableCommand.Type) -> Int32 {
        let code = type.exitCode(for: error)
        if error is ExitCode { return code.rawValue }
        if code.isSuccess {
            StandardOutput.write(type.fullMessage(for: error) + "\n")
            return 0
        }
        if code == .validationFailure {
            let name = type.configuration.commandName ?? "\(type)".lowercased()
            // An error found after parsing does not know under which command the verb stands.
            let message = type.fullMessage(for: error)
                .replacingOccurrences(of: "Usage: \(name)", with: "Usage: catena \(name)")
                .replacingOccurrences(of: "See '\(name)", with: "See 'catena \(name)")
                .replacingOccurrences(of: "catena catena", with: "catena")
            let text = message.hasPrefix("Error: ") ? String(message.dropFirst("Error: ".count)) : message
            StandardError.write("catena: error: \(text)\n")
        } else {
            StandardError.write("catena: error: \(line(error))\n")
        }
        return exitCode(for: error)
    }

    /// 0 for help, 2 for wrong usage or configuration, 1 for everything else.
    static func exitCode(for error: any Error) -> Int32 {
        if let code = error as? ExitCode { return code.rawValue }
        let code = Catena.exitCode(for: error)
        if code.isSuccess { return 0 }
        return code == .validationFailure || isWrongUsage(error) ? wrongUsage : failed
    }

    /// Whether a value that the user gave in an option or a configuration is at fault, not the world.
    private static func isWrongUsage(_ error: any Error) -> Bool {
        switch error {
        case is ConfigurationError, is ComparisonError: true
        case DataError.unknownTemplate, DataError.invalidSetting, DataError.invalidPattern: true
        case AdapterError.unknownMethod, AdapterError.rankOutOfRange, AdapterError.noTarget,
            AdapterError.invalidPattern, AdapterError.optionMisfit, AdapterError.indivisible,
            AdapterError.doesNotFit, AdapterError.nothingToTrain:
            true
        case let error as TrainingError: error.isUsageError
        default: false
        }
    }

    /// An error's description on one line; only a list of faulty lines of data has a line for each.
    static func line(_ error: any Error) -> String {
        if case DataError.faults = error { return "\(error)" }
        return "\(error)".split(whereSeparator: \.isNewline).joined(separator: " ")
    }
}
