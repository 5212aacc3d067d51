import CatenaText
import Foundation
import Testing

@Suite("Token offsets")
struct TokenOffsetTests {
    private struct Case: Decodable {
        let text: String
        let ids: [Int32]
        let offsets: [[Int]]
    }

    /// For each UTF-8 byte of a text the code point that it belongs to, and one element more.
    private static func codePointOfByte(_ text: String) -> [Int] {
        var places: [Int] = []
        for (index, scalar) in text.unicodeScalars.enumerated() {
            places += Array(repeating: index, count: String(scalar).utf8.count)
        }
        return places + [text.unicodeScalars.count]
    }

    /// Ranges of code points widened to characters with their marks.
    ///
    /// The reference leaves marks out that normalisation joined to a letter; here a token stands for all that it was made of.
    private static func widened(_ offsets: [[Int]], in text: String) -> [[Int]] {
        var clusterOfPoint: [Range<Int>] = []
        for character in text {
            let start = clusterOfPoint.count
            let cluster = start..<start + character.unicodeScalars.count
            clusterOfPoint += Array(repeating: cluster, count: cluster.count)
        }
        return offsets.map { offset in
            guard offset[0] < offset[1] else { return offset }
            return [clusterOfPoint[offset[0]].lowerBound, clusterOfPoint[offset[1] - 1].upperBound]
        }
    }

    @Test(
        "each token stands for the characters that the reference says",
        arguments: TokenizerFixtures.folders(in: TokenizerFixtures.committed))
    func reference(folder: URL) throws {
        let tokenizer = try Tokenizer.load(model: folder.path)
        let lines = try Data(contentsOf: folder.appending(path: "offsets.jsonl")).split(separator: 0x0A)
        #expect(lines.count > 50)
        for line in lines {
            let expected = try JSONDecoder().decode(Case.self, from: Data(line))
            let found = tokenizer.encodeWithOffsets(expected.text)
            #expect(found.ids == tokenizer.encode(expected.text))
            let codePoints = Self.codePointOfByte(expected.text)
            // The reference gives a prefix that was put in the place of the character behind it.
            let offsets = found.ranges.map { range in
                [
                    codePoints[range.lowerBound],
                    range.isEmpty ? codePoints[range.lowerBound] + 1 : codePoints[range.upperBound - 1] + 1,
                ]
            }
            let wide = Self.widened(expected.offsets, in: expected.text)
            #expect(
                zip(offsets, zip(expected.offsets, wide)).allSatisfy { $0 == $1.0 || $0 == $1.1 }
                    && offsets.count == wide.count,
                "\(folder.lastPathComponent): \(expected.text.debugDescription): \(offsets), expected \(expected.offsets)"
            )
        }
    }
}
