package import Foundation

extension MappedFile {
    /// The file's bytes without a copy; they keep the file mapped.
    package var data: Data {
        guard let base = unsafe bytes.baseAddress else { return Data() }
        return unsafe Data(
            bytesNoCopy: UnsafeMutableRawPointer(mutating: base), count: byteCount,
            deallocator: .custom { [self] _, _ in withExtendedLifetime(self) {} })
    }
}
