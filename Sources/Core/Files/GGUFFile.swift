/// A value of a GGUF file's metadata. All integer widths become `integer`, both float widths
/// `float`; an unsigned 64-bit value above `Int64.max` is refused.
package enum GGUFValue: Sendable, Equatable {
    case integer(Int64)
    case float(Double)
    case bool(Bool)
    case string(String)
    case elements(GGUFArray)

    /// An array of these values.
    package static func array(_ values: [GGUFValue]) -> GGUFValue { .elements(GGUFArray(values)) }
}

/// A GGUF file of version 2 or 3: metadata and tensors in one little-endian file.
///
/// Everything is checked when the file is opened, so that later reads cannot leave the file.
/// Source: the GGUF specification of the ggml project.
package struct GGUFFile: Sendable {
    /// Where the file lies.
    package let path: String
    /// 2 or 3.
    package let version: Int
    /// All metadata entries by key.
    package let metadata: [String: GGUFValue]
    /// Shapes are row-major, `[rows, columns]`: GGUF's dimensions reversed.
    package let tensors: [String: StoredTensor]

    static let magic: [UInt8] = Array("GGUF".utf8)
    static let defaultAlignment = 32
    /// Far above every published model; an entry takes ten times its bytes in memory.
    private static let (mostTensors, mostMetadataEntries) = (1 << 18, 1 << 16)

    /// Maps and checks the file at `path`.
    ///
    /// - Throws: what ``MappedFile/init(path:)`` throws; ``FileError/truncated(path:what:neededBytes:actualBytes:)``;
    ///   ``FileError/malformed(path:byteOffset:reason:)``;
    ///   ``FileError/malformedTensor(path:tensor:reason:)``.
    package init(path: String) throws(FileError) {
        let file = try MappedFile(path: path)
        var cursor = GGUFCursor(file)
        let version = try Self.checkedVersion(&cursor)
        let tensorCount = try cursor.count("the number of tensors", minimumItemBytes: 24, most: Self.mostTensors)
        let metadataCount = try cursor.count(
            "the number of metadata entries", minimumItemBytes: 13, most: Self.mostMetadataEntries)
        let metadata = try cursor.metadata(count: metadataCount)
        let alignment = try Self.alignment(metadata, path: path)
        let infos = try cursor.tensorInfos(count: tensorCount)
        let dataOffset = (cursor.offset + alignment - 1) / alignment * alignment

        self.path = path
        self.version = version
        self.metadata = metadata
        self.tensors = try Self.placed(infos, in: file, dataOffset: dataOffset, alignment: alignment)
    }

    private static func checkedVersion(_ cursor: inout GGUFCursor) throws(FileError) -> Int {
        let first = unsafe try cursor.take(4, "the magic number")
        guard unsafe first.elementsEqual(magic) else {
            throw .malformed(
                path: cursor.path, byteOffset: 0, reason: "it does not start with \"GGUF\"")
        }
        let version = try cursor.integer(UInt32.self, "the version")
        guard version == 2 || version == 3 else {
            let isSwapped = version.byteSwapped == 2 || version.byteSwapped == 3
            throw .malformed(
                path: cursor.path, byteOffset: 4,
                reason: isSwapped
                    ? "it is big-endian; convert it to little-endian"
                    : "GGUF version \(version) is not supported; versions 2 and 3 are")
        }
        return Int(version)
    }

    private static func alignment(
        _ metadata: [String: GGUFValue], path: String
    ) throws(FileError) -> Int {
        guard let value = metadata["general.alignment"] else { return defaultAlignment }
        guard case .integer(let alignment) = value, alignment > 0, alignment <= 1 << 30,
            alignment & (alignment - 1) == 0
        else {
            throw .malformed(
                path: path, byteOffset: 0,
                reason: "\"general.alignment\" must be a power of two, but is \(value)")
        }
        return Int(alignment)
    }

    private static func placed(
        _ infos: [GGUFTensorInfo], in file: MappedFile, dataOffset: Int, alignment: Int
    ) throws(FileError) -> [String: StoredTensor] {
        var tensors: [String: StoredTensor] = [:]
        var end = dataOffset
        var previous = ""
        for info in infos.sorted(by: { ($0.offset, $0.byteCount) < ($1.offset, $1.byteCount) }) {
            func failure(_ reason: String) -> FileError {
                .malformedTensor(path: file.path, tensor: info.name, reason: reason)
            }
            guard info.offset % UInt64(alignment) == 0 else {
                throw failure("has offset \(info.offset), no multiple of the alignment \(alignment)")
            }
            guard let offset = Int(exactly: info.offset), offset <= file.byteCount,
                info.byteCount <= file.byteCount - offset,
                dataOffset <= file.byteCount - offset - info.byteCount
            else {
                throw failure(
                    """
                    needs \(info.byteCount) bytes at offset \(info.offset) of the data, but the \
                    file has \(max(0, file.byteCount - dataOffset)) there; it may be truncated
                    """)
            }
            let start = dataOffset + offset
            guard start >= end else { throw failure("overlaps the bytes of tensor \"\(previous)\"") }
            end = start + info.byteCount
            previous = info.name
            tensors[info.name] = StoredTensor(
                name: info.name, shape: info.shape, encoding: info.encoding, file: file,
                byteOffset: start, byteCount: info.byteCount)
        }
        return tensors
    }
}

/// A tensor's description in the file, before it is placed.
struct GGUFTensorInfo {
    let name: String
    let shape: [Int]
    let encoding: TensorEncoding
    let offset: UInt64
    let byteCount: Int
}
