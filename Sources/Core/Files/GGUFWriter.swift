/// Writes GGUF files of version 3; equal calls give equal bytes.
///
/// Integers become uint32 if they fit, else int32, else int64; floats become float32. The
/// elements of an array must be of one kind, strings or numbers or booleans.
package struct GGUFWriter {
    private struct Entry {
        let name: String
        let shape: [Int]
        let encoding: TensorEncoding
        let bytes: [UInt8]
    }

    private var metadata: [(key: String, value: GGUFValue)] = []
    private var entries: [Entry] = []
    private let alignment: Int

    /// - Parameter alignment: of the tensors' first bytes; a power of two.
    package init(alignment: Int = 32) {
        precondition(
            alignment > 0 && alignment & (alignment - 1) == 0, "alignment must be a power of two")
        self.alignment = alignment
        if alignment != GGUFFile.defaultAlignment {
            metadata.append(("general.alignment", .integer(Int64(alignment))))
        }
    }

    /// Adds a metadata entry; entries keep the order of the calls.
    package mutating func setMetadata(_ key: String, _ value: GGUFValue) {
        precondition(!metadata.contains { $0.key == key }, "the metadata key \"\(key)\" is used twice")
        metadata.append((key, value))
    }

    /// Adds a float32 tensor; `shape` is row-major.
    package mutating func append(_ name: String, shape: [Int], float32 numbers: [Float]) {
        unsafe append(
            name, shape: shape, encoding: .float32,
            bytes: numbers.withUnsafeBytes { unsafe Array($0) })
    }

    /// Adds a tensor rounded to float16; `shape` is row-major.
    package mutating func append(_ name: String, shape: [Int], float16 numbers: [Float]) {
        append(
            name, shape: shape, encoding: .float16, bytes: NarrowFloats.float16Bytes(numbers))
    }

    /// Adds a tensor that is already encoded; `shape` is row-major. Tensors keep the order of
    /// the calls.
    package mutating func append(
        _ name: String, shape: [Int], encoding: TensorEncoding, bytes: [UInt8]
    ) {
        precondition(!entries.contains { $0.name == name }, "two tensors are named \"\(name)\"")
        precondition(encoding.ggufType != nil, "GGUF has no encoding \(encoding.rawValue)")
        precondition(1...4 ~= shape.count, "a GGUF tensor has 1 to 4 dimensions")
        precondition(
            encoding.byteCount(shape: shape) == bytes.count,
            "tensor \"\(name)\" of shape \(shape) was given \(bytes.count) bytes")
        entries.append(Entry(name: name, shape: shape, encoding: encoding, bytes: bytes))
    }

    /// The whole file in memory.
    package func data() -> [UInt8] {
        var result = head()
        for entry in entries {
            result += entry.bytes
            Self.pad(&result, to: alignment)
        }
        return result
    }

    /// Writes the file durably, see ``DurableFile``.
    package func write(to path: String) throws(FileError) {
        var file = try DurableFile(path: path)
        try file.append(head())
        for entry in entries {
            try file.append(entry.bytes)
            let padding = (alignment - entry.bytes.count % alignment) % alignment
            try file.append([UInt8](repeating: 0, count: padding))
        }
        try file.commit()
    }

    private func head() -> [UInt8] {
        var result = GGUFFile.magic
        Self.put(UInt32(3), &result)
        Self.put(UInt64(entries.count), &result)
        Self.put(UInt64(metadata.count), &result)
        for (key, value) in metadata {
            Self.put(key, &result)
            let type = Self.type(of: value)
            Self.put(type.rawValue, &result)
            Self.put(value, as: type, &result)
        }
        var offset = 0
        for entry in entries {
            Self.put(entry.name, &result)
            Self.put(UInt32(entry.shape.count), &result)
            for dimension in entry.shape.reversed() { Self.put(UInt64(dimension), &result) }
            Self.put(entry.encoding.ggufType ?? 0, &result)
            Self.put(UInt64(offset), &result)
            offset += (entry.bytes.count + alignment - 1) / alignment * alignment
        }
        Self.pad(&result, to: alignment)
        return result
    }

    private static func type(of value: GGUFValue) -> GGUFValueType {
        switch value {
        case .integer(let number):
            UInt32(exactly: number) != nil ? .uint32 : Int32(exactly: number) != nil ? .int32 : .int64
        case .float: .float32
        case .bool: .bool
        case .string: .string
        case .elements: .array
        }
    }

    /// The one type that all elements of an array fit.
    private static func elementType(_ elements: GGUFArray) -> GGUFValueType {
        var types: Set<GGUFValueType> = Set(elements.map(type(of:)))
        if types.count > 1, types.isSubset(of: [.uint32, .int32, .int64]) {
            let fitsInt32 = elements.allSatisfy {
                if case .integer(let number) = $0 { Int32(exactly: number) != nil } else { false }
            }
            types = [fitsInt32 ? .int32 : .int64]
        }
        precondition(types.count <= 1, "the elements of a GGUF array must be of one kind")
        return types.first ?? .string
    }

    private static func put(_ value: GGUFValue, as type: GGUFValueType, _ result: inout [UInt8]) {
        switch (value, type) {
        case (.integer(let number), .uint32), (.integer(let number), .int32):
            put(UInt32(truncatingIfNeeded: number), &result)
        case (.integer(let number), _): put(number, &result)
        case (.float(let number), _): put(Float(number).bitPattern, &result)
        case (.bool(let flag), _): result.append(flag ? 1 : 0)
        case (.string(let text), _): put(text, &result)
        case (.elements(let elements), _):
            let inner = elementType(elements)
            put(inner.rawValue, &result)
            put(UInt64(elements.count), &result)
            for element in elements { put(element, as: inner, &result) }
        }
    }

    private static func put(_ text: String, _ result: inout [UInt8]) {
        put(UInt64(text.utf8.count), &result)
        result += text.utf8
    }

    private static func put(_ number: some FixedWidthInteger, _ result: inout [UInt8]) {
        unsafe withUnsafeBytes(of: number.littleEndian) { unsafe result += $0 }
    }

    private static func pad(_ result: inout [UInt8], to alignment: Int) {
        result += repeatElement(0, count: (alignment - result.count % alignment) % alignment)
    }
}
