import CatenaEngine
import CatenaFiles
import CatenaModels
import CatenaText
import Crypto
import Foundation
import Testing

import CatenaLearning

@Suite("Data of sequences that are judged")
struct SequenceDataTests {
    private static let names = ["bad", "fine", "good"]

    private func encoder(_ length: Int = 16, labels: [String]? = names, typeCount: Int? = 2) throws -> SequenceEncoder {
        try SequenceEncoder(
            tokenizer: ByteTokenizer(addsBeginningOfSequence: true), maximumLength: length,
            labels: labels.map { ClassLabels($0, from: .configuration) }, typeCount: typeCount)
    }

    private static let pairs = """
        {"sentence1":"ab","sentence2":"c","label":"good"}
        {"sentence1":"d","sentence2":"ef","label":"bad"}
        {"sentence1":"g","sentence2":"hijklmnopqrstuvwxyz","label":1}
        """

    private func labels(_ records: [String], given: [String] = [], id2label: String? = nil) throws -> ClassLabels {
        let folder = try DataTestFolder()
        if let id2label {
            let text = "{\"model_type\": \"bert\", \"id2label\": \(id2label)}"
            _ = try folder.write(text, to: "config.json")
        }
        let path = try folder.write(
            records.map { "{\"text\":\"x\",\"label\":\($0)}" }.joined(separator: "\n"), to: "d.jsonl")
        return try ClassLabels.choose(
            given: given, model: folder.path, examples: try ExampleReader.read(path: path, task: .classification))
    }

    @Test("a micro-batch has the whole sequences, their types and their targets, and nothing is shifted")
    func batch() throws {
        let folder = try DataTestFolder()
        let path = try folder.write(Self.pairs, to: "d.jsonl")
        let data = try PreparedDataset.open(path: path, encoder: encoder(), cacheFolder: folder.path)
        var batch = Batch()
        batch.fill(MicroBatchPlan(globalIndex: 0, rows: [[1, 0]]), from: data)
        let (a, start) = (Int32(5 + 97), Int32(1))
        #expect(batch.inputIds == [start, a + 3, start, a + 4, a + 5, start, a, a + 1, start, a + 2])
        #expect(batch.tokenTypes == [0, 0, 1, 1, 1, 0, 0, 0, 1, 1])
        #expect(batch.segmentTargets == [.category(0), .category(2)])
        #expect(batch.targets == Array(repeating: -100, count: 10))
        #expect(batch.layout.segmentStarts == [0, 5, 10])
        #expect(batch.layout.positions == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4])
        #expect(batch.exampleIndices == [1, 0] && batch.supervisedCount == 2)
        batch.clear()
        #expect(batch.tokenTypes == nil && batch.segmentTargets.isEmpty)
        #expect(data.statistics.cutCount == 1 && data.length(of: 2) == 16 && data.positionCount(of: 2) == 16)
        #expect(data.statistics.categoryCounts == [1, 1, 1])
        #expect(data.notes.contains { $0.hasPrefix("1 of 3 examples were cut") })
        #expect(data.notes.contains("3 classes, from labels: bad, fine, good"))
    }

    @Test("a model without token types gets none, and types beyond the model's are refused")
    func types() throws {
        let folder = try DataTestFolder()
        let path = try folder.write(Self.pairs, to: "d.jsonl")
        let data = try PreparedDataset.open(path: path, encoder: encoder(typeCount: 1), cacheFolder: folder.path)
        var batch = Batch()
        batch.fill(MicroBatchPlan(globalIndex: 0, rows: [[0, 1, 2]]), from: data)
        #expect(batch.tokenTypes == nil)
        batch.append(
            try #require(
                try encoder().encode(
                    SourcedExample(
                        .sequence(first: "a", second: "b", label: .number(0)), file: "f", line: 1)
                ).first), exampleIndex: 3)
        #expect(batch.tokenTypes == Array(repeating: 0, count: batch.tokenCount - 2) + [1, 1])
        let template = SequenceTemplate(single: [.first(type: 0)], pair: [.first(type: 0), .second(type: 3)])
        #expect(template.largestType == 3)
    }

    @Test("numbers are targets of a regression, and what is no number is refused with its line")
    func regression() throws {
        let folder = try DataTestFolder()
        let path = try folder.write("{\"text\":\"a\",\"label\":3.8}\n{\"text\":\"b\",\"label\":-2}\n", to: "d.jsonl")
        let data = try PreparedDataset.open(path: path, encoder: encoder(labels: nil), cacheFolder: folder.path)
        #expect((0..<2).map(data.target(of:)) == [.value(3.8), .value(-2)])
        let bad = try folder.write(
            ["\"3.8\"", "true", "null", "[1]", "1e60", "2"].map { "{\"text\":\"a\",\"label\":\($0)}" }
                .joined(separator: "\n"), to: "bad.jsonl")
        #expect {
            _ = try PreparedDataset.open(path: bad, encoder: encoder(labels: nil), cacheFolder: folder.path)
        } throws: { error in
            let text = "\(error)"
            return text.hasPrefix("5 examples cannot be used:")
                && (1...5).allSatisfy { text.contains("bad.jsonl:\($0): ") }
                && text.contains("expected a number in \"label\" (task: regression), found the string \"3.8\"")
        }
    }

    @Test("labels outside the classes are one error with all their lines")
    func outside() throws {
        let folder = try DataTestFolder()
        let path = try folder.write(
            ["\"good\"", "\"goood\"", "3", "2", "\"Bad\""].map { "{\"text\":\"a\",\"label\":\($0)}" }
                .joined(separator: "\n"), to: "d.jsonl")
        #expect {
            _ = try PreparedDataset.open(path: path, encoder: encoder(), cacheFolder: folder.path)
        } throws: { error in
            let text = "\(error)"
            return text.hasPrefix("3 examples cannot be used:")
                && text.contains("d.jsonl:2: expected a \"label\" of labels (bad, fine, good), found \"goood\".")
                && text.contains("d.jsonl:3: ") && text.contains("found 3.") && text.contains("d.jsonl:5: ")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["d.jsonl"])
    }

    @Test("classes come from the configuration, else from the model that knows all of them, else from the data")
    func choice() throws {
        let model = "{\"1\": \"good\", \"0\": \"bad\"}"
        #expect(try labels(["\"good\"", "\"bad\""], given: ["x", "y"], id2label: model).names == ["x", "y"])
        #expect(try labels(["\"good\"", "\"good\""], id2label: model).names == ["bad", "good"])
        #expect(try labels(["0", "1"], id2label: model).names == ["bad", "good"])
        #expect(try labels(["\"good\"", "\"awful\""], id2label: model).names == ["awful", "good"])
        #expect(try labels(["0", "2", "1"], id2label: model).names == ["0", "1", "2"])
        #expect(try labels(["\"b\"", "\"a\"", "\"b\""]).names == ["a", "b"])
        #expect(try labels(["10", "2", "\"7\""]).names == ["2", "7", "10"])
        #expect(try labels(["true", "false"]).names == ["0", "1"])
        #expect(try labels(["\"b\"", "\"a\""]).origin == .data)
    }

    @Test("a number is the place of a class, unless names are numbers: then it is a name")
    func numbers() throws {
        let words = ClassLabels(["no", "yes"], from: .configuration)
        #expect(try words.place(of: .number(1)) == 1)
        #expect(throws: RecordFault.self) { try words.place(of: .number(2)) }
        let stars = ClassLabels(["1", "2", "5"], from: .data)
        #expect(try stars.place(of: .number(1)) == 0 && stars.place(of: .number(5)) == 2)
        #expect(throws: RecordFault.self) { try stars.place(of: .number(0)) }
    }

    @Test("one class alone, names beside numbers and a damaged id2label are refused")
    func refusedLabels() throws {
        #expect(throws: DataError.self) { try labels(["\"a\"", "\"a\""]) }
        #expect {
            try labels(["\"a\"", "4"])
        } throws: {
            "\($0)".contains("d.jsonl:2: ") && "\($0)".contains("all names or all numbers")
                && "\($0)".contains("on line 1")
        }
        #expect(try labels(["\"a\"", "4"], given: ["4", "a"]).count == 2)
        for id2label in ["{\"0\": \"a\", \"2\": \"b\"}", "{\"0\": \"a\", \"1\": \"a\"}", "{\"x\": \"a\"}", "[\"a\"]"] {
            #expect(throws: (any Error).self) { try labels(["0", "1"], id2label: id2label) }
        }
    }

    @Test("records of another task are refused by name")
    func otherTasks() throws {
        func refusal(_ record: String, _ task: CatenaModels.Task) -> String {
            do {
                let folder = try DataTestFolder()
                _ = try ExampleReader.read(path: try folder.write(record, to: "d.jsonl"), task: task)
                return "read"
            } catch {
                return "\(error)"
            }
        }
        #expect(refusal("{\"sentence\":\"a\",\"label\":1}", .languageModel).contains("task: classification"))
        #expect(
            refusal("{\"question\":\"a\",\"sentence\":\"b\",\"label\":1}", .languageModel).contains(
                "task: classification"))
        #expect(
            refusal("{\"prompt\":\"a\",\"chosen\":\"b\",\"rejected\":\"c\"}", .languageModel).contains(
                "task: preference"))
        #expect(refusal("{\"prompt\":\"a\",\"completion\":\"b\"}", .classification).contains("task: classification"))
        #expect(refusal("{\"text\":\"a\",\"label\":1}", .preference).contains("task: preference"))
        #expect(refusal("{\"text\":\"a\"}", .regression).contains("\"label\""))
        #expect(refusal("{\"question\":\"a\",\"answer\":\"b\",\"label\":1}", .languageModel) == "read")
    }

    @Test("a mapped column is meant, whatever else the record has")
    func columns() throws {
        var form = ExampleForm(
            columns: [.init(key: "text", name: "body"), .init(key: "label", name: "score")], task: .regression)
        let record = try #require(
            JSONValue(text: "{\"sentence1\":\"a\",\"sentence2\":\"b\",\"body\":\"c\",\"score\":2}"))
        let reading = try form.read(record)
        #expect(reading.example == .sequence(first: "c", second: nil, label: .value(2)))
        #expect(reading.ignoredKeys == ["sentence1", "sentence2"])
    }

    @Test("parts that several processes prepare are the file that one prepares")
    func parts() throws {
        let folder = try DataTestFolder()
        let path = try folder.write(Self.pairs, to: "d.jsonl")
        let examples = try ExampleReader.read(path: path, task: .classification).examples
        let whole = try PreparedTokens(examples, encoder: encoder())
        let joined = try [examples[..<1], examples[1..<1], examples[1...]].reduce(into: PreparedTokens()) {
            $0.append(contentsOf: PreparedTokens(bytes: try PreparedTokens($1, encoder: encoder()).bytes()))
        }
        #expect(joined == whole && joined.marks.count == 3)
        let stored = try DataPreparation(path: path, encoder: encoder(), cacheFolder: folder.path).store(joined)
        #expect(stored.example(0) == whole.encoded(0))
        #expect(try PreparedDataset.open(path: path, encoder: encoder(), cacheFolder: folder.path).wasCached)
        let other = try PreparedDataset.open(
            path: path, encoder: encoder(labels: ["good", "fine", "bad"]), cacheFolder: folder.path)
        #expect(!other.wasCached && other.target(of: 0) == .category(0))
    }

    @Test("a cache whose classes, types or places are impossible is made again")
    func damaged() throws {
        let folder = try DataTestFolder()
        let path = try folder.write(Self.pairs, to: "d.jsonl")
        let good = try PreparedDataset.open(path: path, encoder: encoder(), cacheFolder: folder.path)
        let original = try Data(contentsOf: URL(fileURLWithPath: good.path))
        let marks = original.count - 32 - 8 * good.count
        for (place, value) in [(marks, Int32(3)), (marks + 4, -1), (marks - 4, 2), (marks - 4, -1)] {
            var bytes = original
            withUnsafeBytes(of: value.littleEndian) { bytes.replaceSubrange(place..<place + 4, with: $0) }
            bytes.replaceSubrange((bytes.count - 32)..., with: Array(SHA256.hash(data: bytes.dropLast(32))))
            try bytes.write(to: URL(fileURLWithPath: good.path))
            let again = try PreparedDataset.open(path: path, encoder: encoder(), cacheFolder: folder.path)
            #expect(!again.wasCached, "\(place) \(value)")
            #expect(try Data(contentsOf: URL(fileURLWithPath: good.path)) == original)
        }
    }

    @Test("a preview shows the label as it is said and as it is learned, and the types")
    func preview() throws {
        let sourced = SourcedExample(.sequence(first: "a", second: "b", label: .name("good")), file: "f", line: 1)
        let json = try #require(
            try ExamplePreview.make(sourced, encoder: encoder(), tokenizer: nil, positions: nil).first
        ).json
        #expect(json["label"] == "good" && json["category"] == 2)
        #expect(json["token_type_ids"] == [0, 0, 1, 1] && json["labels"] == [-100, -100, -100, -100])
        #expect(json["notes"] == [])
    }
}

extension PreparedTokens {
    /// Example `index` of a classification, as it was encoded.
    fileprivate func encoded(_ index: Int) -> EncodedExample {
        let range = offsets[index]..<offsets[index + 1]
        var example = EncodedExample(
            inputIds: Array(inputIds[range]), labels: Array(repeating: -100, count: range.count))
        example.target = .category(Int32(marks[index]))
        example.tokenTypes = Array(labels[range])
        return example
    }
}
