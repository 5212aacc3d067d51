/// Recognises files that hold data in another container than text, by their first bytes whatever their names.
enum DataContainer {
    private static let signatures: [(bytes: [UInt8], name: String)] = [
        ([0x1F, 0x8B], "gzip"), (Array("PAR1".utf8), "Parquet"), (Array("ARROW1".utf8), "Arrow"),
        (Array("PK\u{3}\u{4}".utf8), "a ZIP archive"), (Array("BZh".utf8), "bzip2"),
        ([0xFD, 0x37, 0x7A, 0x58, 0x5A], "xz"), ([0x28, 0xB5, 0x2F, 0xFD], "zstd"), ([0x89, 0x48, 0x44, 0x46], "HDF5"),
        ([0xFF, 0xFE], "UTF-16"), ([0xFE, 0xFF], "UTF-16"),
    ]

    /// Refuses what is no JSON text.
    ///
    /// - Throws: ``DataError/unsupportedContainer(file:found:)``.
    static func requireText(_ bytes: UnsafeRawBufferPointer, path: String) throws(DataError) {
        for signature in signatures where unsafe bytes.starts(with: signature.bytes) {
            throw .unsupportedContainer(file: path, found: signature.name)
        }
    }

    /// Refuses text that does not begin like JSON, naming what it is by the file's name or its first line.
    ///
    /// - Throws: ``DataError/unsupportedContainer(file:found:)``.
    static func requireJSON(_ bytes: UnsafeRawBufferPointer, path: String) throws(DataError) {
        guard let first = unsafe bytes.first(where: { !ExampleReader.isWhiteSpace($0) }),
            first != UInt8(ascii: "{"), first != UInt8(ascii: "[")
        else { return }
        let name = path.lowercased()
        if name.hasSuffix(".csv") || name.hasSuffix(".tsv") {
            throw .unsupportedContainer(file: path, found: name.hasSuffix(".csv") ? "CSV" : "TSV")
        }
        let line = unsafe bytes.drop { ExampleReader.isWhiteSpace($0) }.prefix { $0 != UInt8(ascii: "\n") }.prefix(40)
        let text = unsafe String(decoding: line, as: UTF8.self).unicodeScalars.filter {
            $0.value >= 0x20 && $0.value != 0x7F
        }
        throw .unsupportedContainer(
            file: path, found: "text that begins with \"\(String(String.UnicodeScalarView(text)))\"")
    }
}
