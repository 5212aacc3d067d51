import CatenaLearning
import CatenaDistributed
import CatenaText
import Foundation

/// One id a byte.
private struct Bytes: TextTokenizer {
    let templates = ModelTemplates()
    let addedTokens: [String] = []
    let addsBeginningOfSequence = false
    let beginningOfSequenceId: Int32? = nil
    let endOfSequenceIds: [Int32] = [256]
    let vocabularySize = 257
    let fingerprint = "bytes"
    func encode(_ text: String) -> [Int32] { text.utf8.map(Int32.init) }
    func encodeWithOffsets(_ text: String) -> TokenizedText {
        encode(text).enumerated().reduce(into: TokenizedText()) { $0.append($1.element, $1.offset..<$1.offset + 1) }
    }
    func isSpecial(_ id: Int32) -> Bool { id == 256 }
    func token(of id: Int32) -> String? { nil }
    func id(of token: String) -> Int32? { nil }
}

let dataChecks: [Check] = [
    Check(name: "prepared data are the same whatever the number of ranks, and found again") {
        communicator, expectations in
        let folder = try communicator.broadcast(NSTemporaryDirectory() + "catena-data-" + UUID().uuidString)
        let path = folder + "/data.jsonl"
        try communicator.agree("write the data") {
            guard communicator.isRoot else { return }
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            let lines = (0..<23).map { number in
                #"{"prompt": "\#(String(repeating: "a", count: number))?", "completion": "\#(number)"}"#
            }
            try lines.joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
        }
        let template = try ChatTemplate(named: "plain", tokenizer: Bytes())
        let encoder = try ExampleEncoder(tokenizer: Bytes(), template: template, maximumLength: 24)
        func open() throws -> PreparedDataset {
            try DataPreparation.open(
                path: path, encoder: encoder, cacheFolder: folder + "/cache", communicator: communicator)
        }
        let first = try open()
        expectations.expect(first.wasCached == (communicator.hostRank != 0), "prepared by one rank of each machine")
        let alone = try PreparedTokens(try ExampleReader.read(path: path).examples, encoder: encoder)
        expectations.expect(first.count == alone.count, "\(first.count) examples instead of \(alone.count)")
        let ids = (0..<first.count).flatMap { first.example($0).inputIds }
        expectations.expect(ids == alone.inputIds, "other tokens")
        expectations.expect(try open().wasCached, "not found again")
        try communicator.barrier()
        if communicator.isRoot { try FileManager.default.removeItem(atPath: folder) }
    }
]
