/// What the first bytes of a file show it to be, where that is something that a reader of text or of another format cannot read.
///
/// Recognised by signatures with which formats begin and text hardly does (``markedUTF8`` aside, which is text behind a mark), so
/// that a reader can say what a file is in place of where its grammar first breaks.
package enum FileKind: Sendable, Equatable, CaseIterable {
    case gzip, zip, zstandard, xz, bzip2, lz4
    case parquet, arrow, hdf5, sqlite, pickle
    case gguf, pdf, elf
    /// UTF-8 behind a byte order mark (EF BB BF).
    case markedUTF8
    case utf16, utf32

    /// How many bytes of a file's beginning ``recognise(_:)`` looks at.
    package static let prefixLength = 16

    /// The kind of a file that begins with `bytes`; nil for text, and for what is not known.
    package static func recognise(_ bytes: some Sequence<UInt8>) -> FileKind? {
        let start = Array(bytes.prefix(prefixLength))
        // UTF-32's little-endian mark begins with UTF-16's, so the longer one is asked for first.
        return signatures.first { start.starts(with: $0.bytes) }?.kind ?? bzip2(start) ?? unmarkedWideText(start)
    }

    /// What it is, as in "it is …".
    package var name: String {
        switch self {
        case .gzip: "gzip-compressed"
        case .zip: "a ZIP archive"
        case .zstandard: "Zstandard-compressed"
        case .xz: "xz-compressed"
        case .bzip2: "bzip2-compressed"
        case .lz4: "LZ4-compressed"
        case .parquet: "a Parquet file"
        case .arrow: "an Arrow file"
        case .hdf5: "an HDF5 file"
        case .sqlite: "an SQLite database"
        case .pickle: "a Python pickle"
        case .gguf: "a GGUF model"
        case .pdf: "a PDF document"
        case .elf: "a program"
        case .markedUTF8: "UTF-8 text behind a byte order mark"
        case .utf16: "UTF-16 text"
        case .utf32: "UTF-32 text"
        }
    }

    /// How to make text of it; nil where there is no plain way.
    package var remedy: String? {
        switch self {
        case .gzip: "decompress it with gunzip"
        case .zip: "unpack it with unzip"
        case .zstandard: "decompress it with unzstd"
        case .xz: "decompress it with unxz"
        case .bzip2: "decompress it with bunzip2"
        case .lz4: "decompress it with unlz4"
        case .parquet, .arrow, .hdf5, .sqlite, .pickle: "convert it to JSON Lines"
        case .utf16: "convert it with iconv -f UTF-16 -t UTF-8"
        case .utf32: "convert it with iconv -f UTF-32 -t UTF-8"
        case .markedUTF8: "remove its first three bytes, the byte order mark"
        case .gguf, .pdf, .elf: nil
        }
    }

    private static let signatures: [(bytes: [UInt8], kind: FileKind)] = [
        ([0x1F, 0x8B], .gzip),
        ([0x50, 0x4B, 0x03, 0x04], .zip), ([0x50, 0x4B, 0x05, 0x06], .zip),
        ([0x28, 0xB5, 0x2F, 0xFD], .zstandard),
        ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00], .xz),
        ([0x04, 0x22, 0x4D, 0x18], .lz4),
        (Array("PAR1".utf8), .parquet), (Array("PARE".utf8), .parquet),
        (Array("ARROW1".utf8), .arrow), ([0xFF, 0xFF, 0xFF, 0xFF], .arrow),
        ([0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A], .hdf5),
        (Array("SQLite format 3".utf8) + [0], .sqlite),
        ([0x80, 0x02], .pickle), ([0x80, 0x03], .pickle), ([0x80, 0x04], .pickle), ([0x80, 0x05], .pickle),
        (Array("GGUF".utf8), .gguf), (Array("%PDF-".utf8), .pdf), ([0x7F, 0x45, 0x4C, 0x46], .elf),
        ([0xEF, 0xBB, 0xBF], .markedUTF8),
        ([0xFF, 0xFE, 0x00, 0x00], .utf32), ([0x00, 0x00, 0xFE, 0xFF], .utf32),
        ([0xFF, 0xFE], .utf16), ([0xFE, 0xFF], .utf16),
    ]

    /// `BZh`, a block size of 1 to 9, and the first bytes of a block.
    private static func bzip2(_ start: [UInt8]) -> FileKind? {
        guard start.count >= 10, start.starts(with: Array("BZh".utf8)), (0x31...0x39).contains(start[3]) else {
            return nil
        }
        let block: [UInt8] = [0x31, 0x41, 0x59, 0x26, 0x53, 0x59]
        let end: [UInt8] = [0x17, 0x72, 0x45, 0x38, 0x50, 0x90]
        return start[4..<10].elementsEqual(block) || start[4..<10].elementsEqual(end) ? .bzip2 : nil
    }

    /// Latin text without a mark, whose code units have zero bytes at fixed places; text in UTF-8 has none.
    private static func unmarkedWideText(_ start: [UInt8]) -> FileKind? {
        guard start.count >= 4 else { return nil }
        return switch (start[0] == 0, start[1] == 0, start[2] == 0, start[3] == 0) {
        case (false, true, false, true), (true, false, true, false): .utf16
        case (false, true, true, true), (true, true, true, false): .utf32
        default: nil
        }
    }
}
