import CatenaFiles
import Crypto
import Foundation

/// Why a prepared file cannot be used.
struct PreparedFileDamage: Error {
    let reason: String
}

/// The prepared data's file: little-endian, every part at a multiple of 8 bytes.
///
///     magic "CATDATA\n" | header length (UInt64) | header (JSON: key, counts, statistics, notes), padded with spaces
///     offsets  (count + 1) x Int64 | inputIds  tokenCount x Int32 | labels  tokenCount x Int32 | SHA-256 of all before
///
/// Where the header's statistics name another content than tokens, marks, count x Int64, come after the labels, as
/// ``PreparedTokens`` has them. Images have no labels of tokens, and the bits of their pixels in the place of ids.
struct PreparedFile: Sendable {
    /// Part of the key: raised when the layout or the meaning of the tokens changes.
    static let version = 2
    private static let magic = Array("CATDATA\n".utf8)
    private static let digestBytes = 32

    private struct Header: Codable {
        var key: String
        var count: Int
        var tokenCount: Int
        var statistics: DataStatistics
        var notes: [String]
    }

    let statistics: DataStatistics
    /// What reading the data had to tell.
    let notes: [String]
    let count: Int
    private let tokenCount: Int
    let file: MappedFile
    private let offsetsStart: Int
    private let inputIdsStart: Int
    private let labelsStart: Int
    /// nil where the examples are of tokens.
    private let marksStart: Int?
    let content: DataContent

    init(path: String, key: String, verifiesHash: Bool) throws(PreparedFileDamage) {
        do {
            file = try MappedFile(path: path)
        } catch {
            throw PreparedFileDamage(reason: "\(error)")
        }
        let byteCount = file.byteCount
        guard byteCount >= 16 + Self.digestBytes, unsafe file.bytes.prefix(8).elementsEqual(Self.magic) else {
            throw PreparedFileDamage(reason: "it does not begin like prepared data")
        }
        let headerBytes = unsafe UInt64(littleEndian: file.bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        guard headerBytes % 8 == 0, headerBytes <= UInt64(byteCount - 16 - Self.digestBytes),
            let header = unsafe try? JSONDecoder().decode(
                Header.self, from: Data(file.bytes[16..<16 + Int(headerBytes)]))
        else { throw PreparedFileDamage(reason: "its header cannot be read") }
        guard header.key == key else { throw PreparedFileDamage(reason: "it is of other data") }
        statistics = header.statistics
        notes = header.notes
        count = header.count
        tokenCount = header.tokenCount
        offsetsStart = 16 + Int(headerBytes)
        let limit = byteCount / 4
        guard count > 0, count < limit, tokenCount > 0, tokenCount < limit else {
            throw PreparedFileDamage(reason: "its counts are impossible")
        }
        inputIdsStart = offsetsStart + 8 * (count + 1)
        labelsStart = inputIdsStart + 4 * tokenCount
        content = statistics.content ?? .tokens
        let labelsEnd = labelsStart + (content == .images ? 0 : 4 * tokenCount)
        marksStart = content == .tokens ? nil : labelsEnd
        let expected = labelsEnd + (content == .tokens ? 0 : 8 * count) + Self.digestBytes
        guard byteCount == expected else {
            throw PreparedFileDamage(reason: "it has \(byteCount) bytes instead of \(expected)")
        }
        if verifiesHash {
            let content = unsafe UnsafeRawBufferPointer(rebasing: file.bytes[..<(byteCount - Self.digestBytes)])
            var hash = SHA256()
            unsafe hash.update(bufferPointer: content)
            guard unsafe file.bytes[content.count...].elementsEqual(hash.finalize()) else {
                throw PreparedFileDamage(reason: "its SHA-256 does not match")
            }
        }
    }

    /// Checks every example: where it lies, its length, its ids and labels. A valid sum only says that the file is what somebody
    /// wrote.
    func requireSound(for encoder: any ExampleEncoding) throws(PreparedFileDamage) {
        let (vocabularySize, maximumLength) = (encoder.vocabularySize, encoder.maximumLength)
        guard content == encoder.content, statistics.categoryCounts.map({ $0.count == encoder.categoryCount }) ?? true
        else {
            throw PreparedFileDamage(reason: "it is of another task")
        }
        let (shortest, longest) =
            switch content {
            case .tokens: (2, maximumLength)
            case .categories, .values: (1, maximumLength)
            case .images: (maximumLength, maximumLength)
            case .pairs: (4, 2 * maximumLength)
            }
        guard statistics.exampleCount == count, statistics.tokenCount == tokenCount else {
            throw PreparedFileDamage(reason: "its header counts other examples than it has")
        }
        var end = 0
        for index in 0..<count {
            let place = offsetsStart + 8 * index
            let start = unsafe Int64(littleEndian: file.bytes.loadUnaligned(fromByteOffset: place, as: Int64.self))
            let next = unsafe Int64(littleEndian: file.bytes.loadUnaligned(fromByteOffset: place + 8, as: Int64.self))
            guard start == end, next >= start, next - start >= shortest, next - start <= longest, next <= tokenCount,
                isPossible(mark(of: index), length: next - start, encoder)
            else {
                throw PreparedFileDamage(reason: "example \(index) has an impossible place, length or target")
            }
            end = Int(next)
        }
        guard end == tokenCount else {
            throw PreparedFileDamage(reason: "\(tokenCount - end) tokens belong to no example")
        }
        if content == .images {
            let range = inputIdsStart..<inputIdsStart + 4 * tokenCount
            let pixels = unsafe UnsafeRawBufferPointer(rebasing: file.bytes[range]).assumingMemoryBound(to: Float.self)
            guard unsafe pixels.allSatisfy(\.isFinite) else {
                throw PreparedFileDamage(reason: "it has pixels that are no finite numbers")
            }
            return
        }
        let judges = content == .categories || content == .values
        let second =
            judges
            ? ("token type", labelsStart, 0, Int(encoder.largestTokenType) + 1)
            : ("label", labelsStart, EncodedExample.ignored, vocabularySize)
        for (name, start, lowest, limit) in [("token id", inputIdsStart, 0, vocabularySize), second] {
            let values = unsafe UnsafeRawBufferPointer(rebasing: file.bytes[start..<start + 4 * tokenCount])
                .assumingMemoryBound(to: Int32.self)
            var (smallest, largest) = (Int32.max, Int32.min)
            for index in values.indices {
                let value = unsafe values[index]
                // A label is an id or the mark of what is not learned.
                smallest = min(smallest, value == lowest ? 0 : value)
                largest = max(largest, value)
            }
            guard smallest >= 0, Int(largest) < limit else {
                throw PreparedFileDamage(
                    reason:
                        "it has the \(name) \(smallest < 0 ? smallest : largest), outside the \(limit) there are"
                )
            }
        }
    }

    private func isPossible(_ mark: Int64, length: Int64, _ encoder: any ExampleEncoding) -> Bool {
        switch content {
        case .tokens: true
        case .categories, .images: mark >= 0 && mark < encoder.categoryCount
        case .values: UInt32(exactly: mark).map { Float(bitPattern: $0).isFinite } ?? false
        case .pairs: mark >= 2 && length - mark >= 2 && max(mark, length - mark) <= encoder.maximumLength
        }
    }

    /// What ``PreparedTokens/marks`` holds for example `index`; 0 where there is nothing.
    func mark(of index: Int) -> Int64 {
        guard let marksStart else { return 0 }
        return unsafe Int64(
            littleEndian: file.bytes.loadUnaligned(fromByteOffset: marksStart + 8 * index, as: Int64.self))
    }

    /// The tokens of example `index`, as a range of all tokens.
    func range(of index: Int) -> Range<Int> {
        precondition(index >= 0 && index < count, "example \(index) of \(count)")
        let place = offsetsStart + 8 * index
        let start = unsafe Int64(littleEndian: file.bytes.loadUnaligned(fromByteOffset: place, as: Int64.self))
        let end = unsafe Int64(littleEndian: file.bytes.loadUnaligned(fromByteOffset: place + 8, as: Int64.self))
        precondition(0 <= start && start <= end && end <= tokenCount, "example \(index) lies outside its file")
        return Int(start)..<Int(end)
    }

    func withPixels<R>(_ index: Int, _ body: (UnsafeBufferPointer<Float>) -> R) -> R {
        let range = range(of: index)
        return unsafe file.withBytes { bytes in
            let part = unsafe bytes[inputIdsStart + 4 * range.lowerBound..<inputIdsStart + 4 * range.upperBound]
            return unsafe body(UnsafeRawBufferPointer(rebasing: part).assumingMemoryBound(to: Float.self))
        }
    }

    func withExample<R>(
        _ index: Int, _ body: (UnsafeBufferPointer<Int32>, UnsafeBufferPointer<Int32>) -> R
    ) -> R {
        let range = range(of: index)
        return unsafe file.withBytes { bytes in
            func part(_ start: Int) -> UnsafeBufferPointer<Int32> {
                let part = unsafe bytes[(start + 4 * range.lowerBound)..<(start + 4 * range.upperBound)]
                return unsafe UnsafeRawBufferPointer(rebasing: part).assumingMemoryBound(to: Int32.self)
            }
            return unsafe body(part(inputIdsStart), part(labelsStart))
        }
    }

    /// The whole file of `tokens`.
    static func bytes(of tokens: PreparedTokens, key: String, notes: [String]) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        var header = [UInt8](
            try encoder.encode(
                Header(
                    key: key, count: tokens.count, tokenCount: tokens.inputIds.count, statistics: tokens.statistics,
                    notes: notes)))
        header += Array(repeating: UInt8(ascii: " "), count: (8 - header.count % 8) % 8)
        var bytes = magic
        bytes.reserveCapacity(16 + header.count + 8 * (tokens.count + 1) + 8 * tokens.inputIds.count + digestBytes)
        unsafe withUnsafeBytes(of: UInt64(header.count).littleEndian) { unsafe bytes += $0 }
        bytes += header
        unsafe tokens.offsets.map { Int64($0).littleEndian }.withUnsafeBytes { unsafe bytes += $0 }
        unsafe tokens.inputIds.map { $0.littleEndian }.withUnsafeBytes { unsafe bytes += $0 }
        unsafe tokens.labels.map { $0.littleEndian }.withUnsafeBytes { unsafe bytes += $0 }
        unsafe tokens.marks.map { $0.littleEndian }.withUnsafeBytes { unsafe bytes += $0 }
        bytes += Array(SHA256.hash(data: bytes))
        return bytes
    }
}
