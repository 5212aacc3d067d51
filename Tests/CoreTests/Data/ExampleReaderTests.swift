import CatenaLearning
import CatenaText
import Testing

@Suite("Example reader")
struct ExampleReaderTests {
    private func read(_ text: String, name: String = "data.jsonl") throws -> [SourcedExample] {
        let folder = try DataTestFolder()
        return try ExampleReader.read(path: folder.write(text, to: name)).examples
    }

    /// The error of reading `text`, without the folder in front of the file's name.
    private func message(_ text: String, name: String = "data.jsonl") throws -> String {
        let folder = try DataTestFolder()
        let path = try folder.write(text, to: name)
        do {
            _ = try ExampleReader.read(path: path)
            return "no error"
        } catch {
            return error.description.replacing(folder.path + "/", with: "")
        }
    }

    @Test("every form is read, with its line; blank lines, unknown keys and a byte order mark do no harm")
    func forms() throws {
        #expect(
            try read(
                "\u{FEFF}\n{\"prompt\": \"p\", \"completion\": \"c\", \"id\": 3}\r\n\n{\"prompt\":\"q\",\"completion\":\"é\\n\"}"
            )
            .map { [$0.example == .completion(prompt: "p", completion: "c") ? "p" : "q", "\($0.line)"] }
                == [["p", "2"], ["q", "4"]])
        #expect(
            try read(
                #"{"messages":[{"role":"user","content":"u"},{"role":"assistant","content":"a","train":false},{"role":"assistant","content":"b"}]}"#
            )
            .map(\.example)
                == [
                    .messages([.init("user", "u"), .init("assistant", "a", isLearned: false), .init("assistant", "b")])
                ])
        #expect(
            try read(#"{"instruction":"i","output":"o"}"#).map(\.example)
                == [.instruction(instruction: "i", input: "", output: "o")])
        #expect(
            try read(#"{"instruction":"i","input":"x","output":"o"}"#).map(\.example)
                == [.instruction(instruction: "i", input: "x", output: "o")])
        #expect(try read(#"{"text":"t"}"#).map(\.example) == [.text("t")])
        #expect(
            try read(#"{"input_ids":[1,2,3],"labels":[-100,2,3]}"#).map(\.example)
                == [.tokens(inputIds: [1, 2, 3], labels: [-100, 2, 3])])
        #expect(
            try read(#"{"input_ids":[1,2]}"#).map(\.example) == [.tokens(inputIds: [1, 2], labels: [1, 2])])
        #expect(try read("any\ntext", name: "book.txt").map(\.example) == [.document("any\ntext")])
    }

    @Test("records of a list on one line are told by their numbers")
    func recordsOfOneLine() throws {
        let text = #"[{"text": "a"}, {"text": 1}, {"txet": "c"}]"#
        let found = try message(text, name: "data.json")
        #expect(found.contains("data.json:1 (record 2): ") && found.contains("data.json:1 (record 3): "), "\(found)")
        #expect(try message("{\"data\": \(text)}", name: "data.json").contains("data.json:1 (record 3): "))
    }

    @Test("a .json array is read and its elements know their lines")
    func array() throws {
        let examples = try read(
            "[\n {\"text\": \"a, [b] \\\" {\"},\n\n {\"text\": \"c\"}, {\"text\": \"d\"}]\n", name: "data.json")
        #expect(examples.map(\.example) == [.text("a, [b] \" {"), .text("c"), .text("d")])
        #expect(examples.map(\.line) == [2, 4, RecordPlace(4, record: 3)])
    }

    @Test("bad input gives one error that names the line, what was expected and what came")
    func badInput() throws {
        #expect(try message("{\"text\":\"a\"}\n\n{\"text\": }").hasPrefix("data.jsonl:3:10: not valid JSON: "))
        #expect(try message("{\"text\":\"a\"}\n{\"text\":\"b").hasPrefix("data.jsonl:2:"))
        #expect(
            try message("\n \n")
                == "data.jsonl: expected at least one example, found none; the file is empty or has only blank lines.")
        #expect(try message("[]", name: "x.json").hasPrefix("x.json: expected at least one example"))
        #expect(try message("").hasPrefix("data.jsonl: expected at least one example"))
        #expect(
            try message(#"{"query":"q","reply":"a"}"#).hasSuffix(#"found an object with "query", "reply"."#))
        #expect(try message("[1]").hasSuffix("found the number 1."))
        #expect(
            try message(#"{"prompt":"q"}"#).hasSuffix(#"found an object with "prompt"."#))
        #expect(
            try message(#"{"prompt":"q","completion":7}"#)
                == #"data.jsonl:1: expected a string in "completion", found the number 7."#)
        #expect(
            try message(#"{"messages":[{"role":"critic","content":"x"}]}"#)
                .hasSuffix(#"in messages[0].role, found the string "critic"."#))
        #expect(
            try message(#"{"messages":[{"role":"user","content":"x"}]}"#)
                == "data.jsonl:1: expected at least one assistant message to learn, found only user messages.")
        #expect(try message(#"{"messages":[{"role":"user"}]}"#).contains("expected a string in messages[0].content"))
        #expect(try message(#"{"messages":[]}"#).contains("expected a list of messages"))
        #expect(
            try message(#"{"input_ids":[1,2],"labels":[1]}"#)
                == "data.jsonl:1: expected as many labels as input_ids (2), found 1 labels.")
        #expect(try message(#"{"input_ids":[1,2.5]}"#).contains("expected a token id in input_ids[1]"))
        #expect(try message(#"{"input_ids":[1,2],"labels":[1,-5]}"#).contains("expected -100 or token ids"))
        #expect(
            try message("{\"text\":\"a\"}\n{\"prompt\":\"p\",\"completion\":\"c\"}")
                == """
                data.jsonl:2: expected an example of the form {"text"} as on line 1, found {"prompt", "completion"}; \
                give all examples of a file the same form.
                """)
    }

    @Test("a missing file and a folder are named")
    func unreadable() throws {
        #expect(throws: DataError.unreadable(file: "/nowhere/x.jsonl", reason: "there is no such file")) {
            try ExampleReader.read(path: "/nowhere/x.jsonl")
        }
        let folder = try DataTestFolder()
        #expect(throws: DataError.unreadable(file: folder.path, reason: "it is a folder")) {
            try ExampleReader.read(path: folder.path)
        }
    }
}
