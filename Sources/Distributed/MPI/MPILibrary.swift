internal import CMPI
import Foundation

/// The MPI library this program is linked to.
public enum MPILibrary {
    /// Its name and version in one line, without build details.
    public static var version: String {
        let full = text(capacity: 8192) { _ = cmpi_library_version($0, $1) }
        let first = full.split(whereSeparator: \.isNewline).first ?? "unknown"
        return first.split(separator: ",").first.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown"
    }
}
