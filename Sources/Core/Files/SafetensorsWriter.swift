/// The numbers of a tensor to be written.
@safe package enum SafetensorsValues {
    case float32([Float])
    case int64([Int64])
    /// Little-endian bytes in a plain encoding, such as ``NarrowFloats`` makes.
    case bytes(TensorEncoding, [UInt8])
    /// The bytes of another file's tensor, unchanged; it must be plain and of the same shape.
    case stored(StoredTensor)
    /// Float32 numbers in memory that `owner` keeps, read when their turn comes.
    case float32Memory(UnsafeBufferPointer<Float>, owner: AnyObject)
    /// Numbers made when their turn comes, so that only one tensor is in memory; stored as float32, float16 or bfloat16.
    case generated(TensorEncoding = .float32, () throws(FileError) -> [Float])

    var encoding: TensorEncoding {
        switch self {
        case .float32, .float32Memory: .float32
        case .int64: .int64
        case .bytes(let encoding, _), .generated(let encoding, _): encoding
        case .stored(let tensor): tensor.encoding
        }
    }
}

/// Writes safetensors files with the bytes that the Hugging Face library writes for the same
/// tensors and metadata: equal input gives equal files.
///
/// Layout: header length; JSON header, padded with spaces to a multiple of 8 bytes; tensors
/// ordered by falling width of their numbers and then by name, so that all stay aligned.
package struct SafetensorsWriter {
    private struct Entry {
        let name: String
        let shape: [Int]
        let values: SafetensorsValues
        let byteCount: Int
    }

    private let metadata: [String: String]
    private var entries: [Entry] = []
    private var names: Set<String> = []

    /// Starts a file; `metadata` becomes the header's `__metadata__`.
    package init(metadata: [String: String] = ["format": "pt"]) { self.metadata = metadata }

    /// Adds a tensor. The order of calls does not matter.
    ///
    /// A name that is used twice, a shape that does not fit the values, and a quantised encoding
    /// are programming errors.
    package mutating func append(_ name: String, shape: [Int], _ values: SafetensorsValues) {
        precondition(names.insert(name).inserted, "two tensors are named \"\(name)\"")
        precondition(name != "__metadata__", "a tensor cannot be named __metadata__")
        precondition(
            values.encoding.safetensorsType != nil, "\(values.encoding) has no safetensors type")
        guard let byteCount = values.encoding.byteCount(shape: shape) else {
            preconditionFailure("tensor \"\(name)\" cannot have shape \(shape)")
        }
        let given: Int =
            switch values {
            case .float32(let numbers): numbers.count * 4
            case .int64(let numbers): numbers.count * 8
            case .float32Memory(let numbers, _): numbers.count * 4
            case .bytes(_, let bytes): bytes.count
            case .stored(let tensor): tensor.byteCount
            case .generated: byteCount
            }
        precondition(
            given == byteCount, "tensor \"\(name)\" of shape \(shape) was given \(given) bytes")
        entries.append(Entry(name: name, shape: shape, values: values, byteCount: byteCount))
    }

    /// The whole file in memory.
    ///
    /// - Parameter memory: bytes that are no longer needed, to write over.
    /// - Throws: only what a ``SafetensorsValues/generated(_:)`` closure throws.
    package func data(reusing memory: consuming [UInt8] = []) throws(FileError) -> [UInt8] {
        let ordered = orderedEntries()
        let header = header(ordered)
        var result = consume memory
        result.removeAll(keepingCapacity: true)
        result.reserveCapacity(header.count + ordered.reduce(0) { $0 + $1.byteCount })
        result += header
        for entry in ordered {
            unsafe try Self.withBytes(of: entry) { bytes throws(FileError) in
                unsafe result.append(contentsOf: bytes)
            }
        }
        return result
    }

    /// Writes the file durably, see ``DurableFile``; a tensor at a time.
    package func write(to path: String) throws(FileError) {
        let ordered = orderedEntries()
        var file = try DurableFile(path: path)
        try file.append(header(ordered))
        for entry in ordered {
            unsafe try Self.withBytes(of: entry) { bytes throws(FileError) in unsafe try file.append(bytes) }
        }
        try file.commit()
    }

    /// The file of `tensors` in memory, in one call.
    package static func data(
        tensors: [(name: String, shape: [Int], values: SafetensorsValues)],
        metadata: [String: String] = ["format": "pt"]
    ) throws(FileError) -> [UInt8] {
        var writer = SafetensorsWriter(metadata: metadata)
        for tensor in tensors { writer.append(tensor.name, shape: tensor.shape, tensor.values) }
        return try writer.data()
    }

    private func orderedEntries() -> [Entry] {
        entries.sorted {
            let left = $0.values.encoding.safetensorsOrder
            let right = $1.values.encoding.safetensorsOrder
            if left != right { return left > right }
            return $0.name.utf8.lexicographicallyPrecedes($1.name.utf8)
        }
    }

    private func header(_ ordered: [Entry]) -> [UInt8] {
        var members: [String] = []
        if !metadata.isEmpty {
            let value = JSONValue.object(JSONObject(metadata.mapValues { .string($0) }))
            members.append("\"__metadata__\":" + value.compactText())
        }
        var offset = 0
        for entry in ordered {
            var member = JSONValue.string(entry.name).compactText()
            let type = entry.values.encoding.safetensorsType ?? ""
            let shape = entry.shape.map(String.init).joined(separator: ",")
            let end = offset + entry.byteCount
            member += ":{\"dtype\":\"\(type)\",\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(end)]}"
            members.append(member)
            offset = end
        }
        var text = Array("{\(members.joined(separator: ","))}".utf8)
        text.append(
            contentsOf: repeatElement(UInt8(ascii: " "), count: (8 - text.count % 8) % 8))
        return unsafe withUnsafeBytes(of: UInt64(text.count).littleEndian) { unsafe Array($0) } + text
    }

    private static func withBytes(
        of entry: Entry, _ body: (UnsafeRawBufferPointer) throws(FileError) -> Void
    ) throws(FileError) {
        func lend<T: BitwiseCopyable>(_ numbers: [T]) throws(FileError) {
            let result = unsafe numbers.withUnsafeBytes { bytes in
                Result { () throws(FileError) in unsafe try body(bytes) }
            }
            try result.get()
        }
        switch entry.values {
        case .float32(let numbers): try lend(numbers)
        case .int64(let numbers): try lend(numbers)
        case .float32Memory(let numbers, let owner):
            defer { withExtendedLifetime(owner) {} }
            unsafe try body(UnsafeRawBufferPointer(numbers))
        case .bytes(_, let bytes): try lend(bytes)
        case .stored(let tensor): unsafe try body(tensor.bytes)
        case .generated(let encoding, let make):
            let numbers = try make()
            precondition(
                encoding.byteCount(shape: [numbers.count]) == entry.byteCount,
                "tensor \"\(entry.name)\" of shape \(entry.shape) was given \(numbers.count) numbers")
            switch encoding {
            case .float16: try lend(NarrowFloats.float16Bytes(numbers))
            case .bfloat16: try lend(NarrowFloats.bfloat16Bytes(numbers))
            default: try lend(numbers)
            }
        }
    }
}

extension TensorEncoding {
    /// Rank of the type in the reference implementation's file order, which is falling.
    fileprivate var safetensorsOrder: Int {
        switch self {
        case .bool: 0
        case .uint8: 1
        case .int8: 2
        case .int16: 3
        case .float16: 4
        case .bfloat16: 5
        case .int32: 6
        case .float32: 7
        case .float64: 8
        case .int64: 9
        default: -1
        }
    }
}
