import CatenaFiles

/// Why metrics, event files or reports could not be written or read.
package enum ReportingError: Error, Equatable, Sendable {
    case cannotOpen(path: String, reason: String)
    case cannotWrite(path: String, reason: String)
    case invalidLine(path: String, line: Int, problem: String)
}

extension ReportingError {
    /// Why a whole file could not be written.
    init(_ error: FileError, path: String) {
        switch error {
        case .unwritable(_, let reason), .diskFull(_, _, let reason): self = .cannotWrite(path: path, reason: reason)
        default: self = .cannotWrite(path: path, reason: error.description)
        }
    }
}

extension ReportingError: CustomStringConvertible {
    /// Which file, what happened, what to do.
    package var description: String {
        switch self {
        case .cannotOpen(let path, let reason):
            "\(path) cannot be opened: \(reason); check that the folder exists and is writable."
        case .cannotWrite(let path, let reason):
            "\(path) cannot be written: \(reason); free space or choose another output folder."
        case .invalidLine(let path, let line, let problem):
            "\(path):\(line): expected a line of metrics, but \(problem); remove the line or the file."
        }
    }
}
