internal import CMPI
import Foundation

/// The MPI library this program is linked to.
public enum MPILibrary {
    /// Its name and version in one line, without build details.
    public static var version: String {
        let full = unsafe text(capacity: 8192) { _ = unsafe cmpi_library_version($0, $1) }
        let first = full.split(whereSeparator: \.isNewline).first ?? "unknown"
        return first.split(separator: ",").first.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown"
    }

    /// Eight bytes of another process of this machine, read as the library reads large messages; nil if that is not allowed.
    static func word(ofProcess process: Int32, at address: UInt64) -> UInt64? {
        var word: UInt64 = 0
        let size = Int64(MemoryLayout<UInt64>.size)
        return unsafe cmpi_read_process(process, address, &word, size) == size ? word : nil
    }
}
