import CatenaLearning
import CatenaSchema
import Foundation
import Testing

/// Files that are no configurations.
extension ConfigurationErrorTests {
    @Test("text that looks like something else must be in quotes in a file, not in --set")
    func barePath() {
        let yaml = minimalConfiguration.replacingOccurrences(of: "output: out", with: "output: 2024")
        #expect(
            message(yaml)
                == "run.yaml:4:9: output: expected the path of a folder, but got 2024; put it in quotes.")
        #expect(message(minimalConfiguration, ["output=2024"]) == "accepted")
    }

    @Test("YAML that cannot be parsed is refused with its line")
    func syntax() {
        #expect(
            message("model: m\ndata: {train: t\noutput: o\n").hasPrefix("run.yaml:3:7: expected YAML, but "))
        #expect(
            message("- a\n- b\n")
                == "run.yaml:1:1: the configuration: expected a section (key: value lines), but got a list of 2 values."
        )
        #expect(message("model: \tm\n\tx: 1").hasPrefix("run.yaml:2:"))
        #expect(
            message("")
                == "run.yaml:1:1: the key \"model\" is missing; give a Hugging Face model folder or a .gguf file."
        )
        #expect(message("a: 1\n---\nb: 2\n").hasPrefix("run.yaml:2:"))
    }

    @Test("a file that is missing, a directory or not text is refused")
    func unreadable() throws {
        func message(_ path: String) -> String {
            do { _ = try RunConfiguration.load(path: path) } catch { return error.description }
            return "accepted"
        }
        #expect(
            message("/nowhere/run.yaml")
                == "configuration file /nowhere/run.yaml cannot be read: there is no such file.")
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "catena-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(
            message(folder.path) == "configuration file \(folder.path) cannot be read: it is a folder.")
        let binary = folder.appendingPathComponent("run.yaml")
        try Data([0x6D, 0xFF, 0xFE, 0x00]).write(to: binary)
        #expect(
            message(binary.path) == "configuration file \(binary.path) cannot be read: it is not UTF-8 text.")
        try Data(minimalConfiguration.utf8).write(to: binary)
        #expect(message(binary.path) == "accepted")
    }

    @Test("a FIFO, a device and a file that is too large are refused by what they are, without waiting")
    func notAFile() throws {
        let folder = try FilesScratchFolder()
        let fifo = folder.path + "/fifo"
        #expect(mkfifo(fifo, 0o600) == 0)
        let large = try folder.file("large.yaml", [UInt8](repeating: 0x20, count: 1 << 20 + 1))
        for (path, says) in [(fifo, "it is a FIFO"), ("/dev/zero", "it is a device"), (large, "at most 1048576")] {
            let error = #expect(throws: ConfigurationError.self) { try RunConfiguration.load(path: path) }
            #expect(try #require(error).description.contains(says), "\(path)")
        }
    }

    @Test("aliases that multiply, and more values than a configuration can mean, are refused at once")
    func bombs() {
        let levels = "bcdefghi".map {
            "\($0): &\($0) [" + repeatElement("*\(before($0))", count: 10).joined(separator: ",") + "]\n"
        }
        #expect(message("a: &a [x,x]\n" + levels.joined()).contains("more than 16 aliases"))
        let keys = (0..<21_000).map { "k\($0): 1\n" }.joined()
        #expect(message(keys).contains("at most 20000 values"))
        let list = "[" + repeatElement("x,", count: 3000).joined() + "]"
        #expect(message("a: &a \(list)\nb: [*a,*a,*a,*a,*a,*a,*a]\n").contains("at most 20000 values"))
        #expect(message("model: &m x\noutput: *m\n").contains("\"data.train\" is missing"))
    }

    private func before(_ letter: Character) -> Character {
        Character(Unicode.Scalar((letter.asciiValue ?? 98) - 1))
    }
}
