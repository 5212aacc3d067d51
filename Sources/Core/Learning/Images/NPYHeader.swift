import Foundation

/// The header of an NPY file: a magic word, a version, a length, and a Python dictionary of the numbers' kind, their order and the shape.
///
/// - Source: numpy, `numpy.lib.format`.
struct NPYHeader: ArrayHeader {
    let shape: [Int]
    let element: NumberArray.Element
    let byteCount: Int

    /// nil where `start` does not begin like one.
    init?(_ start: Data, path: String) throws(DataError) {
        let bytes = [UInt8](start.prefix(1 << 16))
        guard bytes.starts(with: [0x93] + Array("NUMPY".utf8)) else { return nil }
        let lengthBytes = bytes.count > 6 && bytes[6] == 1 ? 2 : 4
        guard bytes.count >= 8 + lengthBytes, (1...3).contains(bytes[6]) else {
            throw .notImages(file: path, expected: "an NPY header of version 1, 2 or 3", found: "another one")
        }
        let length = bytes[8..<8 + lengthBytes].reversed().reduce(0) { $0 << 8 | Int($1) }
        byteCount = 8 + lengthBytes + length
        guard byteCount <= bytes.count, let text = String(bytes: bytes[8 + lengthBytes..<byteCount], encoding: .utf8)
        else {
            throw .notImages(file: path, expected: "an NPY header of \(length) bytes", found: "fewer, or no text")
        }
        let kind = Self.value(of: "descr", in: text).map { $0.trimmingCharacters(in: .init(charactersIn: "'\" ")) }
        let plain = kind.map { $0 == "<u1" || $0 == "u1" ? "|u1" : $0 }
        guard let plain, let element = NumberArray.Element(rawValue: plain) else {
            throw .notImages(
                file: path,
                expected: "numbers of the kind uint8, int8 to int64, float32 or float64, the low byte first",
                found: kind ?? "none")
        }
        guard Self.value(of: "fortran_order", in: text)?.trimmingCharacters(in: .whitespaces) == "False" else {
            throw .notImages(
                file: path, expected: "rows one after the other (fortran_order False)",
                found: "columns (save numpy.ascontiguousarray of it)")
        }
        let list = Self.value(of: "shape", in: text)?.trimmingCharacters(in: .whitespaces)
        guard let list, list.hasPrefix("("), list.hasSuffix(")") else {
            throw .notImages(file: path, expected: "a shape", found: "none")
        }
        let extents = list.dropFirst().dropLast().split(separator: ",").map {
            Int($0.trimmingCharacters(in: .whitespaces))
        }
        guard (1...4).contains(extents.count), extents.allSatisfy({ $0.map { $0 >= 0 } ?? false }) else {
            throw .notImages(file: path, expected: "a shape of one to four dimensions", found: "\(list.prefix(60))")
        }
        (self.element, shape) = (element, extents.compactMap { $0 })
    }

    /// What stands behind a key, up to the comma or brace that ends it.
    private static func value(of key: String, in text: String) -> String? {
        guard let start = text.range(of: "'\(key)':") else { return nil }
        var (depth, value) = (0, "")
        for character in text[start.upperBound...] {
            if character == "(" { depth += 1 }
            if depth == 0, character == "," || character == "}" { return value }
            if character == ")" { depth -= 1 }
            value.append(character)
        }
        return nil
    }
}
