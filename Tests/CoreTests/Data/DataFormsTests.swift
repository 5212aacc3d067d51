import CatenaCore
import CatenaFiles
import CatenaText
import Foundation
import Testing

/// Records of the forms that people have, and what they become; the fixtures were written without this code.
@Suite("Forms of data")
struct DataFormsTests {
    /// Tasks whose forms are not supported: their cases are left out.
    private static let tasksOutOfScope: Set = ["preference", "classification"]

    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let record: OrderedJSON
        let columns: [RunConfiguration.DataSection.Column]
        /// What the record becomes; nil where it is refused.
        let example: JSONValue?
        let refused: [String]
        let notes: [String]

        var testDescription: String { name }

        init?(_ line: String) throws {
            let json = try #require(OrderedJSON(text: line))
            let config = json["config"]
            if case .string(let task) = config?["task"], DataFormsTests.tasksOutOfScope.contains(task) { return nil }
            guard case .string(let name) = json["name"], let record = json["record"] else { return nil }
            self.name = name
            self.record = record
            columns = (config?["columns"]?.members ?? []).compactMap { key, value in
                value.plain.stringValue.map { RunConfiguration.DataSection.Column(key: key, name: $0) }
            }
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

    @Test("there are cases of every form, and those that are left out are of other tasks")
    func count() throws {
        let all = try String(contentsOfFile: DataFormsFixture.folder + "/cases.jsonl", encoding: .utf8)
            .split(separator: "\n")
        let others = all.count { line in Self.tasksOutOfScope.contains { line.contains("\"task\": \"\($0)\"") } }
        #expect(Self.cases.count == all.count - others)
        #expect(Self.cases.count > 100)
    }

    @Test("a record becomes what the fixture says, with the same notes, or is refused with its place", arguments: cases)
    func becomes(_ testCase: Case) throws {
        do {
            if let unknown = testCase.columns.first(where: { $0.key == "problem" }) {
                let yaml =
                    "model: m\noutput: o\ndata: {train: t, columns: {\(unknown.key): \(unknown.name)}}\ntraining: {steps: 1}"
                _ = try RunConfiguration.parse(yaml: yaml, path: "run.yaml")
            }
            var form = ExampleForm(columns: testCase.columns)
            let reading = try form.read(testCase.record)
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

extension OrderedJSON {
    /// The same without the order of keys.
    var plain: JSONValue {
        switch self {
        case .null: .null
        case .bool(let value): .bool(value)
        case .integer(let value): .integer(Int64(value))
        case .number(let value): .double(value)
        case .string(let value): .string(value)
        case .array(let values): .array(values.map(\.plain))
        case .object(let members): .object(Dictionary(members.map { ($0.key, $0.value.plain) }) { _, last in last })
        }
    }

    var members: [(key: String, value: OrderedJSON)] {
        if case .object(let members) = self { members } else { [] }
    }
}

extension Example {
    /// As the fixtures write it: `learn` beside the keys of each message.
    var plain: JSONValue {
        switch self {
        case .conversation(let conversation):
            var members: [String: JSONValue] = [
                "messages": .array(
                    conversation.messages.map { message in
                        OrderedJSON.object(message.fields + [(key: "learn", value: .bool(message.isLearned))]).plain
                    })
            ]
            if let tools = conversation.tools { members["tools"] = OrderedJSON.array(tools).plain }
            if let documents = conversation.documents { members["documents"] = OrderedJSON.array(documents).plain }
            if !conversation.templateVariables.isEmpty {
                let variables = conversation.templateVariables.map { (key: $0.name, value: $0.value) }
                members["chat_template_kwargs"] = OrderedJSON.object(variables).plain
            }
            return .object(members)
        case .completion(let prompt, let completion):
            return ["prompt": .string(prompt), "completion": .string(completion)]
        case .instruction(let instruction, let input, let output):
            return ["instruction": .string(instruction), "input": .string(input), "output": .string(output)]
        case .text(let text), .document(let text): return ["text": .string(text)]
        case .tokens(let inputIds, let labels):
            return [
                "input_ids": .array(inputIds.map { .integer(Int64($0)) }),
                "labels": .array(labels.map { .integer(Int64($0)) }),
            ]
        }
    }
}
