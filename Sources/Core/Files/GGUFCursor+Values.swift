extension GGUFCursor {
    mutating func valueType(_ what: String) throws(FileError) -> GGUFValueType {
        let start = offset
        let code = try integer(UInt32.self, what)
        guard let type = GGUFValueType(rawValue: code) else {
            throw .malformed(
                path: path, byteOffset: start, reason: "\(what) is \(code), which does not exist")
        }
        return type
    }

    mutating func value(
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

    /// Checks an array and leaves its elements in the file.
    private mutating func array(_ what: String, depth: Int) throws(FileError) -> GGUFValue {
        guard depth < Self.maximumDepth else {
            throw .malformed(
                path: path, byteOffset: offset,
                reason: "\(what) nests arrays deeper than \(Self.maximumDepth) levels")
        }
        let type = try valueType(what)
        let count = try count(what, minimumItemBytes: type.minimumBytes)
        let array = GGUFArray(type, count: count, in: self)
        if type.isAnyBits {
            _ = unsafe try take(count * type.minimumBytes, what)
        } else if type == .string {
            for _ in 0..<count { _ = unsafe try utf8(what) }
        } else {
            for _ in 0..<count { _ = try value(of: type, what, depth: depth + 1) }
        }
        return .elements(array)
    }
}
