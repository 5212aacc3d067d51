/// Why a checkpoint could not be written or read.
package enum CheckpointError: Error, Equatable, Sendable {
    /// The operating system refused; nothing half-written is left and earlier checkpoints are untouched.
    case cannotWrite(path: String, operation: String, reason: String)
    case cannotRead(path: String, reason: String)
    /// A file is missing, has another size or another SHA-256 than the manifest says, or the manifest itself is damaged.
    case damaged(path: String, reason: String)
    /// Written by a later version of the program.
    case newerFormat(path: String, version: Int, supported: Int)
    /// A name that cannot be a file of a checkpoint.
    case badFileName(String)
}

extension CheckpointError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .cannotWrite(let path, let operation, let reason):
            """
            cannot write the checkpoint file \(path) (\(operation)): \(reason); \
            free space or fix permissions there; earlier checkpoints are untouched.
            """
        case .cannotRead(let path, let reason):
            "cannot read \(path): \(reason); check the path and its permissions."
        case .damaged(let path, let reason):
            "\(path) is damaged: \(reason); use an earlier checkpoint."
        case .newerFormat(let path, let version, let supported):
            """
            \(path) has checkpoint format \(version), this program reads up to \(supported); \
            resume with the newer program that wrote it, or choose an older checkpoint.
            """
        case .badFileName(let name):
            "\"\(name)\" cannot name a checkpoint file; expected an unused name of letters, digits, _, - and . (not first) other than \"manifest.json\"."
        }
    }
}
