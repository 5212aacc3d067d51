import CatenaLearning
import CatenaFiles
import Foundation
import Testing

/// Whole files, and the records that they hold; the fixtures were written without this code.
@Suite("Files of data")
struct DataFilesTests {
    struct File: Sendable, CustomTestStringConvertible {
        let path: String
        /// Nil where the file is refused.
        let rows: [JSONValue]?
        let refused: [String]

        var testDescription: String { path.split(separator: "/").last.map(String.init) ?? path }
    }

    /// What the first bytes or the name of a file say that is refused by that name.
    private static func container(_ path: String) -> String? {
        for (suffix, name) in [
            (".gz", "gzip"), ("but-gzip.jsonl", "gzip"), (".csv", "CSV"), (".tsv", "TSV"), (".parquet", "Parquet"),
        ] where path.hasSuffix(suffix) { return name }
        return nil
    }

    private static let files: [File] = {
        var files: [File] = []
        for folder in [DataFormsFixture.folder, DataFormsFixture.shared] {
            guard let text = try? String(contentsOfFile: folder + "/files.json", encoding: .utf8),
                case .array(let entries)? = JSONValue(text: text)
            else { continue }
            for entry in entries {
                let path = folder + "/files/" + (entry["file"]?.plain.stringValue ?? "")
                guard FileManager.default.fileExists(atPath: path) else { continue }
                var rows: [JSONValue]?
                if case .array(let elements) = entry["rows"] { rows = elements }
                let refused = entry["refused"]?.plain.arrayValue?.compactMap(\.stringValue) ?? []
                files.append(File(path: path, rows: rows, refused: refused))
            }
        }
        return files
    }()

    @Test("there are files")
    func count() { #expect(Self.files.count >= 17) }

    @Test("a file holds the records that the fixture says, or is refused by what it is", arguments: files)
    func holds(_ file: File) throws {
        var expected: [Example] = []
        var form = ExampleForm(columns: [])
        for row in file.rows ?? [] where Self.container(file.path) == nil {
            expected.append(try form.read(row).example)
        }
        do throws(DataError) {
            let found = try ExampleReader.read(path: file.path).examples.map(\.example)
            #expect(Self.container(file.path) == nil)
            #expect(file.rows != nil, "it should be refused")
            #expect(found == expected)
        } catch {
            if let container = Self.container(file.path) {
                guard case .unsupportedContainer(file.path, let found) = error else {
                    Issue.record("\(error)")
                    return
                }
                #expect(found == container)
            } else {
                #expect(file.rows == nil, "\(error)")
                for text in file.refused { #expect(error.description.contains(text)) }
            }
        }
    }

    private func faults(_ text: String, name: String = "data.jsonl") throws -> String {
        let folder = try DataTestFolder()
        do {
            _ = try ExampleReader.read(path: folder.write(text, to: name))
            return "no error"
        } catch {
            return "\(error)".replacing(folder.path + "/", with: "")
        }
    }

    @Test("all lines that are wrong are told in one error: the first ten, and how many more")
    func allFaults() throws {
        let lines = (1...14).map { $0 == 3 ? #"{"text": "fine"}"# : #"{"txet": \#($0)}"# }
        let message = try faults(lines.joined(separator: "\n")).split(separator: "\n")
        #expect(message.count == 12)
        #expect(message.first == "13 examples cannot be used:")
        #expect(message[1].hasPrefix("data.jsonl:1: expected "))
        #expect(message[3].hasPrefix("data.jsonl:4: expected "))
        #expect(message.last == "and 3 more.")
        let two = try faults("{\"text\": \"a\"}\n{\"text\": 1}\n{\"text\": \"b\"\n{\"text\": \"c\"}").split(
            separator: "\n")
        #expect(two.count == 3)
        #expect(two.last?.hasPrefix("data.jsonl:3:13: not valid JSON: ") == true)
    }

    @Test("keys that say nothing about training are told once for the file, with how many examples have them")
    func ignoredKeys() throws {
        let folder = try DataTestFolder()
        let path = try folder.write(
            #"{"text": "a", "id": 1, "url": "u"}"# + "\n" + #"{"text": "b", "id": 2}"#, to: "d.jsonl")
        let file = try ExampleReader.read(path: path)
        #expect(file.notes == ["\(path): ignored: id, url (in 1 examples)"])
        #expect(file.examples.map(\.notes) == [["ignored: id, url"], ["ignored: id"]])
    }

    @Test("a file in another container is named for what it is, whatever its name")
    func containers() throws {
        for (bytes, found) in [
            ([0x1F, 0x8B, 8, 0], "gzip"), (Array("PAR1....".utf8), "Parquet"), ([0xFF, 0xFE, 0x7B, 0], "UTF-16"),
            ([0xFE, 0xFF, 0, 0x7B], "UTF-16"), (Array("PK\u{3}\u{4}".utf8), "a ZIP archive"),
            ([0x28, 0xB5, 0x2F, 0xFD], "zstd"),
        ] as [([UInt8], String)] {
            for name in ["d.jsonl", "d.txt", "d.json"] {
                let folder = try DataTestFolder()
                let path = try folder.write("", to: name)
                try Data(bytes).write(to: URL(fileURLWithPath: path))
                #expect(throws: DataError.unsupportedContainer(file: path, found: found)) {
                    try ExampleReader.read(path: path)
                }
            }
        }
        #expect(try faults("question;answer\na;b\n").contains("text that begins with \"question;answer\""))
    }

    @Test("an object over several lines, and the elements of its data, know their lines")
    func objects() throws {
        let folder = try DataTestFolder()
        let one = try ExampleReader.read(path: folder.write("\n{\n \"text\":\n \"a\"}\n", to: "one.json"))
        #expect(one.examples.map(\.example) == [.text("a")])
        #expect(one.examples.map(\.line) == [2])
        let many = try ExampleReader.read(
            path: folder.write(
                "{\"version\": [1],\n\"data\": [{\"text\": \"a\"},\n\n{\"text\": \"b\"}]}", to: "many.json"))
        #expect(many.examples.map(\.example) == [.text("a"), .text("b")])
        #expect(many.examples.map(\.line) == [2, 4])
        #expect(
            try faults("[{\"text\": \"a\"} [{\"text\": \"b\"}]]", name: "x.json").contains("expected \",\" or \"]\""))
        #expect(
            try faults("[{\"text\": \"a\"},\n{\"text\": \"b\"}] 7", name: "x.json").contains(
                "x.json:2:16: not valid JSON"))
        #expect(try faults("{\"text\": \"a\", \"text\": \"b\"}").contains("the key \"text\" appears twice"))
    }
}
