import CatenaLearning
import Crypto
import Foundation
import Testing

@Suite("Prepared data")
struct PreparedDatasetTests {
    private func encoder(_ maximumLength: Int, template: String = "plain", fingerprint: String = "bytes") throws
        -> ExampleEncoder
    {
        let tokenizer = ByteTokenizer(fingerprint: fingerprint)
        return try ExampleEncoder(
            tokenizer: tokenizer, template: ChatTemplate(named: template, tokenizer: tokenizer),
            maximumLength: maximumLength)
    }

    private static let three = """
        {"prompt":"ab","completion":"c"}
        {"prompt":"abcdef","completion":"gh"}
        {"prompt":"abcdefghij","completion":"k"}
        """

    @Test("examples are cut to the maximal length, and left out and counted when nothing to learn is left")
    func truncation() throws {
        let folder = try DataTestFolder()
        let path = try folder.write(Self.three, to: "d.jsonl")
        let data = try PreparedDataset.open(path: path, encoder: encoder(8), cacheFolder: folder.path + "/cache")
        #expect(data.count == 2)
        #expect((0..<2).map(data.length(of:)) == [4, 8])
        #expect(data.statistics.readCount == 3)
        #expect(data.statistics.cutCount == 2)
        #expect(data.statistics.droppedCount == 1)
        #expect(data.statistics.supervisedCount == 4)
        #expect(data.statistics.minimumLength == 4)
        #expect(data.statistics.medianLength == 4)
        #expect(data.statistics.maximumLength == 8)
        #expect(
            data.notes == [
                "Chat template: plain, built in.",
                "2 of 3 examples were cut to the maximal length; 1 were left out, because nothing to learn was left.",
            ])
        let tokenizer = ByteTokenizer()
        #expect(tokenizer.text(of: data.example(1).inputIds) == "abcdefgh")
        #expect(data.example(1).labels.prefix(6).allSatisfy { $0 == -100 })
        #expect(
            data.example(0)
                == EncodedExample(
                    inputIds: tokenizer.encode("abc</s>"), labels: [-100, -100] + tokenizer.encode("c</s>")))
    }

    @Test("an example with nothing to learn is an error with its line; all cut away is one too")
    func nothingSupervised() throws {
        let folder = try DataTestFolder()
        let cache = folder.path + "/cache"
        let empty = try folder.write(
            #"{"prompt":"ab","completion":"c"}"# + "\n" + #"{"prompt":"ab","completion":" "}"#, to: "e.jsonl")
        func message(_ path: String) -> String {
            do {
                _ = try PreparedDataset.open(path: path, encoder: encoder(8), cacheFolder: cache)
                return "no error"
            } catch {
                return "\(error)"
            }
        }
        #expect(
            message(empty)
                == DataError.nothingSupervised(file: empty, line: 2, form: #"{"prompt", "completion"}"#).description)
        let masked = try folder.write(#"{"input_ids":[5,6],"labels":[5,-100]}"#, to: "m.jsonl")
        #expect(
            message(masked)
                == DataError.nothingSupervised(file: masked, line: 1, form: #"{"input_ids", "labels"}"#).description)
        let long = try folder.write(#"{"prompt":"abcdefghij","completion":"c"}"#, to: "l.jsonl")
        #expect(throws: DataError.nothingSupervisedAfterTruncation(file: long, exampleCount: 1, maximumLength: 8)) {
            try PreparedDataset.open(path: long, encoder: encoder(8), cacheFolder: cache)
        }
        let outside = try folder.write(#"{"input_ids":[5,261]}"#, to: "v.jsonl")
        #expect(message(outside) == "\(outside):1: expected token ids below the vocabulary's 261, found 261.")
        #expect(!FileManager.default.fileExists(atPath: cache))
    }

    @Test(
        "a text file is cut into pieces in which every token but the first is learned once", arguments: [2, 3, 7, 100])
    func documents(maximumLength: Int) throws {
        let folder = try DataTestFolder()
        let path = try folder.write("The quick brown fox.", to: "t.txt")
        let data = try PreparedDataset.open(path: path, encoder: encoder(maximumLength), cacheFolder: folder.path)
        let all = ByteTokenizer().encode("The quick brown fox.</s>")
        let learned = (0..<data.count).flatMap { data.example($0).labels.dropFirst() }
        #expect(learned == Array(all.dropFirst()))
        #expect((0..<data.count).allSatisfy { data.length(of: $0) <= maximumLength })
        #expect(data.statistics.cutCount == 0)
    }

    @Test("the cache is hit by the same data and settings and by no others")
    func cacheKeys() throws {
        let folder = try DataTestFolder()
        let path = try folder.write(Self.three, to: "d.jsonl")
        let open = { (encoder: ExampleEncoder) in
            try PreparedDataset.open(path: path, encoder: encoder, cacheFolder: folder.path + "/cache")
        }
        let first = try open(try encoder(20))
        #expect(!first.wasCached)
        let second = try open(try encoder(20))
        #expect(second.wasCached)
        #expect(second.path == first.path)
        #expect(second.statistics == first.statistics)
        #expect((0..<3).allSatisfy { second.example($0) == first.example($0) })
        #expect(try !open(try encoder(21)).wasCached)
        #expect(try !open(try encoder(20, template: "llama2")).wasCached)
        #expect(try !open(try encoder(20, fingerprint: "others")).wasCached)
        _ = try folder.write(Self.three + "\n" + #"{"prompt":"n","completion":"m"}"#, to: "d.jsonl")
        let grown = try open(try encoder(20))
        #expect(!grown.wasCached)
        #expect(grown.count == 4)
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/cache")
        #expect(files.count == 5)
        #expect(files.allSatisfy { $0.hasSuffix(".catena-data") && $0.count == 64 + 12 })
    }

    @Test(
        "any damaged byte or length makes the cache be written again, with a note", arguments: [0, 9, 40, 500, -40, -1])
    func corruption(place: Int) throws {
        let folder = try DataTestFolder()
        let path = try folder.write(Self.three, to: "d.jsonl")
        let good = try PreparedDataset.open(path: path, encoder: encoder(20), cacheFolder: folder.path)
        var bytes = try Data(contentsOf: URL(fileURLWithPath: good.path))
        let original = bytes
        let index = place >= 0 ? place : bytes.count + place
        try #require(bytes.indices.contains(index))
        bytes[index] ^= 0x10
        for damaged in [bytes, original.prefix(index), original + Data([0])] {
            try FileManager.default.removeItem(atPath: good.path)
            try damaged.write(to: URL(fileURLWithPath: good.path))
            let again = try PreparedDataset.open(path: path, encoder: encoder(20), cacheFolder: folder.path)
            #expect(!again.wasCached)
            #expect(again.notes.contains { $0.contains("was damaged") && $0.contains("made again") })
            #expect(try Data(contentsOf: URL(fileURLWithPath: good.path)) == original)
        }
    }

    @Test("a cache with a valid sum, whose ids, labels or places are impossible, is made again with a note")
    func impossibleContent() throws {
        let folder = try DataTestFolder()
        let path = try folder.write(Self.three, to: "d.jsonl")
        let good = try PreparedDataset.open(path: path, encoder: encoder(20), cacheFolder: folder.path)
        let original = try Data(contentsOf: URL(fileURLWithPath: good.path))
        let tokens = (0..<good.count).reduce(0) { $0 + good.length(of: $1) }
        let (labels, ids) = (original.count - 32 - 4 * tokens, original.count - 32 - 8 * tokens)
        // The offset of the second example, the first id above and below the vocabulary, a label.
        for (place, value) in [
            (ids - 8 * good.count, Int32(1)), (ids, 261), (ids, -1), (labels + 4, 5000), (labels + 4, -1),
        ] {
            var bytes = original
            withUnsafeBytes(of: value.littleEndian) { bytes.replaceSubrange(place..<place + 4, with: $0) }
            bytes.replaceSubrange((bytes.count - 32)..., with: Array(SHA256.hash(data: bytes.dropLast(32))))
            try bytes.write(to: URL(fileURLWithPath: good.path))
            let again = try PreparedDataset.open(path: path, encoder: encoder(20), cacheFolder: folder.path)
            #expect(!again.wasCached, "\(place) \(value)")
            #expect(try Data(contentsOf: URL(fileURLWithPath: good.path)) == original)
        }
    }

    @Test("a process that must not prepare finds the prepared file or says what is missing")
    func otherProcesses() throws {
        let folder = try DataTestFolder()
        let path = try folder.write(Self.three, to: "d.jsonl")
        let key = try PreparedDataset.key(path: path, encoder: encoder(20))
        let missing = "\(folder.path)/\(key).catena-data"
        #expect {
            try PreparedDataset.open(path: path, encoder: encoder(20), cacheFolder: folder.path, shouldPrepare: false)
        } throws: { error in
            if case .preparedDataMissing(missing, _) = error as? DataError { true } else { false }
        }
        _ = try PreparedDataset.open(path: path, encoder: encoder(20), cacheFolder: folder.path)
        let other = try PreparedDataset.open(
            path: path, encoder: encoder(20), cacheFolder: folder.path, shouldPrepare: false)
        #expect(other.wasCached && other.count == 3)
    }

    @Test("parts prepared apart are the same as the whole")
    func parts() throws {
        let folder = try DataTestFolder()
        let path = try folder.write(Self.three, to: "d.jsonl")
        let examples = try ExampleReader.read(path: path).examples
        let whole = try PreparedTokens(examples, encoder: encoder(8))
        for border in 0...3 {
            var tokens = try PreparedTokens(examples[..<border], encoder: encoder(8))
            tokens.append(contentsOf: try PreparedTokens(examples[border...], encoder: encoder(8)))
            #expect(tokens == whole)
            #expect(tokens.statistics == whole.statistics)
        }
        let stored = try DataPreparation(path: path, encoder: encoder(8), cacheFolder: folder.path).store(whole)
        #expect(stored.count == whole.count)
        #expect(try PreparedDataset.open(path: path, encoder: encoder(8), cacheFolder: folder.path).wasCached)
    }

    @Test("parts that several processes make and send give the file of one process", arguments: [1, 2, 3, 5])
    func sharedParts(parts: Int) throws {
        let folder = try DataTestFolder()
        let path = try folder.write(Self.three, to: "d.jsonl")
        let alone = try PreparedDataset.open(path: path, encoder: encoder(8), cacheFolder: folder.path + "/one")
        var preparation = try DataPreparation(path: path, encoder: encoder(8), cacheFolder: folder.path + "/many")
        let sent = try (0..<parts).map { try preparation.tokens(part: $0, of: parts).bytes() }
        let whole = sent.reduce(into: PreparedTokens()) { $0.append(contentsOf: PreparedTokens(bytes: $1)) }
        let tokens = try preparation.tokens()
        #expect(tokens == whole)
        let stored = try preparation.store(whole)
        #expect(
            try Data(contentsOf: URL(fileURLWithPath: stored.path))
                == Data(contentsOf: URL(fileURLWithPath: alone.path)))
        #expect(sent.count < 5 || PreparedTokens(bytes: sent[4]).count == 0)
    }

    @Test("what is wrong in all parts is told together, whoever prepared them", arguments: [1, 2, 3, 5])
    func sharedFaults(parts: Int) throws {
        let folder = try DataTestFolder()
        let lines = (0..<30).map { $0 % 2 == 0 ? #"{"input_ids":[5,300]}"# : #"{"input_ids":[5,6]}"# }
        let path = try folder.write(lines.joined(separator: "\n"), to: "d.jsonl")
        var preparation = try DataPreparation(path: path, encoder: encoder(8), cacheFolder: folder.path + "/cache")
        let sent = try (0..<parts).map { try preparation.tokens(part: $0, of: parts).bytes() }
        let whole = sent.reduce(into: PreparedTokens()) { $0.append(contentsOf: PreparedTokens(bytes: $1)) }
        #expect(whole.faults.count == 15)
        let expected =
            ["15 examples cannot be used:"]
            + (0..<10).map { "\(path):\(2 * $0 + 1): expected token ids below the vocabulary's 261, found 300." }
            + ["and 5 more."]
        #expect(whole.faults.description == expected.joined(separator: "\n"))
        #expect(throws: DataError.faults(whole.faults)) { try preparation.store(whole) }
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/cache"))
    }

    @Test("what reading has to tell is told again when the data come from the cache")
    func cachedNotes() throws {
        let folder = try DataTestFolder()
        let path = try folder.write(#"{"prompt":"ab","completion":"c","id":7}"#, to: "d.jsonl")
        let open = { try PreparedDataset.open(path: path, encoder: encoder(8), cacheFolder: folder.path) }
        let note = "\(path): ignored: id"
        let choice = "Chat template: plain, built in."
        let made = try open()
        #expect(made.notes == [choice, note])
        let cached = try open()
        #expect(cached.wasCached)
        #expect(cached.notes == [choice, note])
    }

    @Test("token ids need no tokenizer; texts say that they do and why there is none")
    func withoutTokenizer() throws {
        let folder = try DataTestFolder()
        let encoder = TokenIdEncoder(maximumLength: 3, vocabularySize: 10, reason: "no tokenizer at m.")
        let path = try folder.write("{\"input_ids\":[5,6,7,8]}\n{\"input_ids\":[1,9]}", to: "d.jsonl")
        let data = try PreparedDataset.open(path: path, encoder: encoder, cacheFolder: folder.path)
        #expect((0..<2).map { data.example($0).inputIds } == [[5, 6, 7], [1, 9]])
        #expect(data.statistics.cutCount == 1)
        let outside = try folder.write(#"{"input_ids":[5,10]}"#, to: "o.jsonl")
        #expect {
            try PreparedDataset.open(path: outside, encoder: encoder, cacheFolder: folder.path)
        } throws: {
            "\($0)" == "\(outside):1: expected token ids below the vocabulary's 10, found 10."
        }
        let text = try folder.write("{\"text\":\"a\"}\n{\"text\":\"b\"}", to: "t.jsonl")
        #expect(
            throws: DataError.tokenizerNeeded(file: text, line: 1, form: "{\"text\"}", reason: "no tokenizer at m.")
        ) { try PreparedDataset.open(path: text, encoder: encoder, cacheFolder: folder.path) }
    }

    @Test("a cache folder that cannot be made is named")
    func unwritable() throws {
        let folder = try DataTestFolder()
        let path = try folder.write(Self.three, to: "d.jsonl")
        #expect {
            try PreparedDataset.open(path: path, encoder: encoder(20), cacheFolder: path + "/cache")
        } throws: { error in
            if case .unwritable = error as? DataError { true } else { false }
        }
    }
}
