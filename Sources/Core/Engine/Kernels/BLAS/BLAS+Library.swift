import COpenBLAS

extension BLAS {
    /// OpenBLAS's version and build options.
    public static var libraryConfiguration: String { text(openblas_get_config()) }

    /// The processor type whose kernels OpenBLAS chose at start.
    public static var coreType: String { text(openblas_get_corename()) }

    private static func text(_ pointer: UnsafeMutablePointer<CChar>?) -> String {
        pointer.map { String(cString: $0).split(whereSeparator: \.isWhitespace).joined(separator: " ") } ?? "unknown"
    }
}
