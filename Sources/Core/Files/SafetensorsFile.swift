/// A safetensors file: an 8-byte little-endian header length, a JSON header, the tensors' bytes.
///
/// Everything the header claims is checked when the file is opened, so that later reads cannot
/// leave the file: length, JSON, encodings, shapes, and that the tensors' byte ranges follow each
/// other without hole or overlap up to the end of the file.
package struct SafetensorsFile: Sendable {
    /// Where the file lies.
    package let path: String
    /// All tensors by name.
    package let tensors: [String: StoredTensor]
    /// The tensors of types that are not read, with why; they are no fault of the file as long as nobody needs them.
    package let unreadable: [String: String]
    /// The header's `__metadata__`.
    package let metadata: [String: String]

    /// The longest header that is read, as in the reference implementation.
    private static let maximumHeaderBytes = 100_000_000

    /// Maps and checks the file at `path`.
    ///
    /// - Throws: what ``MappedFile/init(path:)`` throws; ``FileError/truncated(path:what:neededBytes:actualBytes:)``;
    ///   ``FileError/malformed(path:byteOffset:reason:)``;
    ///   ``FileError/malformedTensor(path:tensor:reason:)``.
    package init(path: String) throws(FileError) {
        try self.init(MappedFile(path: path))
    }

    /// Checks and opens the content of a file that is in memory; `path` is only named in errors.
    package init(bytes: [UInt8], path: String) throws(FileError) {
        try self.init(MappedFile(copying: bytes, path: path))
    }

    private init(_ file: MappedFile) throws(FileError) {
        let headerBytes = try Self.headerLength(file)
        let header = try Self.header(file, headerBytes: headerBytes)

        let path = file.path
        var tensors: [String: StoredTensor] = [:]
        var unreadable: [String: String] = [:]
        var metadata: [String: String] = [:]
        var places: [Place] = []
        var names: Set<String> = []
        for (name, entry) in header {
            guard names.insert(name).inserted else {
                throw .malformedTensor(path: path, tensor: name, reason: Self.sameName)
            }
            if name == "__metadata__" {
                metadata = try Self.metadata(entry, path: path)
                continue
            }
            let place = try Self.place(name, entry, dataBytes: file.byteCount - 8 - headerBytes, path: path)
            places.append(place)
            if let tensor = try Self.tensor(place, entry, in: file, dataOffset: 8 + headerBytes) {
                tensors[name] = tensor
            } else {
                let known = TensorEncoding.allCases.compactMap(\.safetensorsType)
                unreadable[name] = "has dtype \(place.type), which is not one of \(known.joined(separator: ", "))"
            }
        }
        try Self.checkCoverage(places, file: file, dataOffset: 8 + headerBytes)
        self.path = path
        self.tensors = tensors
        self.unreadable = unreadable
        self.metadata = metadata
    }

    /// Names are told apart as Swift's texts are; JSON tells them apart by their bytes.
    static let sameName = "is there twice, its letters and accents composed in two ways"

    private static func headerLength(_ file: MappedFile) throws(FileError) -> Int {
        guard file.byteCount >= 8 else {
            throw .truncated(
                path: file.path, what: "the header length", neededBytes: 8,
                actualBytes: file.byteCount)
        }
        let claimed = unsafe UInt64(littleEndian: file.bytes.loadUnaligned(as: UInt64.self))
        guard claimed <= UInt64(maximumHeaderBytes) else {
            throw .malformed(
                path: file.path, byteOffset: 0,
                reason: """
                    the header length \(claimed) is above the limit of \(maximumHeaderBytes); \
                    this is not a safetensors file
                    """)
        }
        guard Int(claimed) <= file.byteCount - 8 else {
            throw .truncated(
                path: file.path, what: "the header", neededBytes: 8 + Int(claimed),
                actualBytes: file.byteCount)
        }
        return Int(claimed)
    }

    private static func header(
        _ file: MappedFile, headerBytes: Int
    ) throws(FileError) -> JSONObject {
        let text = unsafe UnsafeRawBufferPointer(rebasing: file.bytes[8..<8 + headerBytes])
        let value: JSONValue
        do {
            var parser = unsafe JSONParser(text)
            value = try parser.parseDocument()
        } catch {
            throw .malformed(
                path: file.path, byteOffset: 8 + error.byteOffset,
                reason: "the header is not valid JSON, \(error.reason)")
        }
        guard let members = value.objectValue else {
            throw .malformed(
                path: file.path, byteOffset: 8,
                reason: "the header must be a JSON object, but is \(value.summary)")
        }
        return members
    }

    private static func metadata(
        _ value: JSONValue, path: String
    ) throws(FileError) -> [String: String] {
        guard let members = value.objectValue else {
            throw .malformed(
                path: path, byteOffset: 8, reason: "\"__metadata__\" must be an object of strings")
        }
        var metadata: [String: String] = [:]
        for (key, member) in members {
            guard let text = member.stringValue else {
                throw .malformed(
                    path: path, byteOffset: 8,
                    reason: "\"__metadata__.\(key)\" must be a string, but is \(member.summary)")
            }
            guard metadata.updateValue(text, forKey: key) == nil else {
                throw .malformed(path: path, byteOffset: 8, reason: "\"__metadata__.\(key)\" \(Self.sameName)")
            }
        }
        return metadata
    }

    /// Where a tensor lies among the data.
    private struct Place {
        let name: String
        let type: String
        let bytes: Range<Int>
    }

    private static func place(
        _ name: String, _ entry: JSONValue, dataBytes: Int, path: String
    ) throws(FileError) -> Place {
        func failure(_ reason: String) -> FileError { .malformedTensor(path: path, tensor: name, reason: reason) }
        guard let type = entry["dtype"]?.stringValue else {
            throw failure("has no \"dtype\" that is a string")
        }
        guard let offsets = wholeNumbers(entry["data_offsets"]), offsets.count == 2 else {
            throw failure("has no \"data_offsets\" that are two whole numbers")
        }
        guard 0 <= offsets[0], offsets[0] <= offsets[1], offsets[1] <= dataBytes else {
            throw failure(
                """
                has data_offsets \(offsets), outside the \(dataBytes) data bytes of the file; \
                it may be truncated
                """)
        }
        return Place(name: name, type: type, bytes: offsets[0]..<offsets[1])
    }

    /// The tensor at `place`; nil if its type is not read.
    private static func tensor(
        _ place: Place, _ entry: JSONValue, in file: MappedFile, dataOffset: Int
    ) throws(FileError) -> StoredTensor? {
        func failure(_ reason: String) -> FileError {
            .malformedTensor(path: file.path, tensor: place.name, reason: reason)
        }
        guard let shape = wholeNumbers(entry["shape"]) else {
            throw failure("has no \"shape\" that is a list of whole numbers")
        }
        guard let encoding = TensorEncoding(safetensorsType: place.type) else { return nil }
        guard let byteCount = encoding.byteCount(shape: shape) else {
            throw failure("has the impossible shape \(shape)")
        }
        guard place.bytes.count == byteCount else {
            throw failure(
                """
                has shape \(shape) and dtype \(place.type), which need \(byteCount) bytes, \
                but data_offsets [\(place.bytes.lowerBound), \(place.bytes.upperBound)] give \(place.bytes.count)
                """)
        }
        return StoredTensor(
            name: place.name, shape: shape, encoding: encoding, file: file,
            byteOffset: dataOffset + place.bytes.lowerBound, byteCount: byteCount)
    }

    private static func wholeNumbers(_ value: JSONValue?) -> [Int]? {
        guard let elements = value?.arrayValue else { return nil }
        var numbers: [Int] = []
        for element in elements {
            guard case .integer(let number) = element else { return nil }
            numbers.append(Int(number))
        }
        return numbers
    }

    private static func checkCoverage(
        _ places: [Place], file: MappedFile, dataOffset: Int
    ) throws(FileError) {
        let ordered = places.sorted {
            ($0.bytes.lowerBound, $0.bytes.count, $0.name) < ($1.bytes.lowerBound, $1.bytes.count, $1.name)
        }
        var end = 0
        var previous: String?
        for place in ordered {
            let start = place.bytes.lowerBound
            if start < end {
                throw .malformedTensor(
                    path: file.path, tensor: place.name,
                    reason: "overlaps the bytes of tensor \"\(previous ?? "")\"")
            }
            if start > end {
                throw .malformedTensor(
                    path: file.path, tensor: place.name,
                    reason: "starts \(start - end) bytes after the tensor before it ends")
            }
            end = place.bytes.upperBound
            previous = place.name
        }
        guard dataOffset + end == file.byteCount else {
            throw .malformed(
                path: file.path, byteOffset: dataOffset + end,
                reason: "\(file.byteCount - dataOffset - end) bytes follow the last tensor")
        }
    }
}

extension SafetensorsFile {
    /// What is thrown for each tensor that is not read.
    var errors: [String: FileError] {
        var errors: [String: FileError] = [:]
        for (name, reason) in unreadable { errors[name] = .malformedTensor(path: path, tensor: name, reason: reason) }
        return errors
    }
}

extension TensorEncoding {
    /// The encoding's name in safetensors headers; nil for GGUF's quantised encodings.
    var safetensorsType: String? {
        switch self {
        case .float64: "F64"
        case .float32: "F32"
        case .float16: "F16"
        case .bfloat16: "BF16"
        case .int64: "I64"
        case .int32: "I32"
        case .int16: "I16"
        case .int8: "I8"
        case .uint8: "U8"
        case .bool: "BOOL"
        default: nil
        }
    }

    init?(safetensorsType type: String) {
        guard let match = Self.allCases.first(where: { $0.safetensorsType == type }) else { return nil }
        self = match
    }
}
