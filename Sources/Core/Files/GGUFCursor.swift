/// Reads the parts of a GGUF file's head in order; no read can leave the file.
struct GGUFCursor {
    private let file: MappedFile
    private(set) var offset = 0

    /// Arrays within arrays deeper than this are refused.
    private static let maximumDepth = 8

    init(_ file: MappedFile) { self.file = file }

    var path: String { file.path }

    mutating func take(_ byteCount: Int, _ what: String) throws(FileError) -> UnsafeRawBufferPointer {
        guard byteCount <= file.byteCount - offset else {
            throw .truncated(
                path: path, what: what, neededBytes: offset &+ byteCount,
                actualBytes: file.byteCount)
        }
        defer { offset += byteCount }
        return UnsafeRawBufferPointer(rebasing: file.bytes[offset..<offset + byteCount])
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
        return T(littleEndian: file.bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
    }

    /// A count of items that each take at least `minimumItemBytes`: more than the rest of the
    /// file can hold is refused before anything is allocated.
    mutating func count(_ what: String, minimumItemBytes: Int) throws(FileError) -> Int {
        let start = offset
        let claimed = try integer(UInt64.self, what)
        guard claimed <= UInt64((file.byteCount - offset) / minimumItemBytes) else {
            throw .malformed(
                path: path, byteOffset: start,
                reason: "\(what) is \(claimed), more than the rest of the file can hold")
        }
        return Int(claimed)
    }

    mutating func string(_ what: String) throws(FileError) -> String {
        let start = offset
        let byteCount = try count("the length of \(what)", minimumItemBytes: 1)
        let bytes = try take(byteCount, what)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .malformed(path: path, byteOffset: start, reason: "\(what) is not valid UTF-8")
        }
        return text
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

// MARK: - Values

extension GGUFCursor {
    private mutating func valueType(_ what: String) throws(FileError) -> GGUFValueType {
        let start = offset
        let code = try integer(UInt32.self, what)
        guard let type = GGUFValueType(rawValue: code) else {
            throw .malformed(
                path: path, byteOffset: start, reason: "\(what) is \(code), which does not exist")
        }
        return type
    }

    private mutating func value(
        of type: GGUFValueType, _ what: String, depth: Int
    ) throws(FileError) -> GGUFValue {
        switch type {
        case .uint8: return .integer(Int64(try integer(UInt8.self, what)))
        case .int8: return .integer(Int64(try integer(Int8.self, what)))
        case .uint16: return .integer(Int64(try integer(UInt16.self, what)))
        case .int16: return .integer(Int64(try integer(Int16.self, what)))
        case .uint32: return .integer(Int64(try integer(UInt32.self, what)))
        case .int32: return .integer(Int64(try integer(Int32.self, what)))
        case .int64: return .integer(try integer(Int64.self, what))
        case .uint64:
            let start = offset
            let number = try integer(UInt64.self, what)
            guard let signed = Int64(exactly: number) else {
                throw .malformed(
                    path: path, byteOffset: start, reason: "\(what) is \(number), which is too large")
            }
            return .integer(signed)
        case .float32:
            return .float(Double(Float(bitPattern: try integer(UInt32.self, what))))
        case .float64: return .float(Double(bitPattern: try integer(UInt64.self, what)))
        case .bool:
            let start = offset
            let byte = try integer(UInt8.self, what)
            guard byte <= 1 else {
                throw .malformed(
                    path: path, byteOffset: start, reason: "\(what) is \(byte), not false or true")
            }
            return .bool(byte == 1)
        case .string: return .string(try string(what))
        case .array: return try array(what, depth: depth)
        }
    }

    private mutating func array(_ what: String, depth: Int) throws(FileError) -> GGUFValue {
        guard depth < Self.maximumDepth else {
            throw .malformed(
                path: path, byteOffset: offset,
                reason: "\(what) nests arrays deeper than \(Self.maximumDepth) levels")
        }
        let type = try valueType(what)
        let count = try count(what, minimumItemBytes: type.minimumBytes)
        var elements: [GGUFValue] = []
        elements.reserveCapacity(count)
        for _ in 0..<count { elements.append(try value(of: type, what, depth: depth + 1)) }
        return .array(elements)
    }
}
