import CatenaLearning
import CatenaFiles
import CatenaModels
import CatenaSchema
import CatenaText
import Foundation
import Testing

/// Records of the forms that people have, and what they become; the fixtures were written without this code.
@Suite("Forms of data")
struct DataFormsTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let record: JSONValue
        let columns: [RunConfiguration.DataSection.Column]
        let task: CatenaModels.Task
        /// The names of the classes, where the case has them.
        let labels: [String]
        /// What the record becomes; nil where it is refused.
        let example: JSONValue?
        let refused: [String]
        let notes: [String]

        var testDescription: String { name }

        init?(_ line: String) throws {
            let json = try #require(JSONValue(text: line))
            let config = json["config"]
            guard case .string(let name) = json["name"], let record = json["record"] else { return nil }
            self.name = name
            self.record = record
            columns = (config?["columns"]?.objectValue ?? [:]).compactMap { key, value in
                value.plain.stringValue.map { RunConfiguration.DataSection.Column(key: key, name: $0) }
            }
            task = config?["task"]?.stringValue.flatMap(CatenaModels.Task.init(rawValue:)) ?? .languageModel
            labels = config?["labels"]?.arrayValue?.compactMap(\.stringValue) ?? []
            example = json["example"]?.plain
            refused = json["refused"]?.plain.arrayValue?.compactMap(\.stringValue) ?? []
            notes = json["notes"]?.plain.arrayValue?.compactMap(\.stringValue) ?? []
        }
    }

    private static let cases: [Case] = {
        guard let text = try? String(contentsOfFile: DataFormsFixture.folder + "/cases.jsonl", encoding: .utf8) else {
            return []
        }
        return text.split(separator: "\n").compactMap { try? Case(String($0)) }
    }()

    @Test("there are cases of every form")
    func count() throws {
        let all = try String(contentsOfFile: DataFormsFixture.folder + "/cases.jsonl", encoding: .utf8)
            .split(separator: "\n")
        #expect(Self.cases.count == all.count)
        #expect(Self.cases.count > 140)
    }

    @Test("a record becomes what the fixture says, with the same notes, or is refused with its place", arguments: cases)
    func becomes(_ testCase: Case) throws {
        do {
            if let unknown = testCase.columns.first(where: { $0.key == "problem" }) {
                let yaml =
                    "model: m\noutput: o\ndata: {train: t, columns: {\(unknown.key): \(unknown.name)}}\ntraining: {steps: 1}"
                _ = try RunConfiguration.parse(yaml: yaml, path: "run.yaml")
            }
            var form = ExampleForm(columns: testCase.columns, task: testCase.task)
            var reading = try form.read(testCase.record)
            if !testCase.labels.isEmpty, case .sequence(let first, let second, let label) = reading.example {
                let place = try ClassLabels(testCase.labels, from: .configuration).place(of: label)
                reading.example = .sequence(first: first, second: second, label: .number(Int(place)))
            }
            if case .preference(let chosen, let rejected) = reading.example, chosen == rejected {
                #expect(testCase.example?.isNull ?? true)
                #expect(testCase.notes == ["chosen and rejected are equal"])
                return
            }
            let expected = try #require(testCase.example, "\(testCase.name) should be refused")
            #expect(reading.example.plain == expected)
            let sourced = SourcedExample(reading.example, file: "f", line: 1, ignoredKeys: reading.ignoredKeys)
            #expect(sourced.notes == testCase.notes)
        } catch let error as RecordFault {
            #expect(testCase.example == nil, "\(error)")
            let message = "expected \(error.expected), found \(error.found)"
            for text in testCase.refused { #expect(message.contains(text)) }
        } catch let error as ConfigurationError {
            #expect(testCase.example == nil, "\(error)")
            for text in testCase.refused { #expect(error.description.contains(text)) }
        }
    }
}

/// Where the fixtures of data forms are.
enum DataFormsFixture {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../Fixtures/data-forms").standardized.path
    /// `shared/fixtures/data-forms` beside the repository, which has more files.
    static let shared = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../../../shared/fixtures/data-forms").standardized.path
}

extension JSONValue {
    /// The same without the order of keys.
    var plain: JSONValue {
        switch self {
        case .array(let values): .array(values.map(\.plain))
        case .object(let members):
            .object(JSONObject(members.map { ($0, $1.plain) }.sorted { $0.0 < $1.0 }))
        default: self
        }
    }

}

extension Example {
    /// As the fixtures write it: `learn` beside the keys of each message.
    var plain: JSONValue {
        switch self {
        case .conversation(let conversation):
            var members: JSONObject = [
                "messages": .array(
                    conversation.messages.map { message in
                        .object(message.fields.merging(["learn": .bool(message.isLearned)]))
                    })
            ]
            if let tools = conversation.tools { members["tools"] = .array(tools) }
            if let documents = conversation.documents { members["documents"] = .array(documents) }
            if !conversation.templateVariables.isEmpty {
                members["chat_template_kwargs"] = .object(conversation.templateVariables)
            }
            return JSONValue.object(members).plain
        case .completion(let prompt, let completion):
            return ["completion": .string(completion), "prompt": .string(prompt)]
        case .instruction(let instruction, let input, let output):
            return ["input": .string(input), "instruction": .string(instruction), "output": .string(output)]
        case .text(let text), .document(let text): return ["text": .string(text)]
        case .tokens(let inputIds, let labels):
            return [
                "input_ids": .array(inputIds.map { .integer(Int($0)) }),
                "labels": .array(labels.map { .integer(Int($0)) }),
            ]
        case .sequence(let first, let second, let label):
            var members: JSONObject = ["first": .string(first)]
            switch label {
            case .name(let name): members["label"] = .string(name)
            case .number(let number): members["label"] = .integer(number)
            case .value(let value): members["label"] = .number(value)
            }
            if let second { members["second"] = .string(second) }
            return JSONValue.object(members).plain
        case .image(let image): return ["pixels": .array(image.pixels.map { .number(Double($0)) })]
        case .preference(.completion(let prompt, let chosen), .completion(_, let rejected)):
            return ["chosen": .string(chosen), "prompt": .string(prompt), "rejected": .string(rejected)]
        case .preference(let chosen, let rejected):
            // What is not learned before the first learned message is the prompt.
            func parts(_ example: Example) -> (prompt: JSONValue, answer: JSONValue, tools: JSONValue?) {
                let messages = example.plain["messages"]?.arrayValue ?? []
                let border = messages.firstIndex { $0["learn"] == true } ?? messages.count
                return (.array(Array(messages[..<border])), .array(Array(messages[border...])), example.plain["tools"])
            }
            let (first, second) = (parts(chosen), parts(rejected))
            guard first.prompt == second.prompt else { return .null }
            var members: JSONObject = ["chosen": first.answer, "prompt": first.prompt, "rejected": second.answer]
            if let tools = first.tools { members["tools"] = tools }
            return JSONValue.object(members)
        }
    }
}
