import CImages
import CatenaFiles
import Foundation

/// An array of numbers as an IDX or NPY file has it, plain or compressed by gzip.
///
/// What its header says is compared with its bytes before anything is made of it.
struct NumberArray {
    /// How a number is stored.
    enum Element: String {
        case uint8 = "|u1"
        case int8 = "|i1"
        case int16 = "<i2"
        case uint16 = "<u2"
        case int32 = "<i4"
        case uint32 = "<u4"
        case int64 = "<i8"
        case float32 = "<f4"
        case float64 = "<f8"

        var bytes: Int { Int(String(rawValue.suffix(1))) ?? 1 }
        var isFloat: Bool { rawValue.contains("f") }
    }

    let path: String
    let shape: [Int]
    let element: Element
    /// The numbers, one after the other.
    private let data: Data

    /// Numbers in it.
    var count: Int { data.count / element.bytes }

    /// The array at `path`; nil where the file is something else.
    ///
    /// - Throws: ``DataError/notImages(file:expected:found:)`` for a header that is damaged or says what the bytes are not.
    init?(path: String) throws(DataError) {
        let file = try ExampleReader.contents(of: path)
        let isCompressed = file.starts(with: [0x1F, 0x8B])
        let start = isCompressed ? Self.unzipped(file, room: Self.headerRoom)?.bytes ?? Data() : file
        let known: [(any ArrayHeader)?] = [try IDXHeader(start, path: path), try NPYHeader(start, path: path)]
        guard let header = known.compactMap({ $0 }).first else { return nil }
        (self.path, shape, element) = (path, header.shape, header.element)
        let numbers = try Self.byteCount(header, path: path)
        let expected = header.byteCount + numbers
        var all = file
        if isCompressed {
            // Deflate makes at most some 1032 bytes of one.
            guard expected / 1100 <= file.count else { throw Self.wrongSize(path, expected, "far fewer") }
            guard let whole = Self.unzipped(file, room: expected) else {
                throw DataError.notImages(file: path, expected: "a gzip file", found: "a damaged one")
            }
            guard whole.bytes.count == expected, whole.isComplete else {
                throw Self.wrongSize(
                    path, expected, whole.bytes.count < expected ? "\(whole.bytes.count)" : "more, or a damaged end")
            }
            all = whole.bytes
        }
        guard all.count == expected else { throw Self.wrongSize(path, expected, "\(all.count)") }
        data = all.dropFirst(header.byteCount)
    }

    /// The largest header of an array of four dimensions.
    private static let headerRoom = 1 << 16

    private static func byteCount(_ header: any ArrayHeader, path: String) throws(DataError) -> Int {
        var (bytes, overflows) = (header.element.bytes, false)
        for extent in header.shape {
            let product = bytes.multipliedReportingOverflow(by: extent)
            (bytes, overflows) = (product.partialValue, overflows || product.overflow)
        }
        guard !overflows, bytes >= 0, bytes < Int.max - headerRoom else {
            throw .notImages(file: path, expected: "an array that a file can hold", found: "the shape \(header.shape)")
        }
        return bytes
    }

    private static func wrongSize(_ path: String, _ expected: Int, _ found: String) -> DataError {
        .notImages(
            file: path, expected: "\(expected) bytes by its own header", found: "\(found); the file is cut or damaged")
    }

    private static func unzipped(_ file: Data, room: Int) -> (bytes: Data, isComplete: Bool)? {
        var (bytes, isComplete) = ([UInt8](repeating: 0, count: room), false)
        let count = unsafe file.withUnsafeBytes { input in
            unsafe bytes.withUnsafeMutableBufferPointer { output in
                unsafe ci_gunzip(
                    input.baseAddress?.assumingMemoryBound(to: UInt8.self), input.count, output.baseAddress, room,
                    &isComplete)
            }
        }
        return count < 0 ? nil : (Data(bytes.prefix(Int(count))), isComplete)
    }

    /// The numbers of `range` as samples of an image: bytes are divided by 255.
    func samples(_ range: Range<Int>) -> [Float] {
        unsafe data.withUnsafeBytes { bytes in
            func bits<Number: FixedWidthInteger>(_ index: Int, _ type: Number.Type) -> Number {
                let at = index * element.bytes
                return Number(littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: at, as: type))
            }
            return switch element {
            case .uint8: range.map { Float(bits($0, UInt8.self)) / 255 }
            case .float32: range.map { Float(bitPattern: bits($0, UInt32.self)) }
            case .float64: range.map { Float(Double(bitPattern: bits($0, UInt64.self))) }
            default: range.map { unsafe Float(integer($0 * element.bytes, in: bytes)) }
            }
        }
    }

    /// All numbers as whole ones; nil where they are none.
    func integers() -> [Int]? {
        guard !element.isFloat else { return nil }
        return unsafe data.withUnsafeBytes { bytes in
            (0..<count).map { unsafe integer($0 * element.bytes, in: bytes) }
        }
    }

    private func integer(_ at: Int, in bytes: UnsafeRawBufferPointer) -> Int {
        func load<Number: FixedWidthInteger>(_ type: Number.Type) -> Int {
            Int(truncatingIfNeeded: unsafe Number(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: type)))
        }
        return switch element {
        case .uint8: load(UInt8.self)
        case .int8: load(Int8.self)
        case .int16: load(Int16.self)
        case .uint16: load(UInt16.self)
        case .int32: load(Int32.self)
        case .uint32: load(UInt32.self)
        case .int64, .float32, .float64: load(Int64.self)
        }
    }
}

/// What a file says about its array.
protocol ArrayHeader {
    var shape: [Int] { get }
    var element: NumberArray.Element { get }
    /// Bytes before the first number.
    var byteCount: Int { get }
}

/// The header of an IDX file: two zeros, the kind of the numbers, how many dimensions, and each of them in four bytes, the high one first.
///
/// - Source: LeCun, Cortes and Burges, *The MNIST database*, file formats.
struct IDXHeader: ArrayHeader {
    let shape: [Int]
    let element = NumberArray.Element.uint8
    var byteCount: Int { 4 + 4 * shape.count }

    /// nil where `start` does not begin like one.
    init?(_ start: Data, path: String) throws(DataError) {
        let bytes = [UInt8](start.prefix(4 + 4 * 4))
        guard bytes.count >= 8, bytes[0] == 0, bytes[1] == 0, (0x08...0x0E).contains(bytes[2]),
            (1...4).contains(bytes[3])
        else { return nil }
        guard bytes[2] == 0x08 else {
            throw .notImages(
                file: path, expected: "unsigned bytes (IDX kind 0x08)",
                found: "IDX kind 0x0\(String(bytes[2], radix: 16, uppercase: true))")
        }
        let dimensions = Int(bytes[3])
        guard bytes.count >= 4 + 4 * dimensions else {
            throw .notImages(file: path, expected: "\(dimensions) dimensions", found: "the end of the file")
        }
        shape = (0..<dimensions).map { dimension in
            bytes[4 + 4 * dimension..<8 + 4 * dimension].reduce(0) { $0 << 8 | Int($1) }
        }
    }
}
