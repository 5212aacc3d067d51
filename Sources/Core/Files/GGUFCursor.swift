/// Reads the parts of a GGUF file's head in order; no read can leave the file.
struct GGUFCursor {
    private let file: MappedFile
    private(set) var offset = 0

    /// Arrays within arrays deeper than this are refused.
    static let maximumDepth = 8

    init(_ file: MappedFile, offset: Int = 0) {
        self.file = file
        self.offset = offset
    }

    var path: String { file.path }

    mutating func take(_ byteCount: Int, _ what: String) throws(FileError) -> UnsafeRawBufferPointer {
        guard byteCount <= file.byteCount - offset else {
            throw .truncated(
                path: path, what: what, neededBytes: offset &+ byteCount,
                actualBytes: file.byteCount)
        }
        defer { offset += byteCount }
        return unsafe UnsafeRawBufferPointer(rebasing: file.bytes[offset..<offset + byteCount])
    }

    mutating func integer<T: FixedWidthInteger & BitwiseCopyable>(
        _: T.Type, _ what: @autoclosure () -> String
    ) throws(FileError) -> T {
        guard file.byteCount - offset >= MemoryLayout<T>.size else {
            throw .truncated(
                path: path, what: what(), neededBytes: offset + MemoryLayout<T>.size,
                actualBytes: file.byteCount)
        }
        defer { offset += MemoryLayout<T>.size }
        return unsafe T(littleEndian: file.bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
    }

    /// A count of items that each take at least `minimumItemBytes`: more than the rest of the
    /// file can hold is refused before anything is allocated.
    mutating func count(
        _ what: @autoclosure () -> String, minimumItemBytes: Int, most: Int = .max
    ) throws(FileError) -> Int {
        let start = offset
        let claimed = try integer(UInt64.self, what())
        guard claimed <= UInt64(most) else {
            throw .malformed(path: path, byteOffset: start, reason: "\(what()) is \(claimed), expected at most \(most)")
        }
        guard claimed <= UInt64((file.byteCount - offset) / minimumItemBytes) else {
            throw .malformed(
                path: path, byteOffset: start,
                reason: "\(what()) is \(claimed), more than the rest of the file can hold")
        }
        return Int(claimed)
    }

    mutating func string(_ what: String) throws(FileError) -> String {
        unsafe String(decoding: try utf8(what), as: UTF8.self)
    }

    /// The bytes of a string, which are valid UTF-8; they stay valid as long as the file is mapped.
    mutating func utf8(_ what: String) throws(FileError) -> UnsafeBufferPointer<UInt8> {
        let start = offset
        let byteCount = try count("the length of \(what)", minimumItemBytes: 1)
        let bytes = unsafe try take(byteCount, what).assumingMemoryBound(to: UInt8.self)
        do {
            _ = unsafe try UTF8Span(validating: bytes.span)
        } catch {
            throw .malformed(path: path, byteOffset: start, reason: "\(what) is not valid UTF-8")
        }
        return unsafe bytes
    }

    mutating func metadata(count: Int) throws(FileError) -> [String: GGUFValue] {
        var metadata: [String: GGUFValue] = [:]
        for _ in 0..<count {
            let start = offset
            let key = try string("a metadata key")
            let type = try valueType("the type of \"\(key)\"")
            let value = try value(of: type, "the value of \"\(key)\"", depth: 0)
            guard metadata.updateValue(value, forKey: key) == nil else {
                throw .malformed(
                    path: path, byteOffset: start, reason: "the metadata key \"\(key)\" appears twice")
            }
        }
        return metadata
    }

    mutating func tensorInfos(count: Int) throws(FileError) -> [GGUFTensorInfo] {
        var infos: [GGUFTensorInfo] = []
        infos.reserveCapacity(count)
        var names: Set<String> = []
        for _ in 0..<count {
            let start = offset
            let info = try tensorInfo()
            guard names.insert(info.name).inserted else {
                throw .malformed(
                    path: path, byteOffset: start, reason: "the tensor \"\(info.name)\" appears twice")
            }
            infos.append(info)
        }
        return infos
    }

    private mutating func tensorInfo() throws(FileError) -> GGUFTensorInfo {
        let name = try string("a tensor name")
        let path = path
        func failure(_ reason: String) -> FileError {
            .malformedTensor(path: path, tensor: name, reason: reason)
        }
        let dimensionCount = try integer(UInt32.self, "the dimensions of \"\(name)\"")
        guard 1...4 ~= dimensionCount else {
            throw failure("has \(dimensionCount) dimensions; 1 to 4 are possible")
        }
        var shape: [Int] = []
        for _ in 0..<dimensionCount {
            let dimension = try integer(UInt64.self, "the dimensions of \"\(name)\"")
            guard let dimension = Int(exactly: dimension) else {
                throw failure("has the impossible dimension \(dimension)")
            }
            shape.insert(dimension, at: 0)
        }
        let code = try integer(UInt32.self, "the type of \"\(name)\"")
        guard let encoding = TensorEncoding(ggufType: code) else {
            let known = TensorEncoding.allCases.compactMap { $0.ggufType == nil ? nil : $0.rawValue }
            throw failure(
                """
                has the type number \(code), which is not supported; the supported encodings are \
                \(known.joined(separator: ", "))
                """)
        }
        guard let byteCount = encoding.byteCount(shape: shape) else {
            throw failure("cannot have shape \(shape) in encoding \(encoding.rawValue)")
        }
        let dataOffset = try integer(UInt64.self, "the offset of \"\(name)\"")
        return GGUFTensorInfo(
            name: name, shape: shape, encoding: encoding, offset: dataOffset, byteCount: byteCount)
    }
}
